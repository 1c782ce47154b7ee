"""Reductions of float32 and float64 along adjacent axes of row-major arrays.

Such an array is (blocks, n, m), where n is reduced. If m is 1, a kernel reduces rows; otherwise
strips of columns, so that memory is read in order. Sums and products accumulate in float64. A
single long row is cut into parts of fixed size: no result depends on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.numpy.quiet import local
from torchlite_numba.kernel import F64, REALS, Kernel, Real, inline, kernel, row_of
from torchlite_numba.launch import CHEAP_FROM
from torchlite_numba.vector import maximum, minimum

Array = Any
LEAST = 1024  # elements: with fewer, NumPy is done before this module has looked at the axes
PART = 8192  # elements of a part of a long row
STRIP = 256  # columns of a strip: their accumulators fit the first-level cache


_add = inline(lambda t, v: t + v)
_multiply = inline(lambda t, v: t * v)
#: name -> an accumulator to start from, for elements like those of x, and how to add the next one
_STEPS = {
    "sum": (inline(lambda x: 0.0), _add),
    "mean": (inline(lambda x: 0.0), _add),
    "prod": (inline(lambda x: 1.0), _multiply),
    "amax": (inline(lambda x: x.dtype.type(-np.inf)), maximum),
    "amin": (inline(lambda x: x.dtype.type(np.inf)), minimum),
}
_declare = partial(kernel, threshold=CHEAP_FROM, reassociate=True)


def _rows(name: str, divide: bool, element: Any = Real) -> Kernel:
    """A kernel that reduces rows to numbers of type `element`, and may divide by their length."""
    start, step = _STEPS[name]

    def rows(x: Real, out: Any, lo: int, hi: int, width: int) -> None:
        kind = out.dtype.type
        for i in range(lo, hi):
            row, t = row_of(x, i, width), start(x)
            for j in range(row.size):
                t = step(t, row[j])
            out[i] = kind(t) / kind(width) if divide else t

    rows.__annotations__["out"] = element
    return _declare(rows, name=f"{name}_{'rows' if element is Real else 'parts'}")


def _columns(name: str, divide: bool) -> Kernel:
    start, step = _STEPS[name]

    def columns(x: Real, out: Real, lo: int, hi: int, height: int, width: int) -> None:
        kind, strips = x.dtype.type, (width + STRIP - 1) // STRIP
        totals = np.full(STRIP, start(x))
        for s in range(lo, hi):
            block, first = s // strips, s % strips * STRIP
            strip = totals[: min(STRIP, width - first)]
            strip[:] = start(x)
            for j in range(height):
                row = row_of(x, block * height + j, width)[first:]
                for k in range(strip.size):
                    strip[k] = step(strip[k], row[k])
            result = row_of(out, block, width)[first:]
            for k in range(strip.size):
                result[k] = kind(strip[k]) / kind(height) if divide else strip[k]

    return _declare(columns, name=f"{name}_columns")


_ROWS = {name: _rows(name, name == "mean") for name in _STEPS}
_COLUMNS = {name: _columns(name, name == "mean") for name in _STEPS}
_PARTS = {name: _rows(name, False, F64) for name in _STEPS}  # of one long row


@_declare
def _variance(x: Real, out: Real, lo: int, hi: int, width: int, freedom: float) -> None:
    for i in range(lo, hi):
        row, t = row_of(x, i, width), 0.0
        for j in range(width):
            t += row[j]
        centre, t = t / width, 0.0
        for j in range(width):
            v = row[j] - centre
            t += v * v
        out[i] = t / freedom


@_declare
def _squares(x: Real, y: Real, out: F64, lo: int, hi: int) -> None:
    """The sums of squared differences of parts lo..hi."""
    for i in range(lo, hi):
        part, other, t = row_of(x, i, PART), row_of(y, i, PART), 0.0
        for j in range(part.size):
            v = part[j] - other[j]
            t += v * v
        out[i] = t


def _layout(shape: tuple[int, ...], axis: Any) -> tuple[int, int, int] | None:
    """Sizes (before, along, after) the reduced axes; None if they are not adjacent."""
    if axis is None:
        return 1, math.prod(shape), 1
    if type(axis) is tuple:
        if not axis or axis[-1] - axis[0] != len(axis) - 1 or list(axis) != sorted(axis):
            return None
        first, last = axis[0], axis[-1] + 1
    else:
        first, last = axis, axis + 1
    return math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])


def _result_shape(shape: tuple[int, ...], axis: Any, keepdims: bool) -> tuple[int, ...]:
    if axis is None:
        return (1,) * len(shape) if keepdims else ()
    first, last = (axis[0], axis[-1] + 1) if type(axis) is tuple else (axis, axis + 1)
    return shape[:first] + ((1,) * (last - first) if keepdims else ()) + shape[last:]


def _long(name: str, x: Array, n: int) -> Any:
    """Reduce all of `x`: the parts in parallel, then their results in order."""
    count = -(-n // PART)
    results: Array = np.empty(count, np.float64)
    _PARTS[name].launch(x, results, count, PART)
    total = local.run((np.multiply if name == "prod" else np.add).reduce, results)
    total = local.run(total.astype, x.dtype)  # may overflow
    return total / x.dtype.type(n) if name == "mean" else total


def _layout_of(x: Array, axis: Any, least: int) -> tuple[int, int, int] | None:
    if x.size >= least and x.flags.c_contiguous and x.dtype in REALS:
        return _layout(x.shape, axis)
    return None


def _method(name: str) -> Callable:
    inherited = getattr(NumpyBackend, name)
    least = 1 if name == "mean" else LEAST  # NumPy's mean is two calls
    longest = 128 if name in ("amax", "amin") else math.inf  # NumPy has SIMD along longer rows

    def reduce(self: Any, x: Array, axis: Any, keepdims: bool) -> Array:
        layout = _layout_of(x, axis, least)
        if layout is None or (layout[1] > longest and layout[2] == 1):
            return inherited(self, x, axis, keepdims)
        blocks, n, m = layout
        out = np.empty(_result_shape(x.shape, axis, keepdims), x.dtype)
        if m > 1:
            _COLUMNS[name].launch(x, out, blocks * -(-m // STRIP), n, m)
        elif blocks == 1 and n >= 2 * PART:
            out[...] = _long(name, x, n)
        else:
            _ROWS[name].launch(x, out, blocks, n)
        return out

    reduce.__name__ = name
    reduce.__doc__ = f"`{name}` along `axis`: an int, a tuple or None."
    return reduce


class Reductions(NumpyBackend):
    """Sums in one pass and in float64; extrema and products that vectorise."""

    sum, mean, prod, amax, amin = map(_method, ("sum", "mean", "prod", "amax", "amin"))

    def mse_mean(self, x: Array, target: Array) -> Array:
        """``mean((x - target)**2)`` in one pass."""
        fits = x.size > 0 and x.dtype in REALS
        fits = fits and x.dtype == target.dtype and x.shape == target.shape
        if not (fits and x.flags.c_contiguous and target.flags.c_contiguous):
            return super().mse_mean(x, target)
        count, n = -(-x.size // PART), x.size
        results: Array = np.empty(count, np.float64)
        _squares.launch(x, target, results, count)
        total = results[0] if count == 1 else local.run(np.add.reduce, results)
        return local.run(x.dtype.type, total / n)

    def var(self, x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
        """Variance of rows in two passes over each."""
        layout = _layout_of(x, axis, 1)
        if layout is None or layout[2] > 1:
            return super().var(x, axis, correction, keepdims)
        blocks, n, _ = layout
        out = np.empty(_result_shape(x.shape, axis, keepdims), x.dtype)
        _variance.launch(x, out, blocks, n, max(n - correction, 0))
        return out
