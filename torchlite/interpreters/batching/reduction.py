"""Methods along axes: reductions, scans, order statistics, softmax and its relatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.spec import Spec
from torchlite.interpreters.batching.base import Array, Rules


class Reductions(Rules):
    """Axes shift by one, for the leading batch axis."""

    def argmax(self, x: Array, axis: int | None, keepdims: bool) -> Array:
        return self._place("argmax", x, axis, keepdims)

    def argmin(self, x: Array, axis: int | None, keepdims: bool) -> Array:
        return self._place("argmin", x, axis, keepdims)

    def _place(self, name: str, x: Array, axis: int | None, keepdims: bool) -> Array:
        function, ndim = getattr(self.inner, name), len(x.shape)
        if axis is not None and ndim:
            return self.wrap(function(x.value, axis + 1, keepdims))
        flat = self.inner.reshape(x.value, (self.size, x.size))
        kept = (1,) * ndim if keepdims else ()
        return self.wrap(self.inner.reshape(function(flat, 1, False), (self.size, *kept)))

    def median(self, x: Array, ignore_nan: bool) -> Array:
        flat = self.inner.reshape(x.value, (self.size, x.size))
        index = self.inner.median_place(flat, 1, ignore_nan)
        return self.wrap(self.inner.pick(flat, index, 1))

    def pick(self, x: Array, index: Array, axis: int) -> Array:
        return self.wrap(self.inner.pick(self.lift(x), self.lift(index), axis + 1))


def _shifted(axis: Any, ndim: int) -> Any:
    if axis is None:
        return tuple(range(1, ndim + 1))
    return axis + 1 if isinstance(axis, int) else tuple(a + 1 for a in axis)


def along_axis(spec: Spec, place: int) -> Callable:
    """The rule for a method along the axes given by its argument at `place`."""

    def rule(self: Rules, *args: Any) -> Any:
        values, function = [self.lift(a) for a in args], getattr(self.inner, spec.name)
        if args[0].shape:
            values[place] = _shifted(args[place], len(args[0].shape))
            return self.wrap(function(*values))
        values = [_rows(self, v) for v in values]
        values[place] = 1 if isinstance(args[place], int) else (1,)
        return self.wrap(_numbers(self, function(*values)))

    return rule


def _rows(self: Rules, value: Any) -> Any:
    """A batch of scalars as a batch of rows with one element."""
    return self.inner.reshape(value, (self.size, 1)) if hasattr(value, "shape") else value


def _numbers(self: Rules, result: Any) -> Any:
    """The inverse of `_rows`."""
    if isinstance(result, tuple):
        return tuple(_numbers(self, r) for r in result)
    return self.inner.reshape(result, (self.size,))


__all__ = ["Reductions", "along_axis"]
