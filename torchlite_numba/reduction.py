"""Reductions of float32 and float64 along neighbouring axes of row-major arrays.

Such an array is (blocks, n, m) with n to be reduced. With m = 1, a kernel reduces rows; else strips
of columns, so that memory is read in order. Sums and products accumulate in float64. A single long
row is cut into parts of fixed size: no result depends on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.numpy.quiet import local
from torchlite_numba import codegen, launch

Array = Any
LEAST = 1024  # elements: NumPy reduces fewer of them while this module looks at the axes
PART = 8192  # elements of a part of a long row
STRIP = 256  # columns of a strip: their accumulators fit the first-level cache

#: name -> (start, step, end) of the accumulator ``t``; ``v`` is the element.
_STEPS = {
    "sum": ("0.0", "t + v", "t"),
    "mean": ("0.0", "t + v", "np.{kind}(t) / np.{kind}(n)"),
    "amax": ("-np.{kind}(np.inf)", "maximum(t, v)", "t"),
    "amin": ("np.{kind}(np.inf)", "minimum(t, v)", "t"),
    "prod": ("1.0", "t * v", "t"),
}
_HEAD = '''\
"""{name} of {kind} elements along {form}."""

import numpy as np
from numba import carray

from torchlite_numba.vector import *

STRIP = {strip}


'''
_ROWS = """\
def kernel(a, b, c, o, lo, hi, n, m, p, q, r):
    x, out = carray(a, m), carray(o, hi)
    for i in range(lo, hi):
        row = x[i * n : min((i + 1) * n, m)]
        t = {start}
        for j in range(row.size):
            v = row[j]
            t = {step}
        out[i] = {end}
"""
_COLUMNS = """\
def kernel(a, b, c, o, lo, hi, n, m, p, q, r):
    strips = (m + STRIP - 1) // STRIP
    blocks = (hi + strips - 1) // strips
    x, out = carray(a, blocks * n * m), carray(o, blocks * m)
    sums = np.full(STRIP, {start})
    for s in range(lo, hi):
        block = s // strips
        first = (s - block * strips) * STRIP
        width = min(STRIP, m - first)
        for k in range(width):
            sums[k] = {start}
        for j in range(n):
            at = (block * n + j) * m + first
            row = x[at : at + width]
            for k in range(width):
                t, v = sums[k], row[k]
                sums[k] = {step}
        result = out[block * m + first : block * m + first + width]
        for k in range(width):
            t = sums[k]
            result[k] = {end}
"""
_VARIANCE = """\
def kernel(a, b, c, o, lo, hi, n, m, p, q, r):
    x, out = carray(a, m), carray(o, hi)
    for i in range(lo, hi):
        row = x[i * n : (i + 1) * n]
        t = 0.0
        for j in range(n):
            t += row[j]
        centre = t / n
        t = 0.0
        for j in range(n):
            v = row[j] - centre
            t += v * v
        out[i] = t / p
"""
_SQUARES = """\
def kernel(a, b, c, o, lo, hi, n, m, p, q, r):
    x, y, out = carray(a, m), carray(b, m), carray(o, hi)
    for i in range(lo, hi):
        row, other = x[i * n : min((i + 1) * n, m)], y[i * n : min((i + 1) * n, m)]
        t = 0.0
        for j in range(row.size):
            v = row[j] - other[j]
            t += v * v
        out[i] = t
"""
_BODIES = {"rows": _ROWS, "parts": _ROWS, "columns": _COLUMNS, "var": _VARIANCE,
           "squares": _SQUARES}  # fmt: skip
_addresses: dict[tuple[str, str, Any], int] = {}


def _address(name: str, form: str, dtype: np.dtype) -> int:
    """The kernel of reduction `name` along `form`: rows, parts (of a row) or columns."""
    address = _addresses.get((name, form, dtype))
    if address is None:
        kind = str(dtype)
        start, step, end = (part.format(kind=kind) for part in _STEPS.get(name, ("", "", "")))
        source = (_HEAD + _BODIES[form]).format(
            name=name, kind=kind, form=form, strip=STRIP, start=start, step=step,
            end="t" if form == "parts" else end,
        )  # fmt: skip
        kernel, cache = codegen.load(f"{name}_{form}_{kind}", source)
        out = np.float64 if form in ("parts", "squares") else dtype
        kinds = dtype, dtype, dtype, out
        address = codegen.compile_kernel(kernel, kinds, cache, reassociate=True)
        _addresses[name, form, dtype] = address
    return address


def _layout(shape: tuple[int, ...], axis: Any) -> tuple[int, int, int] | None:
    """Sizes (before, along, after) the reduced axes; None if those are no neighbours."""
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


def _run(address: int, x: Array, out: Array, count: int, n: int, m: int, p: float = 0.0) -> None:
    driver = launch.serial if x.size < launch.CHEAP_FROM or count == 1 else launch.parallel
    driver(address, x, x, x, out, count, n, m, p, 0.0, 0.0)


def _long(name: str, x: Array, n: int) -> Any:
    """Reduce all of `x`: the parts in parallel, then their results in order."""
    count = -(-n // PART)
    results: Array = np.empty(count, np.float64)
    _run(_address(name, "parts", x.dtype), x, results, count, PART, n)
    total = local.run((np.multiply if name == "prod" else np.add).reduce, results)
    total = local.run(total.astype, x.dtype)  # may overflow
    return total / x.dtype.type(n) if name == "mean" else total


_FLOATS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))


def _layout_of(x: Array, axis: Any, least: int) -> tuple[int, int, int] | None:
    if x.size >= least and x.flags.c_contiguous and x.dtype in _FLOATS:
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
            count = blocks * -(-m // STRIP)
            _run(_address(name, "columns", x.dtype), x.ravel(), out.ravel(), count, n, m)
        elif blocks == 1 and n >= 2 * PART:
            out[...] = _long(name, x.ravel(), n)
        else:
            _run(_address(name, "rows", x.dtype), x.ravel(), out.ravel(), blocks, n, x.size)
        return out

    reduce.__name__ = name
    reduce.__doc__ = f"`{name}` along `axis`: an int, a tuple or None."
    return reduce


class Reductions(NumpyBackend):
    """Sums in one pass and in float64; extrema and products that vectorise."""

    sum, mean, prod, amax, amin = map(_method, ("sum", "mean", "prod", "amax", "amin"))

    def mse_mean(self, x: Array, target: Array) -> Array:
        """``mean((x - target)**2)`` in one pass."""
        fits = x.size > 0 and x.dtype in _FLOATS
        fits = fits and x.dtype == target.dtype and x.shape == target.shape
        if not (fits and x.flags.c_contiguous and target.flags.c_contiguous):
            return super().mse_mean(x, target)
        count, n = -(-x.size // PART), x.size
        results: Array = np.empty(count, np.float64)
        driver = launch.serial if n < launch.CHEAP_FROM else launch.parallel
        y, address = target.ravel(), _address("mse_mean", "squares", x.dtype)
        driver(address, x.ravel(), y, y, results, count, PART, n, 0.0, 0.0, 0.0)
        total = results[0] if count == 1 else local.run(np.add.reduce, results)
        return local.run(x.dtype.type, total / n)

    def var(self, x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
        """Variance of rows in two passes over each."""
        layout = _layout_of(x, axis, 1)
        if layout is None or layout[2] > 1:
            return super().var(x, axis, correction, keepdims)
        blocks, n, _ = layout
        out = np.empty(_result_shape(x.shape, axis, keepdims), x.dtype)
        freedom = float(max(n - correction, 0))
        address = _address("var", "var", x.dtype)
        _run(address, x.ravel(), out.ravel(), blocks, n, x.size, freedom)
        return out
