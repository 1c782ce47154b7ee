"""Matrix products: BLAS through NumPy, with as little around it as possible.

A loop beats BLAS only for a handful of multiplications, where its call and that of the bias cost
more than the arithmetic. Nor does it pay to copy the weight into the other memory order first.
Measured: `np.dot`, `np.matmul` and loops on shapes from (1, 2, 3) to (512, 512, 512).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.numpy.quiet import quiet
from torchlite_numba.kernel import REALS, Real, kernel, row_of
from torchlite_numba.launch import CHEAP_FROM

Array = Any
_dot = quiet(np.dot, 2)
_TINY = 512  # multiplications


@kernel
def _tiny(x: Real, w: Real, bias: Real, out: Real, lo: int, hi: int) -> None:
    outputs = bias.size
    inner = w.size // outputs
    for i in range(lo, hi):
        row = row_of(x, i, inner)
        for j in range(outputs):
            total, weights = bias[j], row_of(w, j, inner)
            for k in range(inner):
                total += row[k] * weights[k]
            out[i * outputs + j] = total


@kernel(threshold=CHEAP_FROM)
def _add_bias(bias: Real, out: Real, lo: int, hi: int) -> None:
    for i in range(lo, hi):
        row = row_of(out, i, bias.size)
        for j in range(bias.size):
            row[j] += bias[j]


def _rows(x: Array) -> Array:
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


class Linear(NumpyBackend):
    """float32 and float64."""

    def matmul(self, a: Array, b: Array) -> Array:
        """``a @ b``; many matrices times one are one product."""
        if b.ndim == 2 and a.dtype in REALS and (a.ndim == 2 or a.flags.c_contiguous):
            product = _dot(_rows(a), b)
            return product if a.ndim == 2 else product.reshape(a.shape[:-1] + b.shape[1:])
        return super().matmul(a, b)

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """``x @ weight.T + bias``."""
        if x.dtype not in REALS or (bias is not None and bias.shape != weight.shape[:1]):
            return super().linear(x, weight, bias)
        rows = _rows(x)
        if rows.size * len(weight) < _TINY and bias is not None:
            out = np.empty((len(rows), len(weight)), x.dtype)
            _tiny.launch(rows, weight, bias, out, len(rows))
        else:
            out = _dot(rows, weight.T)
            if bias is not None:
                _add_bias.launch(bias, out, len(out))
        return out if x.ndim == 2 else out.reshape(x.shape[:-1] + weight.shape[:1])

    def linear_backward(
        self, g: Array, x: Array, weight: Array, needs: tuple[bool, bool, bool]
    ) -> tuple[Array | None, Array | None, Array | None]:
        """Gradients of x, weight and bias; None for those that `needs` does not ask for."""
        if g.dtype not in REALS:
            return super().linear_backward(g, x, weight, needs)
        rows = _rows(g)
        gx = _dot(rows, weight).reshape(x.shape) if needs[0] else None
        gw = _dot(rows.T, _rows(x)) if needs[1] else None
        return gx, gw, self.sum(rows, 0, False) if needs[2] else None
