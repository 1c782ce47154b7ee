"""`allow_mutation_on_saved_tensors`: saved tensors are copied before they are overwritten."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from torchlite import dtypes
from torchlite.autograd.saved_tensors import saved_tensors_hooks
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap


class _Saved:
    """A tensor saved for backward: its own array, until something writes there."""

    __slots__ = ("array", "__weakref__")

    def __init__(self, array: Any) -> None:
        self.array = array


class _Guard:
    """Wraps the backend `inner`; before it writes to memory with saved tensors, copies them."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.name, self.array_type = inner, inner.name, inner.array_type
        self.saved: WeakSet[_Saved] = WeakSet()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        return functools.partial(self._step, method) if name.endswith("_step") else method

    def copyto(self, dst: Any, src: Any) -> None:
        self._rescue((dst,))
        self.inner.copyto(dst, src)

    def _step(self, method: Callable, params: list, *args: Any) -> None:
        """An optimizer step, which writes to `params`."""
        self._rescue(params)
        method(params, *args)

    def _rescue(self, written: Iterable[Any]) -> None:
        spans = [self._span(x) for x in written]
        for saved in self.saved:
            low, high = self._span(saved.array)
            if any(low < end and start < high for start, end in spans):
                saved.array = self.inner.copy(saved.array)

    def _span(self, x: Any) -> tuple[int, int]:
        """The address range of the elements of `x`."""
        start = self.inner.data_ptr(x)
        if not x.size:
            return start, start
        steps = sum((n - 1) * step for n, step in zip(x.shape, self.inner.strides(x)))
        return start, start + (steps + 1) * dtypes.of(x).itemsize


class _Entered(threading.local):
    guard: _Guard | None = None


_entered = _Entered()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Inside, tensors saved for backward may be overwritten: they are copied first.

    Backward must run inside too. Raises: RuntimeError if nested; AssertionError (as PyTorch) for
    a backward outside.
    """
    if _entered.guard is not None:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    mode: Any = local.mode
    inner, guard = mode.xp, _Guard(mode.xp)

    def pack(tensor: Tensor) -> _Saved:
        saved = _Saved(tensor._data)
        guard.saved.add(saved)
        return saved

    def unpack(saved: _Saved) -> Tensor:
        if _entered.guard is not guard:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
                "in which the graph was originally recorded."
            )
        return wrap(saved.array)

    _entered.guard, mode.xp = guard, guard
    try:
        with saved_tensors_hooks(pack, unpack):
            yield
    finally:
        _entered.guard, mode.xp = None, inner


__all__ = ["allow_mutation_on_saved_tensors"]
