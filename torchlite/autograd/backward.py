"""`backward` and `grad`: check the arguments, then walk the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.autograd.engine import GradientEdge, Walk, edge_of, reaching
from torchlite.autograd.grad_mode import set_grad_enabled
from torchlite.backends.registry import local
from torchlite.backends.wrapped import Batched
from torchlite.core.shapes import Size
from torchlite.core.tensor import Tensor, wrap

#: Anything that has a gradient.
Place = Tensor | GradientEdge


def backward(tensors: Place | Sequence[Place],
             grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
             retain_graph: bool | None = None, create_graph: bool = False,
             grad_variables: Any = None,
             inputs: Place | Sequence[Place] | None = None) -> None:  # fmt: skip
    """Accumulate into ``.grad`` of the leaves the gradient of ``sum(tensors * grad_tensors)``.

    Args:
        tensors: Tensors or `torchlite.autograd.graph.GradientEdge`s.
        grad_tensors: One for each of `tensors`, with its shape; may be None for scalars.
        retain_graph: Keep the graph for another backward. Default: `create_graph`.
        create_graph: Record the computation of the gradients.
        inputs: Accumulate into these leaves only. Default: all.
    Raises: RuntimeError if a tensor does not require grad, is not a scalar and has no entry in
        `grad_tensors`, or its graph was already freed.
    """
    if local.mode.xp.array_type is Batched:  # a leaf outside would get a batch as its gradient
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use "
            "functorch.grad or functorch.vjp instead or call backward() outside of functorch "
            "transforms."
        )
    roots = _roots(_as_tuple(tensors), grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        Walk(keep, create_graph).run(roots)
        return
    inputs = _as_tuple(inputs)
    if not inputs:
        raise RuntimeError("'inputs' argument to backward() cannot be empty.")
    inputs = tuple(dict.fromkeys(inputs))
    found, walk = _gradients(roots, inputs, keep, create_graph), Walk(keep, create_graph)
    with set_grad_enabled(create_graph):
        for place, g in zip(inputs, found):
            tensor = edge_of(place) if isinstance(place, GradientEdge) else place
            if g is not None and isinstance(tensor, Tensor):
                walk.accumulate(tensor, g if create_graph else g._data, True)


def grad(outputs: Place | Sequence[Place], inputs: Place | Sequence[Place],
         grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
         retain_graph: bool | None = None, create_graph: bool = False, only_inputs: bool = True,
         allow_unused: bool | None = None, is_grads_batched: bool = False,
         materialize_grads: bool = False) -> tuple[Tensor | None, ...]:  # fmt: skip
    """The gradients of ``sum(outputs * grad_outputs)`` with respect to `inputs`.

    Args: as for `backward`, and
        allow_unused: None instead of an error for inputs that were not used.
            Default: `materialize_grads`.
        materialize_grads: Zeros instead of None for unused inputs.
    """
    if is_grads_batched:
        options = {"create_graph": create_graph, "allow_unused": allow_unused,
                   "materialize_grads": materialize_grads}  # fmt: skip
        return _batched(outputs, inputs, grad_outputs, options)
    inputs = _as_tuple(inputs)
    if allow_unused is None:
        allow_unused = materialize_grads
    for tensor in inputs:
        if isinstance(tensor, Tensor) and not tensor.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    roots = _roots(_as_tuple(outputs), grad_outputs, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    grads = _gradients(roots, inputs, keep, create_graph)
    unused = [i for i, g in enumerate(grads) if g is None]
    if unused and not allow_unused:
        raise RuntimeError(
            f"The differentiated Tensor at index {unused[0]} appears to not have been used in the "
            "graph. Set allow_unused=True if this is the desired behavior."
        )
    if materialize_grads:
        grads = [_zeros_like(x) if g is None else g for g, x in zip(grads, inputs)]
    return tuple(grads)


def start_anywhere(y: Tensor) -> Tensor:
    """A placeholder gradient of `y` with respect to which a backward walk is differentiated.

    The walk is linear in it, but some rules treat zeros specially, so it has none.
    """
    xp: Any = local.mode.xp
    kind, shape = y.dtype, tuple(y._data.shape)
    line = xp.linspace(0.5, 1.5, math.prod(shape), kind.to_real())
    if kind.category == dtypes.COMPLEX:
        line = xp.mul(xp.astype(line, kind), 0.8 + 0.6j)
    return wrap(xp.reshape(line, shape)).requires_grad_()


def _zeros_like(place: Place) -> Tensor:
    if isinstance(place, GradientEdge):
        raise RuntimeError(
            "materialize_grads cannot be used when the given input is a GradientEdge"
        )
    return place.detach() * 0


def _batched(outputs: Any, inputs: Any, starts: Any, options: dict) -> tuple[Tensor | None, ...]:
    """`grad` for each slice of the given gradients, all in one pass; the graph is kept."""
    from torchlite.autograd.batched import for_each  # rarely needed

    def row(*starts: Any) -> tuple[Tensor | None, ...]:
        return grad(outputs, inputs, starts, True, **options)

    return tuple(for_each(row, *((starts,) if isinstance(starts, Tensor) else starts)))


def _as_tuple(tensors: Place | Sequence[Place]) -> tuple[Place, ...]:
    return (tensors,) if isinstance(tensors, (Tensor, GradientEdge)) else tuple(tensors)


def _roots(tensors: tuple[Place, ...], given: Any, create: bool) -> list:
    """[(edge, gradient)] to start from; gradients are tensors if `create`, else arrays."""
    if given is None:
        given = (None,) * len(tensors)
    elif isinstance(given, Tensor):
        given = (given,)
    if len(given) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(given)} gradients")
    roots = []
    for i, (tensor, g) in enumerate(zip(tensors, given)):
        edge = edge_of(tensor)
        if isinstance(tensor, Tensor) and not tensor._needs_grad:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn"
            )
        g = _start(tensor, i, g)
        roots.append((edge, g if create else g._data))
    return roots


def _start(tensor: Place, i: int, g: Tensor | None) -> Tensor:
    """The gradient `g` of a root, checked; None becomes 1 where allowed."""
    if isinstance(tensor, Tensor):
        shape, kind = tensor._data.shape, dtypes.of(tensor._data)
    elif tensor.result is not None:
        shape, kind = tensor.result
    elif g is not None:
        return g
    else:
        raise RuntimeError(
            "grad can be implicitly created only for scalar outputs\n"
            "A GradientEdge that get_gradient_edge() did not make does not tell its shape."
        )
    if g is None:
        return _one(shape, kind)
    if g._data.shape != shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a "
            f"shape of {Size(shape)}."
        )
    return g if g.dtype is kind else g.to(kind)


def _one(shape: tuple, kind: dtypes.dtype) -> Tensor:
    """The gradient of a scalar with respect to itself."""
    if math.prod(shape) != 1:
        raise RuntimeError(
            "grad can be implicitly created only for scalar outputs\n"
            f"The output has shape {list(shape)}: reduce it (for example with .sum()), "
            "or pass a gradient of that shape."
        )
    if kind.category != dtypes.FLOAT:
        raise RuntimeError(
            "grad can be implicitly created only for real scalar outputs but got "
            f"torch.{kind.name}"
        )
    return wrap(local.mode.xp.full(shape, 1, kind))


def _gradients(roots: list, inputs: tuple[Place, ...], keep: bool, create: bool) -> list:
    """The gradient of each of `inputs` as a tensor, or None if it receives none."""
    edges = [edge_of(tensor) for tensor in inputs]
    captures: dict[Any, list] = {edge: [] for edge in edges}
    needed = reaching([edge for edge, _ in roots], set(edges))
    Walk(keep, create, captures, needed).run(roots)
    xp = local.mode.xp
    found = {edge: got[0] for edge, got in captures.items() if got}
    if not create:
        found = {edge: wrap(xp.copy(xp.asarray(g))) for edge, g in found.items()}
    return [found.get(edge) for edge in edges]
