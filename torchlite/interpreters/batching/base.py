"""The building blocks of the rules in the other files.

A rule is a method with the same name and parameters as the primitive or composite that it computes.
It is called only if an array among its arguments is batched; the others are shared by all examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlite.backends.protocol import Backend
from torchlite.backends.wrapped import Batched, Level
from torchlite.errors import BackendError
from torchlite.interpreters.around import Around

Array = Any


class Rules(Around):
    """Base class of the rules.

    Args:
        inner: The backend that computes; it may be another `Batching`.
        level: The level of its batches; arrays of other levels belong to the inner backend.
        randomness: "different" samples for each example, the "same" for all, or "error".
    """

    array_type = Batched

    def __init__(self, inner: Backend, level: Level, randomness: str = "error") -> None:
        super().__init__(inner)
        self.level, self.size, self.randomness = level, level.size, randomness

    def holds(self, x: Any) -> bool:
        """Whether x is a batch of this level."""
        return x.__class__ is Batched and x.level is self.level

    def holds_any(self, args: Sequence[Any]) -> bool:
        """Whether `args`, or a list or tuple among them, contain a batch of this level."""
        for x in args:
            kind = x.__class__
            if kind is Batched:
                if x.level is self.level:
                    return True
            elif (kind is list or kind is tuple) and self.holds_any(x):
                return True
        return False

    def wrap(self, values: Any) -> Any:
        """The result of an inner method as a batch; a tuple item by item, None unchanged."""
        if isinstance(values, tuple):
            return tuple(map(self.wrap, values))
        return None if values is None else Batched(self.inner.asarray(values), self.level)

    def lift(self, x: Any) -> Any:
        """The batch of x; for a shared array, a broadcast view; other values unchanged."""
        if self.holds(x):
            return x.value
        if not hasattr(x, "shape"):
            return x
        return self.inner.broadcast_to(x, (self.size, *x.shape))

    def align(self, x: Any, ndim: int) -> Any:
        """The batch of x with axes of size 1 after the batch axis, so that examples have `ndim`."""
        if not self.holds(x):
            return x
        missing = ndim - len(x.shape)
        if missing <= 0:
            return x.value
        return self.inner.reshape(x.value, (self.size, *(1,) * missing, *x.shape))

    def fold(self, x: Any) -> Any:
        """The batch of x (N, *) as (size * N, *); values that are not arrays unchanged."""
        value = self.lift(x)
        if not hasattr(x, "shape"):
            return value
        return self.inner.reshape(value, (self.size * x.shape[0], *x.shape[1:]))

    def unfold(self, values: Any, count: int) -> Any:
        """The inverse of `fold`, for examples (count, *) or a tuple of them."""
        if isinstance(values, tuple):
            return tuple(self.unfold(v, count) for v in values)
        return self.wrap(self.inner.reshape(values, (self.size, count, *values.shape[1:])))

    def example(self, x: Any, i: int) -> Any:
        """The i-th example of x, also inside lists and tuples; shared values unchanged."""
        if self.holds(x):
            return self.inner.getitem(x.value, (i,))
        return type(x)(self.example(y, i) for y in x) if x.__class__ in (list, tuple) else x

    def loop(self, function: Callable, *args: Any) -> Any:
        """``function(*args)``, an inner method, one example at a time."""
        if not self.size:
            raise BackendError(f"vmap: {function.__name__} has no rule for a batch of size 0")
        results = [function(*self.example(args, i)) for i in range(self.size)]
        if isinstance(results[0], tuple):
            return tuple(self._stacked(function, column) for column in zip(*results))
        return self._stacked(function, results)

    def _stacked(self, function: Callable, results: Sequence[Array]) -> Batched:
        arrays = [self.inner.asarray(r) for r in results]
        if any(a.shape != arrays[0].shape for a in arrays):
            raise dynamic_shape(function.__name__)
        return self.wrap(self.inner.stack(arrays, 0))


def dynamic_shape(name: str) -> RuntimeError:
    """PyTorch's error for a result whose shape depends on the elements."""
    return RuntimeError(
        "vmap: We do not support batching operators that can output dynamic shape. Attempted to "
        f"vmap over {name}."
    )


__all__ = ["Array", "Batched", "Level", "Rules", "dynamic_shape"]
