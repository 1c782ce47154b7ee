"""Normalisation of float32 rows and planes: each stays in the cache for all passes over it.

Sums are in float64, of differences from a first element, so a large mean costs no digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba import codegen, launch

Array = Any
Needs = tuple[bool, ...]
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_ROWS = 64  # of which one piece of work adds up the gradients of a weight
_SHORT = 16  # places of a plane below which rows of channels are better


def _layer_norm(a, b, c, o, lo, hi, n, m, p, q, r):
    """Rows of n: ``(x - mean) / sqrt(var + p) * weight + bias``."""
    x, weight, bias, out = carray(a, hi * n), carray(b, n), carray(c, n), carray(o, hi * n)
    for i in range(lo, hi):
        row, result = x[i * n : i * n + n], out[i * n : i * n + n]
        first, total, squares = row[0], 0.0, 0.0
        for j in range(n):
            d = np.float64(row[j] - first)
            total += d
            squares += d * d
        shift = total / n
        scale = np.float32(1.0 / math.sqrt(max(squares / n - shift * shift, 0.0) + p))
        mean = np.float32(first + shift)
        for j in range(n):
            result[j] = (row[j] - mean) * scale * weight[j] + bias[j]


def _row_moments(a, b, c, o, lo, hi, n, m, p, q, r):
    """(mean, 1 / sqrt(var + p)) of rows of n."""
    x, out = carray(a, hi * n), carray(o, hi * 2)
    for i in range(lo, hi):
        row = x[i * n : i * n + n]
        first, total, squares = row[0], 0.0, 0.0
        for j in range(n):
            d = np.float64(row[j] - first)
            total += d
            squares += d * d
        shift = total / n
        out[2 * i] = first + shift
        out[2 * i + 1] = 1.0 / math.sqrt(max(squares / n - shift * shift, 0.0) + p)


def _layer_norm_x(a, b, c, o, lo, hi, n, m, p, q, r):
    """The gradient of `_layer_norm` for x, but for the factor ``1 / sqrt(var + p)``; c: moments.

    The gradient of the result, a, is already multiplied by the weight.
    """
    g, x, moments, out = carray(a, hi * n), carray(b, hi * n), carray(c, hi * 2), carray(o, hi * n)
    for i in range(lo, hi):
        gs, row, result = g[i * n : i * n + n], x[i * n : i * n + n], out[i * n : i * n + n]
        mean, scale = moments[2 * i], moments[2 * i + 1]
        total, along = 0.0, 0.0
        for j in range(n):
            total += gs[j]
            along += gs[j] * ((row[j] - mean) * scale)
        level, slope = np.float32(total / n), np.float32(along / n)
        for j in range(n):
            result[j] = (gs[j] - level - (row[j] - mean) * scale * slope) * scale


def _layer_norm_weight(a, b, c, o, lo, hi, n, m, p, q, r):
    """Pieces lo..hi of m rows: sums (2, n) of ``g * unit`` and of g; q rows in all."""
    rows = int(q)
    g, x, moments = carray(a, rows * n), carray(b, rows * n), carray(c, rows * 2)
    out = carray(o, hi * 2 * n)
    for piece in range(lo, hi):
        slopes = out[piece * 2 * n : piece * 2 * n + n]
        levels = out[piece * 2 * n + n : piece * 2 * n + 2 * n]
        slopes[:] = 0
        levels[:] = 0
        for i in range(piece * m, min(piece * m + m, rows)):
            gs, row = g[i * n : i * n + n], x[i * n : i * n + n]
            mean, scale = moments[2 * i], moments[2 * i + 1]
            for j in range(n):
                slopes[j] += gs[j] * ((row[j] - mean) * scale)
                levels[j] += gs[j]


def _channel_moments(a, b, c, o, lo, hi, n, m, p, q, r):
    """(mean, variance) of channels lo..hi of n in planes of m places; q images."""
    images = int(q)
    x, out = carray(a, images * n * m), carray(o, hi * 2)
    for channel in range(lo, hi):
        first, total, squares = x[channel * m], 0.0, 0.0
        for image in range(images):
            plane = x[(image * n + channel) * m : (image * n + channel) * m + m]
            for k in range(m):
                d = np.float64(plane[k] - first)
                total += d
                squares += d * d
        shift = total / (images * m)
        out[2 * channel] = first + shift
        out[2 * channel + 1] = max(squares / (images * m) - shift * shift, 0.0)


def _channel_sums(a, b, c, o, lo, hi, n, m, p, q, r):
    """(sum of g, sum of ``g * (x - mean)``) of channels lo..hi; c: the means."""
    images = int(q)
    g, x = carray(a, images * n * m), carray(b, images * n * m)
    means, out = carray(c, n), carray(o, hi * 2)
    for channel in range(lo, hi):
        mean, total, along = means[channel], 0.0, 0.0
        for image in range(images):
            start = (image * n + channel) * m
            gs, plane = g[start : start + m], x[start : start + m]
            for k in range(m):
                total += gs[k]
                along += gs[k] * (plane[k] - mean)
        out[2 * channel], out[2 * channel + 1] = total, along


def _channel_line(a, b, c, o, lo, hi, n, m, p, q, r):
    """Planes lo..hi: ``f * (x - s) + t`` with the (f, s, t) of the channel, one of n."""
    x, numbers, out = carray(a, hi * m), carray(b, n * 3), carray(o, hi * m)
    for image in range(lo, hi):
        k = image % n * 3
        factor, shift, summand = numbers[k], numbers[k + 1], numbers[k + 2]
        plane, result = x[image * m : image * m + m], out[image * m : image * m + m]
        for j in range(m):
            result[j] = factor * (plane[j] - shift) + summand


def _channel_plane(a, b, c, o, lo, hi, n, m, p, q, r):
    """Planes lo..hi: ``f * (g - s) + h * (x - t)`` with the (f, s, h, t) of the channel."""
    g, x, numbers, out = carray(a, hi * m), carray(b, hi * m), carray(c, n * 4), carray(o, hi * m)
    for image in range(lo, hi):
        k = image % n * 4
        f, s, h, t = numbers[k], numbers[k + 1], numbers[k + 2], numbers[k + 3]
        gs, plane = g[image * m : image * m + m], x[image * m : image * m + m]
        result = out[image * m : image * m + m]
        for j in range(m):
            result[j] = f * (gs[j] - s) + h * (plane[j] - t)


_addresses: dict[Callable, int] = {}


def _run(kernel: Callable, a: Array, b: Array, c: Array, out: Array, count: int, n: int,
         m: int = 1, p: float = 0.0, q: float = 0.0) -> Array:  # fmt: skip
    address = _addresses.get(kernel)
    if address is None:
        kinds = (a.dtype, b.dtype, c.dtype, out.dtype)
        address = _addresses[kernel] = codegen.compile_kernel(kernel, kinds, reassociate=True)
    driver = launch.serial if a.size < launch.COSTLY_FROM else launch.parallel
    driver(address, a.ravel(), b.ravel(), c.ravel(), out.ravel(), count, n, m, p, q, 0.0)
    return out


def _fits(x: Array, *others: Array | None) -> bool:
    return x.size > 0 and all(y is None or y.dtype == _F32 for y in (x, *others))


def _is_planar(x: Array, *others: Array | None) -> bool:
    return _fits(x, *others) and math.prod(x.shape[2:]) >= _SHORT


def _or(value: Array | None, default: float, shape: tuple) -> Array:
    return np.full(shape, default, _F32) if value is None else value


class Normalization(NumpyBackend):
    """Layer and batch normalisation and their gradients."""

    def layer_norm(self, x: Array, weight: Array | None, bias: Array | None, dims: int,
                   eps: float) -> Array:  # fmt: skip
        """Over the last `dims` axes."""
        if not _fits(x, weight, bias):
            return super().layer_norm(x, weight, bias, dims, eps)
        shape = x.shape[x.ndim - dims :]
        n, out = math.prod(shape), np.empty(x.shape, _F32)
        weight, bias = _or(weight, 1, shape), _or(bias, 0, shape)
        return _run(_layer_norm, x, weight, bias, out, x.size // n, n, 1, eps)

    def layer_norm_backward(self, g: Array, x: Array, weight: Array | None, dims: int, eps: float,
                            needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias."""
        if not _fits(x, g, weight):
            return super().layer_norm_backward(g, x, weight, dims, eps, needs)
        shape = x.shape[x.ndim - dims :]
        n, rows, g = math.prod(shape), x.size // math.prod(shape), np.broadcast_to(g, x.shape)
        moments = _run(_row_moments, x, x, x, np.empty((rows, 2), _F32), rows, n, 1, eps)
        gx = gw = gb = None
        if needs[0]:
            gu = g if weight is None else self.mul(g, weight)
            gx = _run(_layer_norm_x, gu, x, moments, np.empty(x.shape, _F32), rows, n)
        if needs[1] or needs[2]:
            pieces = -(-rows // _ROWS)
            sums = np.empty((pieces, 2, n), _F32)
            _run(_layer_norm_weight, g, x, moments, sums, pieces, n, _ROWS, 0.0, float(rows))
            both = self.sum(sums, 0, False)
            gw, gb = (s.reshape(shape) if need else None for s, need in zip(both, needs[1:]))
        return gx, gw, gb

    def batch_moments(self, x: Array) -> tuple[Array, Array]:
        """Mean and (biased) variance of each channel of x (N, C, *): (C,), (C,)."""
        if not _is_planar(x):
            return super().batch_moments(x)
        n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
        out = np.empty((channels, 2), _F32)
        _run(_channel_moments, x, x, x, out, channels, channels, places, 0.0, float(n))
        return out[:, 0].copy(), out[:, 1].copy()

    def batch_norm(self, x: Array, weight: Array | None, bias: Array | None, mean: Array,
                   var: Array, training: bool, eps: float) -> Array:  # fmt: skip
        """``(x - mean) / sqrt(var + eps) * weight + bias``. x (N, C, *), the others (C,)."""
        if not _is_planar(x, weight, bias, mean, var):
            return super().batch_norm(x, weight, bias, mean, var, training, eps)
        shape, places = x.shape[1:2], math.prod(x.shape[2:])
        scale = self.rsqrt(self.add(var, eps))
        scale = scale if weight is None else self.mul(scale, weight)
        numbers = np.stack((scale, mean, _or(bias, 0, shape)), 1)
        planes, out = x.shape[0] * x.shape[1], np.empty(x.shape, _F32)
        return _run(_channel_line, x, numbers, x, out, planes, x.shape[1], places)

    def batch_norm_backward(self, g: Array, x: Array, weight: Array | None, mean: Array, var: Array,
                            training: bool, eps: float, needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias; mean and var are those of x if `training`."""
        if not _is_planar(x, g, weight, mean, var):
            return super().batch_norm_backward(g, x, weight, mean, var, training, eps, needs)
        n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
        g, count = np.broadcast_to(g, x.shape), n * math.prod(x.shape[2:])
        sums = np.empty((channels, 2), _F64)
        _run(_channel_sums, g, x, mean, sums, channels, channels, places, 0.0, float(n))
        total, along = sums.T
        scale = 1 / np.sqrt(var.astype(_F64) + eps)
        gx = None
        if needs[0]:
            factor = scale if weight is None else scale * weight
            zero = np.zeros(channels)
            level = total / count if training else zero
            slope = -factor * scale * scale * along / count if training else zero
            numbers = np.stack((factor, level, slope, mean), 1).astype(_F32)
            out = np.empty(x.shape, _F32)
            gx = _run(_channel_plane, g, x, numbers, out, n * channels, channels, places)
        gw = (along * scale).astype(_F32) if needs[1] else None
        return gx, gw, total.astype(_F32) if needs[2] else None
