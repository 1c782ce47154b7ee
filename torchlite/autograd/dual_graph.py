"""Conversion between tensors with and without tangents, and its gradients.

The graph of a computation inside a `Forward` holds duals. To first order, a loss with gradients a
and b with respect to the primal p and the tangent t of a result is the derivative part of
``(b + a e)(p + t e)`` where ``e * e = 0``. So a backward walk with duals that starts from the dual
(b, a) yields at each tensor a dual whose tangent is the gradient of the loss with respect to that
tensor, and whose primal is the gradient with respect to the tensor's tangent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlite import dtypes
from torchlite.autograd.engine import InnerWalk, edge_of
from torchlite.backends.registry import local
from torchlite.core.graph import Node, Output, freed
from torchlite.core.tensor import Tensor, made_by, wrap
from torchlite.interpreters.dual import Level, zeros_like
from torchlite.interpreters.forward import Forward
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.promotion import cast


class Lifted(Node):
    """Where a primal and its tangent (either may lack an edge) became a dual."""

    __slots__ = ("level", "has_primal")

    def __init__(self, level: Level, primal: Tensor, tangent: Tensor | None) -> None:
        given = [x for x in (primal, tangent) if x is not None and x.requires_grad]
        super().__init__([edge_of(x) for x in given])
        self.level, self.has_primal = level, primal.requires_grad

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> list:
        """The primal's gradient: a walk inside the level does not see tangents."""
        return [g if self.has_primal and i == 0 else None for i in range(len(self.edges))]

    def name(self) -> str:
        return "MakeDualBackward0"


class Lowered(Node):
    """Where the primal and the tangent of a tensor inside a level left it."""

    __slots__ = ("level", "top", "borders")

    def __init__(self, level: Level, tensor: Tensor) -> None:
        self.level, self.top = level, edge_of(tensor)
        self.borders: list | None = list(self._search())
        super().__init__([e for b in self.borders for e in (b.edges if self._entry(b) else (b,))])

    def _entry(self, edge: Any) -> bool:
        return isinstance(edge, Lifted) and edge.level is self.level

    def _search(self) -> Iterable:
        """Where the graph below `top` meets nodes from before or outside the level."""
        stack, seen = [self.top], set()
        while stack:
            edge = stack.pop()
            if edge in seen:
                continue
            seen.add(edge)
            if edge._number <= self.level.start or self._entry(edge) or self._left(edge):
                yield edge
            else:
                stack += edge.edges

    def _left(self, edge: Any) -> bool:
        source = edge.edges[0] if isinstance(edge, Output) else None
        return isinstance(source, Lowered) and source.level is self.level

    def gradients(self, xp: Any, g: dict, differentiable: bool) -> list:
        if self.borders is None:
            raise freed()
        forward = Forward(self.level)
        with forward.active():
            walk = InnerWalk(self.borders, differentiable)
            walk.run([(self.top, _start(forward, g.get(1), g.get(0), differentiable))])
            found = [_parts(forward, walk.found[b], differentiable) for b in self.borders]
        grads: list = []
        for border, (by_tangent, by_primal) in zip(self.borders, found):
            if self._entry(border) and not border.has_primal:
                grads.append(by_tangent)
            else:
                grads += (by_primal, by_tangent)[: len(border.edges) if self._entry(border) else 1]
        return grads

    def release(self) -> None:
        self.top = self.borders = None

    def name(self) -> str:
        return "UnpackDualBackward0"


def _start(forward: Forward, primal: Any, tangent: Any, differentiable: bool) -> Any:
    """The dual of `primal` and `tangent`, one of which may be None."""
    if primal is None:
        primal = zeros_like(recorded if differentiable else forward.inner, tangent)
    return (lift if differentiable else Forward.dual)(forward, primal, tangent)


def _parts(forward: Forward, x: Any, differentiable: bool) -> tuple[Any, Any]:
    """The primal and the tangent of a gradient from a walk inside the level; each may be None."""
    if differentiable and x is not None:
        return lower(forward, x)
    return forward.primal(x), forward.tangent(x)


def checked_tangent(primal: Tensor, tangent: Tensor) -> Tensor:
    """`tangent` in the dtype of `primal`. Raises (as PyTorch) if the two do not match."""
    for name, x in (("primal", primal), ("tangent", tangent)):
        if x.dtype.category < dtypes.FLOAT:
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {x.dtype}")
    if primal.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(primal.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )
    return cast(tangent, primal.dtype)


def lift(forward: Forward, primal: Tensor, tangent: Tensor | None) -> Tensor:
    """A tensor inside the level with this primal and tangent, and the history of both."""
    moved = None if tangent is None else forward.primal(tangent._data)
    data = forward.dual(forward.primal(primal._data), moved)
    needed = [x for x in (primal, tangent) if x is not None and x.requires_grad]
    if local.mode.grad and needed:
        dual = made_by(data, Lifted(forward.level, primal, tangent))
    else:
        dual = wrap(data)
    dual._cell = primal._shared_cell()
    return dual


def lower(forward: Forward, tensor: Tensor) -> tuple[Tensor, Tensor | None]:
    """The primal and the tangent (None for zero), for use outside, of a tensor inside the level.

    Call it while `forward` is active. Both have a history if the tensor's history leads outside.
    """
    node = Lowered(forward.level, tensor) if local.mode.grad and tensor.requires_grad else None
    primal = _result(forward.primal(tensor._data), node, 0)
    primal._cell = tensor._shared_cell()
    tangent = forward.tangent(tensor._data)
    return primal, None if tangent is None else _result(tangent, node, 1)


def _result(array: Any, node: Lowered | None, index: int) -> Tensor:
    return made_by(array, Output(node, index)) if node is not None and node.edges else wrap(array)


__all__ = ["checked_tangent", "lift", "lower"]
