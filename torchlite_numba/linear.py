"""Matrix products: BLAS through NumPy, with as little around it as possible.

Own kernels lose to BLAS but for a handful of multiplications, where its call (1 µs with that of the
bias) costs more than the arithmetic. Copying the weight into the other memory order first does not
pay either. Measured: `np.dot`, `np.matmul` and loops on shapes from (1, 2, 3) to (512, 512, 512).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray

from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.numpy.quiet import quiet
from torchlite_numba import codegen, launch

Array = Any
_dot = quiet(np.dot, 2)
_FLOATS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))
_TINY = 512  # multiplications


@codegen.jit
def _tiny(x, w, bias, out):
    for i in range(x.shape[0]):
        for j in range(w.shape[0]):
            total = bias[j]
            for k in range(w.shape[1]):
                total += x[i, k] * w[j, k]
            out[i, j] = total


def _add_bias(a, b, c, o, lo, hi, n, m, p, q, r):
    bias, out = carray(a, n), carray(o, hi * n)
    for i in range(lo, hi):
        row = out[i * n : (i + 1) * n]
        for j in range(n):
            row[j] += bias[j]


def _add_bias_relu(a, b, c, o, lo, hi, n, m, p, q, r):  # type: ignore[no-untyped-def]
    bias, out = carray(a, n), carray(o, hi * n)
    for i in range(lo, hi):
        row = out[i * n : (i + 1) * n]
        for j in range(n):
            x = row[j] + bias[j]
            row[j] = x if not x <= 0 else 0  # NaN stays


_addresses: dict[Any, int] = {}


def _add(out: Array, bias: Array, kernel: Callable) -> None:
    """Run `kernel`, ``out += bias`` with or without relu, on rows `out`."""
    address = _addresses.get((kernel, out.dtype))
    if address is None:
        address = codegen.compile_kernel(kernel, (out.dtype,) * 4)
        _addresses[kernel, out.dtype] = address
    driver = launch.serial if out.size < launch.CHEAP_FROM else launch.parallel
    flat = bias.ravel()
    driver(address, flat, flat, flat, out.ravel(), out.shape[0], flat.size, 1, 0.0, 0.0, 0.0)


def _rows(x: Array) -> Array:
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


class Linear(NumpyBackend):
    """float32 and float64."""

    def matmul(self, a: Array, b: Array) -> Array:
        """``a @ b``; many matrices times one are one product."""
        if b.ndim == 2 and a.dtype in _FLOATS and (a.ndim == 2 or a.flags.c_contiguous):
            product = _dot(_rows(a), b)
            return product if a.ndim == 2 else product.reshape(a.shape[:-1] + b.shape[1:])
        return super().matmul(a, b)

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """``x @ weight.T + bias``."""
        if x.dtype not in _FLOATS or (bias is not None and bias.shape != weight.shape[:1]):
            return super().linear(x, weight, bias)
        rows = _rows(x)
        if rows.size * len(weight) < _TINY and bias is not None:
            out = np.empty((len(rows), len(weight)), x.dtype)
            _tiny(rows, weight, bias, out)
        else:
            out = _dot(rows, weight.T)
            if bias is not None:
                _add(out, bias, _add_bias)
        return out if x.ndim == 2 else out.reshape(x.shape[:-1] + weight.shape[:1])

    def linear_backward(
        self, g: Array, x: Array, weight: Array, needs: tuple[bool, bool, bool]
    ) -> tuple[Array | None, Array | None, Array | None]:
        """Gradients of x, weight and bias; None for those that `needs` does not ask for."""
        if g.dtype not in _FLOATS:
            return super().linear_backward(g, x, weight, needs)
        rows = _rows(g)
        gx = _dot(rows, weight).reshape(x.shape) if needs[0] else None
        gw = _dot(rows.T, _rows(x)) if needs[1] else None
        return gx, gw, self.sum(rows, 0, False) if needs[2] else None
