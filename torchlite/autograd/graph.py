"""Looking into the graph: hooks on saved tensors and on several gradients, nodes, versions."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torchlite._tensor import RemovableHandle, Tensor, made_by, wrap
from torchlite.autograd.engine import Walk, edge_of, running
from torchlite.autograd.grad_mode import no_grad
from torchlite.graph import AccumulateGrad, Identity, Node
from torchlite.ops import op


class _Stack(threading.local):
    def __init__(self) -> None:
        self.hooks: list[saved_tensors_hooks] = []
        self.refusal: str | None = None


_stack = _Stack()


class saved_tensors_hooks:
    """Inside, what operations save for backward goes through a pair of functions.

    Args:
        pack_hook: ``pack_hook(tensor)`` is called when a tensor is saved; what it returns is kept.
        unpack_hook: Makes of that a tensor of the same content again, when backward needs it.

    The innermost pair of the thread is used. The tensors have no history.
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any],
                 unpack_hook: Callable[[Any], Tensor]) -> None:  # fmt: skip
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if _stack.refusal is not None:
            raise RuntimeError(_stack.refusal)
        _stack.hooks.append(self)
        op.watch(self._observe)

    def __exit__(self, *exc: object) -> None:
        op.watch(self._observe, False)
        _stack.hooks.pop()

    def _observe(self, node: Node) -> None:
        if _stack.hooks and _stack.hooks[-1] is self:  # else of another thread, or not innermost
            node.pack(self.keep)

    def keep(self, array: Any, edge: Any) -> Packed:
        """`array` packed. `edge`: where its gradient goes, the number of a result, or None."""
        return Packed(self, array, edge)


def innermost_hooks() -> saved_tensors_hooks | None:
    """The hooks that this thread's operations use."""
    return _stack.hooks[-1] if _stack.hooks else None


class Packed:
    """A saved tensor as the pack hook left it."""

    __slots__ = ("unpack_hook", "form", "edge")

    def __init__(self, hooks: saved_tensors_hooks, array: Any, edge: Any) -> None:
        tensor = wrap(array)
        with no_grad():
            self.form = hooks.pack_hook(tensor)
        if tensor._version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook can not be modified by in-place operations as this can lead "
                "to unexpected side-effects. Please open an issue if you need to perform in-place "
                "operations on the input to a pack hook."
            )
        self.unpack_hook, self.edge = hooks.unpack_hook, edge

    def unpack_for(self, node: Any) -> Tensor:
        """The tensor again, with its place in the graph; `node` is the one that saved it."""
        tensor = self.unpack_hook(self.form)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        edge = node.result(self.edge) if isinstance(self.edge, int) else self.edge
        if edge is None:
            return tensor
        return made_by(tensor._data, edge if edge._number else Identity((edge,)))


class save_on_cpu(saved_tensors_hooks):
    """Inside, saved tensors wait on the CPU: where they are; as copies, if `pin_memory`."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda x: x.clone() if pin_memory else x, lambda x: x)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, `saved_tensors_hooks` raises RuntimeError(error_message)."""
    if _stack.hooks:
        raise RuntimeError(error_message)
    before, _stack.refusal = _stack.refusal, error_message
    try:
        yield
    finally:
        _stack.refusal = before


class GradientEdge(NamedTuple):
    """A place in the graph: a node and the number of one of its results."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place to which the gradient of `tensor` goes.

    Raises: RuntimeError if it does not require grad.
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    edge = edge_of(tensor)
    return GradientEdge(edge if edge._number else AccumulateGrad(edge), tensor.output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a write in place to a tensor, or to each of several: for writes nobody else sees."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        t._bump()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable, *, mode: str = "all"
) -> RemovableHandle:
    """Call a function when the gradients of several tensors have been computed.

    Args:
        fn: With mode "all", ``fn(grads)``, called when each gradient that this backward computes
            is there (None for the others); with "any", ``fn(grad)`` for the first.
    Raises: ValueError for another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    gathering = _Gathering(tuple(tensors), fn, mode == "all")
    handles = [t.register_hook(gathering.hook(i)) for i, t in enumerate(tensors)]
    return _Handles(handles)


class _Gathering:
    """What one walk has brought so far to the hook of `register_multi_grad_hook`."""

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
    """The nodes and leaves that get a gradient in `walk`."""
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
    "GradientEdge", "Node", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
    "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip
