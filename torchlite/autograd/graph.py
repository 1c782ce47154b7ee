"""Graph inspection: nodes, edges, versions; hooks on saved tensors and on gradients."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torchlite.autograd.engine import GradientEdge, Walk, edge_of, running
from torchlite.autograd.saved_copies import allow_mutation_on_saved_tensors
from torchlite.autograd.saved_tensors import (
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)
from torchlite.core.graph import AccumulateGrad, Node
from torchlite.core.tensor import RemovableHandle, Tensor


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge to which the gradient of `tensor` flows.

    Raises: RuntimeError if it does not require grad.
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    node = edge_of(tensor)
    edge = GradientEdge(node if node._number else AccumulateGrad(node), tensor.output_nr)
    edge.result = tensor._data.shape, tensor.dtype
    return edge


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count an in-place write to one or more tensors: for writes that autograd does not see."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        t._bump()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable, *, mode: str = "all"
) -> RemovableHandle:
    """Call a function once the gradients of several tensors have been computed.

    Args:
        fn: With mode "all", ``fn(grads)``, called when every gradient that this backward computes
            is available (None for the others); with "any", ``fn(grad)``, for the first.
    Raises: ValueError for another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    gathering = _Gathering(tuple(tensors), fn, mode == "all")
    handles = [t.register_hook(gathering.hook(i)) for i, t in enumerate(tensors)]
    return _Handles(handles)


class _Gathering:
    """The gradients that one walk has collected for a hook of `register_multi_grad_hook`."""

    def __init__(self, tensors: tuple[Tensor, ...], fn: Callable, every: bool) -> None:
        self.edges, self.fn, self.every = [edge_of(t) for t in tensors], fn, every
        self.walk: Callable[[], Walk | None] = lambda: None

    def hook(self, i: int) -> Callable[[Tensor], None]:
        def receive(g: Tensor) -> None:
            walk = running.walk
            if walk is not self.walk():
                self._begin(walk)
            first, self.grads[i] = self.missing == self.expected, g
            self.missing -= 1
            if self.every and not self.missing:
                self.fn(self.grads)
            elif not self.every and first:
                self.fn(g)

        return receive

    def _begin(self, walk: Any) -> None:
        self.walk = weakref.ref(walk)
        self.grads: list[Tensor | None] = [None] * len(self.edges)
        self.missing = self.expected = len(_reached(walk) & set(self.edges))


def _reached(walk: Walk) -> set:
    """The nodes and leaves that receive a gradient in `walk`."""
    seen: set = set()
    stack = list(walk.roots)
    while stack:
        edge = stack.pop()
        if edge in seen or not _wanted(walk, edge):
            continue
        seen.add(edge)
        stack += edge.edges if edge._number else ()
    return seen


def _wanted(walk: Walk, edge: Any) -> bool:
    return walk.captures is None or edge in walk.captures or edge in walk.needed  # type: ignore[operator]


class _Handles(RemovableHandle):
    """Removes several hooks as one."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip
