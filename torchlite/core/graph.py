"""Nodes of the autograd graph: how a result was computed.

An *edge* of a node is the node or leaf tensor to which it passes a gradient. Every node has a
sequence number greater than those of its inputs' nodes, so the order of creation is a topological
order, and no search or recursion is needed. A leaf tensor has the number 0.
A node never refers to the tensor that it made, so there are no reference cycles.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.core.tensor import RemovableHandle
from torchlite.errors import FREED_GRAPH

next_number = itertools.count(1).__next__


class Node:
    """Base class of all nodes. `edges`: where its gradients flow, in order."""

    __slots__ = (
        "_number", "edges", "_hooks", "retain", "_metadata", "_post_hooks", "__weakref__",
    )  # fmt: skip
    watched = False  # whether any node has ever had a hook to call after it ran

    def __init__(self, edges: Sequence[Any]) -> None:
        self._number = next_number()
        self.edges = edges
        self._hooks: dict[int, Callable] | None = None  # called with the incoming gradient
        self.retain: Callable | None = None  # called with it after those: see Tensor.retain_grad

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        """The gradients to send along `edges` (None for none), given the gradient of the result.

        `xp` is the backend and `g` an array; or, if `differentiable`, `xp` is the namespace of
        recorded primitives and `g` a tensor.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Drop saved values: the graph is freed as it is consumed."""

    def name(self) -> str:
        """PyTorch's name for the node, such as ``MulBackward0``."""
        return f"{type(self).__name__}Backward0"

    def register_prehook(self, fn: Callable) -> RemovableHandle:
        """Call ``fn((gradient,))`` before the node runs; a tuple it returns replaces the gradient.

        For an operation with several results, register one for each result: see `Tensor.grad_fn`.
        """

        def hook(g: Any) -> Any:
            changed = fn((g,))
            return changed if changed is None else changed[0]

        if self._hooks is None:
            self._hooks = {}
        return RemovableHandle(self._hooks, hook)

    def register_hook(self, fn: Callable) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)``, tuples of tensors, after the node ran.

        ``grad_inputs`` has one gradient for each of `next_functions`; a tuple of the same length
        returned by `fn` replaces them.
        """
        Node.watched = True
        if not hasattr(self, "_post_hooks"):
            self._post_hooks: dict[int, Callable] = {}
        return RemovableHandle(self._post_hooks, fn)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that receive the gradients, each with an output index, as in PyTorch."""
        return tuple((edge if edge._number else AccumulateGrad(edge), 0) for edge in self.edges)

    @property
    def metadata(self) -> dict:
        """A dict for the user's metadata."""
        if not hasattr(self, "_metadata"):
            self._metadata: dict = {}
        return self._metadata

    def pack(self, keep: Callable[[Any, Any], Any]) -> None:
        """Replace each saved tensor by ``keep(array, edge)``: see `saved_tensors_hooks`."""

    def __repr__(self) -> str:
        return f"<{self.name()} object at {hex(id(self))}>"


class AccumulateGrad(Node):
    """Represents a leaf tensor (`variable`) when a program walks the graph."""

    __slots__ = ("variable",)

    def __init__(self, variable: Any) -> None:
        super().__init__(())
        self.variable = variable

    def name(self) -> str:
        return "AccumulateGrad"


class Identity(Node):
    """Passes the gradient on unchanged."""

    __slots__ = ()

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        return (g,) * len(self.edges)


class Output(Node):
    """One of several results of an operation: passes its gradient to the shared node."""

    __slots__ = ("index",)

    def __init__(self, parent: Node, index: int) -> None:
        super().__init__((parent,))
        self.index = index

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        return ({self.index: g},)

    def name(self) -> str:
        return self.edges[0].name()

    @property
    def metadata(self) -> dict:
        return self.edges[0].metadata

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        return self.edges[0].next_functions


def freed() -> RuntimeError:
    """The error for a second walk through a graph."""
    return RuntimeError(FREED_GRAPH)
