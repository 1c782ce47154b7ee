"""Softmax, its logarithm and cross entropy of float32 rows: a row stays in the cache for all passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba import codegen, launch
from torchlite_numba.vector import ONE, ZERO, exp, helper, maximum

Array = Any
_F32, _I64 = np.dtype(np.float32), np.dtype(np.int64)
_LOWEST = np.float32(-np.inf)


@helper
def _greatest(row: Any) -> Any:
    top = _LOWEST
    for j in range(row.size):
        top = maximum(top, row[j])
    return top


def _softmax(a, b, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    x, out = carray(a, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        row, result = x[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        top, total = _greatest(row), 0.0
        for j in range(n):
            e = exp(row[j] - top)
            result[j] = e
            total += e
        scale = np.float32(1.0 / total)
        for j in range(n):
            result[j] *= scale


def _softmax_backward(a, b, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    g, y, out = carray(a, hi * n), carray(b, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        gs, ys, result = (v[i * n : (i + 1) * n] for v in (g, y, out))
        total = 0.0
        for j in range(n):
            total += gs[j] * ys[j]
        mean = np.float32(total)
        for j in range(n):
            result[j] = ys[j] * (gs[j] - mean)


def _log_softmax(a, b, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    x, out = carray(a, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        row, result = x[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        top, total = _greatest(row), 0.0
        for j in range(n):
            total += exp(row[j] - top)
        shift = np.float32(np.log(total))
        for j in range(n):
            result[j] = (row[j] - top) - shift


def _log_softmax_backward(a, b, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    g, y, out = carray(a, hi * n), carray(b, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        gs, ys, result = g[i * n : (i + 1) * n], y[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        total = 0.0
        for j in range(n):
            total += gs[j]
        mean = np.float32(total)
        for j in range(n):
            result[j] = gs[j] - exp(ys[j]) * mean


def _cross_entropy(a, b, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    """`o` holds the losses of all m rows, then the probabilities."""
    x, target = carray(a, hi * n), carray(b, hi)
    losses, out = carray(o, hi), carray(o, m + hi * n)[m:]
    for i in range(lo, hi):
        row, result = x[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        top, total = _greatest(row), 0.0
        for j in range(n):
            e = exp(row[j] - top)
            result[j] = e
            total += e
        losses[i] = np.float32(np.log(total)) - (row[target[i]] - top)
        scale = np.float32(1.0 / total)
        for j in range(n):
            result[j] *= scale


def _cross_entropy_backward(a, b, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    """`o` holds the probabilities and becomes the gradient; `a` that of the losses."""
    g, target, out = carray(a, hi), carray(b, hi), carray(o, hi * n)
    for i in range(lo, hi):
        row, slope = out[i * n : (i + 1) * n], g[i]
        for j in range(n):
            row[j] *= slope
        row[target[i]] -= slope


class Softmax(NumpyBackend):
    """Fused along the last axis."""
