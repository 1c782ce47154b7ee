"""Pooling: a pass over each row of the result for every place of a window, all in the cache.

One and two spatial axes, float32 and float64; NumPy handles the rest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba.convolution import geometry_of, inside
from torchlite_numba.kernel import I64, REALS, Real, kernel
from torchlite_numba.launch import COSTLY_FROM

Array = Any
Ints = tuple[int, ...]
_I64 = np.dtype(np.int64)


@kernel(threshold=COSTLY_FROM)
def _max_pool(x: Real, geometry: I64, out: Real, chosen: I64, lo: int, hi: int) -> None:
    """The maximum of each window of planes lo..hi and its flat place; NaN wins.

    Of a window with nothing but -inf and padding, the first place is chosen, as in PyTorch.
    """
    _, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    for image in range(lo, hi):
        source = x[image * plane : image * plane + plane]
        for i in range(rows):
            to = image * places + i * columns
            best, at = out[to : to + columns], chosen[to : to + columns]
            top = i * sh - ph
            if top < 0:
                top += (-top + dh - 1) // dh * dh
            for j in range(columns):
                left = j * sw - pw
                if left < 0:
                    left += (-left + dw - 1) // dw * dw
                best[j], at[j] = -np.inf, top * width + left
            for tap in range(kh * kw):
                y, right = i * sh - ph + tap // kw * dh, tap % kw * dw - pw
                if y < 0 or y >= height:
                    continue
                first, last = inside(right, width, sw, columns)
                for j in range(first, last):
                    place = y * width + j * sw + right
                    value = source[place]
                    if value > best[j] or value != value:
                        best[j], at[j] = value, place


@kernel(threshold=COSTLY_FROM)
def _max_pool_backward(g: Real, chosen: I64, out: Real, lo: int, hi: int, places: int,
                       windows: int) -> None:  # fmt: skip
    """Planes lo..hi: zeros, to which the gradients of their windows are added."""
    for image in range(lo, hi):
        plane = out[image * places : image * places + places]
        plane[:] = 0
        for k in range(image * windows, image * windows + windows):
            plane[chosen[k]] += g[k]


@kernel(threshold=COSTLY_FROM)
def _pool_sum(x: Real, geometry: I64, out: Real, lo: int, hi: int) -> None:
    """The sums of the windows of planes lo..hi."""
    _, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    for image in range(lo, hi):
        for i in range(rows):
            to = image * places + i * columns
            total = out[to : to + columns]
            total[:] = 0
            for tap in range(kh * kw):
                y, right = i * sh - ph + tap // kw * dh, tap % kw * dw - pw
                if y < 0 or y >= height:
                    continue
                first, last = inside(right, width, sw, columns)
                start = image * plane + y * width + right
                for j in range(first, last):
                    total[j] += x[start + j * sw]


@kernel(threshold=COSTLY_FROM)
def _pool_sum_backward(g: Real, geometry: I64, out: Real, lo: int, hi: int) -> None:
    """Planes lo..hi: each gradient added to all places of its window."""
    _, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    for image in range(lo, hi):
        out[image * plane : image * plane + plane] = 0
        for i in range(rows):
            source = g[image * places + i * columns : image * places + (i + 1) * columns]
            for tap in range(kh * kw):
                y, right = i * sh - ph + tap // kw * dh, tap % kw * dw - pw
                if y < 0 or y >= height:
                    continue
                first, last = inside(right, width, sw, columns)
                start = image * plane + y * width + right
                for j in range(first, last):
                    out[start + j * sw] += source[j]


def _fits(x: Array) -> bool:
    return x.dtype in REALS and x.ndim <= 4 and x.size > 0


class Pooling(NumpyBackend):
    """Pooling and its gradients."""

    def max_pool(self, x: Array, size: Ints, kernel: Ints, stride: Ints, padding: Ints,
                 dilation: Ints) -> tuple[Array, Array]:  # fmt: skip
        """The maximum of each window and its flat place: (N, C, *size) twice."""
        if not _fits(x) or not math.prod(size):
            return super().max_pool(x, size, kernel, stride, padding, dilation)
        x, planes = np.ascontiguousarray(x), x.shape[0] * x.shape[1]
        geometry = geometry_of(1, x.shape[2:], size, kernel, stride, padding, dilation)
        out = np.empty((*x.shape[:2], *size), x.dtype)
        places = np.empty(out.shape, _I64)
        _max_pool.launch(x, geometry, out, places, planes)
        return out, places

    def max_pool_backward(self, grad: Array, places: Array, shape: Ints) -> Array:
        """grad (N, C, *size) added up at the flat `places` of each plane -> `shape`."""
        if not _fits(grad) or places.dtype != _I64 or not math.prod(shape):
            return super().max_pool_backward(grad, places, shape)
        out, n, m = np.empty(shape, grad.dtype), math.prod(shape[2:]), math.prod(grad.shape[2:])
        _max_pool_backward.launch(grad, places, out, shape[0] * shape[1], n, m)
        return out

    def pool_sum(self, x: Array, size: Ints, kernel: Ints, stride: Ints,
                 padding: Ints) -> Array:  # fmt: skip
        """The sum of each window -> (N, C, *size)."""
        if not _fits(x) or not math.prod(size):
            return super().pool_sum(x, size, kernel, stride, padding)
        ones = (1,) * len(kernel)
        geometry = geometry_of(1, x.shape[2:], size, kernel, stride, padding, ones)
        out = np.empty((*x.shape[:2], *size), x.dtype)
        _pool_sum.launch(x, geometry, out, x.shape[0] * x.shape[1])
        return out

    def pool_sum_backward(self, grad: Array, shape: Ints, kernel: Ints, stride: Ints,
                          padding: Ints) -> Array:  # fmt: skip
        """grad (N, C, *counts) added to all places of its windows -> `shape`."""
        if not _fits(grad) or not math.prod(shape):
            return super().pool_sum_backward(grad, shape, kernel, stride, padding)
        ones = (1,) * len(kernel)
        geometry = geometry_of(1, shape[2:], grad.shape[2:], kernel, stride, padding, ones)
        out = np.empty(shape, grad.dtype)
        _pool_sum_backward.launch(grad, geometry, out, shape[0] * shape[1])
        return out
