"""Softmax, its logarithm and cross entropy of float32 rows, each in the cache for all passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba import codegen, launch
from torchlite_numba.vector import exp, helper, maximum

Array = Any
_F32, _I64 = np.dtype(np.float32), np.dtype(np.int64)
_LOWEST = np.float32(-np.inf)


@helper
def _greatest(row: Any) -> Any:
    top = _LOWEST
    for j in range(row.size):
        top = maximum(top, row[j])
    return top


def _softmax(a, b, c, o, lo, hi, n, m, p, q, r):
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


def _softmax_backward(a, b, c, o, lo, hi, n, m, p, q, r):
    g, y, out = carray(a, hi * n), carray(b, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        gs, ys, result = g[i * n : (i + 1) * n], y[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        total = 0.0
        for j in range(n):
            total += gs[j] * ys[j]
        mean = np.float32(total)
        for j in range(n):
            result[j] = ys[j] * (gs[j] - mean)


def _log_softmax(a, b, c, o, lo, hi, n, m, p, q, r):
    x, out = carray(a, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        row, result = x[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        top, total = _greatest(row), 0.0
        for j in range(n):
            total += exp(row[j] - top)
        shift = np.float32(np.log(total))
        for j in range(n):
            result[j] = (row[j] - top) - shift


def _log_softmax_backward(a, b, c, o, lo, hi, n, m, p, q, r):
    g, y, out = carray(a, hi * n), carray(b, hi * n), carray(o, hi * n)
    for i in range(lo, hi):
        gs, ys, result = g[i * n : (i + 1) * n], y[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        total = 0.0
        for j in range(n):
            total += gs[j]
        mean = np.float32(total)
        for j in range(n):
            result[j] = gs[j] - exp(ys[j]) * mean


def _cross_entropy(a, b, c, o, lo, hi, n, m, p, q, r):
    x, target, losses, out = carray(a, hi * n), carray(b, hi), carray(c, hi), carray(o, hi * n)
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


def _cross_entropy_backward(a, b, c, o, lo, hi, n, m, p, q, r):
    g, y, target, out = carray(a, hi), carray(b, hi * n), carray(c, hi), carray(o, hi * n)
    for i in range(lo, hi):
        slope, row, result = g[i], y[i * n : (i + 1) * n], out[i * n : (i + 1) * n]
        for j in range(n):
            result[j] = row[j] * slope
        result[target[i]] -= slope


_BODIES: dict[str, tuple[Callable, tuple]] = {
    "softmax": (_softmax, (_F32, _F32, _F32, _F32)),
    "softmax_backward": (_softmax_backward, (_F32, _F32, _F32, _F32)),
    "log_softmax": (_log_softmax, (_F32, _F32, _F32, _F32)),
    "log_softmax_backward": (_log_softmax_backward, (_F32, _F32, _F32, _F32)),
    "cross_entropy": (_cross_entropy, (_F32, _I64, _F32, _F32)),
    "cross_entropy_backward": (_cross_entropy_backward, (_F32, _F32, _I64, _F32)),
}
_addresses: dict[str, int] = {}


def _run(name: str, a: Array, b: Array, c: Array, out: Array) -> Array:
    """Let kernel `name` fill `out` (..., n), row by row."""
    address = _addresses.get(name)
    if address is None:
        function, kinds = _BODIES[name]
        address = _addresses[name] = codegen.compile_kernel(function, kinds, reassociate=True)
    driver = launch.serial if out.size < launch.COSTLY_FROM else launch.parallel
    n = out.shape[-1]
    count = out.size // n
    driver(address, a.ravel(), b.ravel(), c.ravel(), out.ravel(), count, n, 1, 0.0, 0.0, 0.0)
    return out


def _fits(x: Array, axis: int) -> bool:
    return x.dtype == _F32 and x.flags.c_contiguous and x.size > 0 and axis == x.ndim - 1


class Softmax(NumpyBackend):
    """Along the last axis of row-major float32 arrays."""

    def softmax(self, x: Array, axis: int) -> Array:
        """``e**x / sum(e**x)``."""
        if _fits(x, axis):
            return _run("softmax", x, x, x, np.empty(x.shape, _F32))
        return super().softmax(x, axis)

    def log_softmax(self, x: Array, axis: int) -> Array:
        """``log(softmax(x))``."""
        if _fits(x, axis):
            return _run("log_softmax", x, x, x, np.empty(x.shape, _F32))
        return super().log_softmax(x, axis)

    def softmax_backward(self, g: Array, out: Array, axis: int) -> Array:
        """``out * (g - sum(g * out))``."""
        if _fits(out, axis) and _fits(g, axis) and g.shape == out.shape:
            return _run("softmax_backward", g, out, out, np.empty(out.shape, _F32))
        return super().softmax_backward(g, out, axis)

    def log_softmax_backward(self, g: Array, out: Array, axis: int) -> Array:
        """``g - e**out * sum(g)``."""
        if _fits(out, axis) and _fits(g, axis) and g.shape == out.shape:
            return _run("log_softmax_backward", g, out, out, np.empty(out.shape, _F32))
        return super().log_softmax_backward(g, out, axis)

    def cross_entropy(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Losses (N,) and probabilities (N, C) in one pass over each row."""
        if _fits(x, 1) and target.dtype == _I64:
            losses = np.empty(x.shape[0], _F32)
            return losses, _run("cross_entropy", x, target, losses, np.empty(x.shape, _F32))
        return super().cross_entropy(x, target)

    def cross_entropy_backward(self, g: Array, probabilities: Array, target: Array) -> Array:
        """``(probabilities - onehot(target)) * g``; g (N,) may be broadcast."""
        if _fits(probabilities, 1) and g.dtype == _F32 and target.dtype == _I64:
            out = np.empty(probabilities.shape, _F32)
            return _run("cross_entropy_backward", g, probabilities, target, out)
        return super().cross_entropy_backward(g, probabilities, target)
