"""Hooks on the tensors that operations save for backward."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.graph import Identity, Node
from torchlite.core.tensor import Tensor, made_by, wrap
from torchlite.ops.core import op


class _Stack(threading.local):
    def __init__(self) -> None:
        self.hooks: list[saved_tensors_hooks] = []
        self.refusal: str | None = None


_stack = _Stack()


class saved_tensors_hooks:
    """Inside, tensors that operations save for backward pass through a pair of functions.

    Args:
        pack_hook: ``pack_hook(tensor)`` is called when a tensor is saved; what it returns is kept.
        unpack_hook: Turns that back into a tensor with the same content, when backward needs it.

    The thread's innermost pair applies. The tensors have no history.
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
        if _stack.hooks and _stack.hooks[-1] is self:  # else another thread's, or not innermost
            node.pack(self.keep)

    def keep(self, array: Any, edge: Any) -> Packed:
        """Pack `array`. `edge`: where its gradient flows, the index of a result, or None."""
        return Packed(self, array, edge)


def innermost_hooks() -> saved_tensors_hooks | None:
    """The hooks that operations in this thread use."""
    return _stack.hooks[-1] if _stack.hooks else None


class Packed:
    """A saved tensor, as returned by the pack hook."""

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
        """The unpacked tensor, with its edge in the graph; `node` is the one that saved it."""
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
    """Inside, saved tensors are kept on the CPU: as they are, or as copies if `pin_memory`."""

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


__all__ = [
    "Packed", "disable_saved_tensors_hooks", "innermost_hooks", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip
