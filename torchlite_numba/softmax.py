"""Softmax, its logarithm and cross entropy of float32 rows, each in the cache for every pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba.kernel import F32, I64, Kernel, helper, kernel, row_of
from torchlite_numba.launch import COSTLY_FROM
from torchlite_numba.vector import exp, maximum

Array = Any
_F32, _I64 = np.dtype(np.float32), np.dtype(np.int64)
_LOWEST = np.float32(-np.inf)


@helper
def _greatest(row: Any) -> Any:
    top = _LOWEST
    for j in range(row.size):
        top = maximum(top, row[j])
    return top


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _softmax(x: F32, out: F32, lo: int, hi: int, width: int) -> None:
    for i in range(lo, hi):
        row, result = row_of(x, i, width), row_of(out, i, width)
        top, total = _greatest(row), 0.0
        for j in range(width):
            e = exp(row[j] - top)
            result[j] = e
            total += e
        scale = np.float32(1.0 / total)
        for j in range(width):
            result[j] *= scale


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _softmax_backward(g: F32, y: F32, out: F32, lo: int, hi: int, width: int) -> None:
    for i in range(lo, hi):
        gs, ys, result = row_of(g, i, width), row_of(y, i, width), row_of(out, i, width)
        total = 0.0
        for j in range(width):
            total += gs[j] * ys[j]
        mean = np.float32(total)
        for j in range(width):
            result[j] = ys[j] * (gs[j] - mean)


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _log_softmax(x: F32, out: F32, lo: int, hi: int, width: int) -> None:
    for i in range(lo, hi):
        row, result = row_of(x, i, width), row_of(out, i, width)
        top, total = _greatest(row), 0.0
        for j in range(width):
            total += exp(row[j] - top)
        shift = np.float32(np.log(total))
        for j in range(width):
            result[j] = (row[j] - top) - shift


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _log_softmax_backward(g: F32, y: F32, out: F32, lo: int, hi: int, width: int) -> None:
    for i in range(lo, hi):
        gs, ys, result = row_of(g, i, width), row_of(y, i, width), row_of(out, i, width)
        total = 0.0
        for j in range(width):
            total += gs[j]
        mean = np.float32(total)
        for j in range(width):
            result[j] = gs[j] - exp(ys[j]) * mean


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _cross_entropy(
    x: F32, target: I64, losses: F32, out: F32, lo: int, hi: int, width: int
) -> None:
    for i in range(lo, hi):
        row, result = row_of(x, i, width), row_of(out, i, width)
        top, total = _greatest(row), 0.0
        for j in range(width):
            e = exp(row[j] - top)
            result[j] = e
            total += e
        losses[i] = np.float32(np.log(total)) - (row[target[i]] - top)
        scale = np.float32(1.0 / total)
        for j in range(width):
            result[j] *= scale


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _cross_entropy_backward(g: F32, y: F32, target: I64, out: F32,
                            lo: int, hi: int, width: int) -> None:  # fmt: skip
    for i in range(lo, hi):
        slope, row, result = g[i], row_of(y, i, width), row_of(out, i, width)
        for j in range(width):
            result[j] = row[j] * slope
        result[target[i]] -= slope


def _rows(run: Kernel, *arrays: Array) -> Array:
    """Let `run` fill the last of `arrays` (..., n), row by row."""
    out = arrays[-1]
    n = out.shape[-1]
    run.launch(*arrays, out.size // n, n)
    return out


def _fits(x: Array, axis: int) -> bool:
    return x.dtype == _F32 and x.flags.c_contiguous and x.size > 0 and axis == x.ndim - 1


class Softmax(NumpyBackend):
    """Along the last axis of row-major float32 arrays."""

    def softmax(self, x: Array, axis: int) -> Array:
        """``e**x / sum(e**x)``."""
        if _fits(x, axis):
            return _rows(_softmax, x, np.empty(x.shape, _F32))
        return super().softmax(x, axis)

    def log_softmax(self, x: Array, axis: int) -> Array:
        """``log(softmax(x))``."""
        if _fits(x, axis):
            return _rows(_log_softmax, x, np.empty(x.shape, _F32))
        return super().log_softmax(x, axis)

    def softmax_backward(self, g: Array, out: Array, axis: int) -> Array:
        """``out * (g - sum(g * out))``."""
        if _fits(out, axis) and _fits(g, axis) and g.shape == out.shape:
            return _rows(_softmax_backward, g, out, np.empty(out.shape, _F32))
        return super().softmax_backward(g, out, axis)

    def log_softmax_backward(self, g: Array, out: Array, axis: int) -> Array:
        """``g - e**out * sum(g)``."""
        if _fits(out, axis) and _fits(g, axis) and g.shape == out.shape:
            return _rows(_log_softmax_backward, g, out, np.empty(out.shape, _F32))
        return super().log_softmax_backward(g, out, axis)

    def cross_entropy(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Losses (N,) and probabilities (N, C) in one pass over each row."""
        if _fits(x, 1) and target.dtype == _I64:
            losses = np.empty(x.shape[0], _F32)
            return losses, _rows(_cross_entropy, x, target, losses, np.empty(x.shape, _F32))
        return super().cross_entropy(x, target)

    def cross_entropy_backward(self, g: Array, probabilities: Array, target: Array) -> Array:
        """``(probabilities - onehot(target)) * g``; g (N,) may be broadcast."""
        if _fits(probabilities, 1) and g.dtype == _F32 and target.dtype == _I64:
            out = np.empty(probabilities.shape, _F32)
            return _rows(_cross_entropy_backward, g, probabilities, target, out)
        return super().cross_entropy_backward(g, probabilities, target)
