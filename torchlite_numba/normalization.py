"""Normalisation of float32 rows and planes, each in the cache for every pass.

Differences from the first element are summed in float64, so a large mean costs no precision.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba.kernel import F32, F64, inline, kernel, row_of
from torchlite_numba.launch import COSTLY_FROM

Array = Any
Needs = tuple[bool, ...]
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_ROWS = 64  # rows whose gradients of the weight are summed as one piece of work
_SHORT = 16  # places in a plane: NumPy is faster with fewer


@inline
def _moments(row: Any, eps: float) -> Any:
    """Mean and ``1 / sqrt(var + eps)``."""
    first, total, squares = row[0], 0.0, 0.0
    for j in range(row.size):
        d = np.float64(row[j] - first)
        total += d
        squares += d * d
    shift = total / row.size
    return first + shift, 1.0 / math.sqrt(max(squares / row.size - shift * shift, 0.0) + eps)


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _layer_norm(x: F32, weight: F32, bias: F32, out: F32, lo: int, hi: int,
                width: int, eps: float) -> None:  # fmt: skip
    """Rows lo..hi: ``(x - mean) / sqrt(var + eps) * weight + bias``."""
    for i in range(lo, hi):
        row, result = row_of(x, i, width), row_of(out, i, width)
        mean, scale = _moments(row, eps)
        mean, scale = np.float32(mean), np.float32(scale)
        for j in range(width):
            result[j] = (row[j] - mean) * scale * weight[j] + bias[j]


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _row_moments(x: F32, out: F32, lo: int, hi: int, width: int, eps: float) -> None:
    """The moments of rows lo..hi, in pairs."""
    for i in range(lo, hi):
        out[2 * i], out[2 * i + 1] = _moments(row_of(x, i, width), eps)


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _layer_norm_x(g: F32, x: F32, moments: F32, out: F32, lo: int, hi: int, width: int) -> None:
    """The gradient of `_layer_norm` for x; g is already multiplied by the weight."""
    for i in range(lo, hi):
        gs, row, result = row_of(g, i, width), row_of(x, i, width), row_of(out, i, width)
        mean, scale = moments[2 * i], moments[2 * i + 1]
        total, along = 0.0, 0.0
        for j in range(width):
            total += gs[j]
            along += gs[j] * ((row[j] - mean) * scale)
        level, slope = np.float32(total / width), np.float32(along / width)
        for j in range(width):
            result[j] = (gs[j] - level - (row[j] - mean) * scale * slope) * scale


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _layer_norm_weight(g: F32, x: F32, moments: F32, out: F32, lo: int, hi: int,
                       width: int, rows: int) -> None:  # fmt: skip
    """Pieces lo..hi of `_ROWS` rows: sums (2, width) of ``g * (x - mean) * scale`` and of g."""
    for piece in range(lo, hi):
        slopes, levels = row_of(out, 2 * piece, width), row_of(out, 2 * piece + 1, width)
        slopes[:] = 0
        levels[:] = 0
        for i in range(piece * _ROWS, min(piece * _ROWS + _ROWS, rows)):
            gs, row = row_of(g, i, width), row_of(x, i, width)
            mean, scale = moments[2 * i], moments[2 * i + 1]
            for j in range(width):
                slopes[j] += gs[j] * ((row[j] - mean) * scale)
                levels[j] += gs[j]


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _channel_moments(x: F32, out: F32, lo: int, hi: int, images: int, places: int) -> None:
    """Mean and variance of channels lo..hi, in pairs."""
    channels = out.size // 2
    for channel in range(lo, hi):
        first, total, squares = x[channel * places], 0.0, 0.0
        for image in range(images):
            plane = row_of(x, image * channels + channel, places)
            for k in range(places):
                d = np.float64(plane[k] - first)
                total += d
                squares += d * d
        shift = total / (images * places)
        out[2 * channel] = first + shift
        out[2 * channel + 1] = max(squares / (images * places) - shift * shift, 0.0)


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _channel_sums(g: F32, x: F32, means: F32, out: F64, lo: int, hi: int,
                  images: int, places: int) -> None:  # fmt: skip
    """(sum of g, sum of ``g * (x - mean)``) of channels lo..hi, in pairs."""
    channels = out.size // 2
    for channel in range(lo, hi):
        mean, total, along = means[channel], 0.0, 0.0
        for image in range(images):
            at = image * channels + channel
            gs, plane = row_of(g, at, places), row_of(x, at, places)
            for k in range(places):
                total += gs[k]
                along += gs[k] * (plane[k] - mean)
        out[2 * channel], out[2 * channel + 1] = total, along


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _channel_line(x: F32, numbers: F32, out: F32, lo: int, hi: int,
                  channels: int, places: int) -> None:  # fmt: skip
    """Planes lo..hi: ``f * (x - s) + t`` with the (f, s, t) of the channel."""
    for image in range(lo, hi):
        k = image % channels * 3
        f, s, t = numbers[k], numbers[k + 1], numbers[k + 2]
        plane, result = row_of(x, image, places), row_of(out, image, places)
        for j in range(places):
            result[j] = f * (plane[j] - s) + t


@kernel(threshold=COSTLY_FROM, reassociate=True)
def _channel_plane(g: F32, x: F32, numbers: F32, out: F32, lo: int, hi: int,
                   channels: int, places: int) -> None:  # fmt: skip
    """Planes lo..hi: ``f * (g - s) + h * (x - t)`` with the (f, s, h, t) of the channel."""
    for image in range(lo, hi):
        k = image % channels * 4
        f, s, h, t = numbers[k], numbers[k + 1], numbers[k + 2], numbers[k + 3]
        gs, plane = row_of(g, image, places), row_of(x, image, places)
        result = row_of(out, image, places)
        for j in range(places):
            result[j] = f * (gs[j] - s) + h * (plane[j] - t)


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
        _layer_norm.launch(x, _or(weight, 1, shape), _or(bias, 0, shape), out, x.size // n, n, eps)
        return out

    def layer_norm_backward(self, g: Array, x: Array, weight: Array | None, dims: int, eps: float,
                            needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias."""
        if not _fits(x, g, weight):
            return super().layer_norm_backward(g, x, weight, dims, eps, needs)
        shape = x.shape[x.ndim - dims :]
        n, rows, g = math.prod(shape), x.size // math.prod(shape), np.broadcast_to(g, x.shape)
        moments = np.empty((rows, 2), _F32)
        _row_moments.launch(x, moments, rows, n, eps)
        gx = gw = gb = None
        if needs[0]:
            gu = g if weight is None else self.mul(g, weight)
            gx = np.empty(x.shape, _F32)
            _layer_norm_x.launch(gu, x, moments, gx, rows, n)
        if needs[1] or needs[2]:
            pieces = -(-rows // _ROWS)
            sums = np.empty((pieces, 2, n), _F32)
            _layer_norm_weight.launch(g, x, moments, sums, pieces, n, rows)
            both = self.sum(sums, 0, False)
            gw, gb = (s.reshape(shape) if need else None for s, need in zip(both, needs[1:]))
        return gx, gw, gb

    def batch_moments(self, x: Array) -> tuple[Array, Array]:
        """Mean and (biased) variance of each channel of x (N, C, *): (C,), (C,)."""
        if not _is_planar(x):
            return super().batch_moments(x)
        n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
        out = np.empty((channels, 2), _F32)
        _channel_moments.launch(x, out, channels, n, places)
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
        _channel_line.launch(x, numbers, out, planes, x.shape[1], places)
        return out

    def batch_norm_backward(self, g: Array, x: Array, weight: Array | None, mean: Array, var: Array,
                            training: bool, eps: float, needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias; mean and var are those of x if `training`."""
        if not _is_planar(x, g, weight, mean, var):
            return super().batch_norm_backward(g, x, weight, mean, var, training, eps, needs)
        n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
        g, count = np.broadcast_to(g, x.shape), n * math.prod(x.shape[2:])
        sums = np.empty((channels, 2), _F64)
        _channel_sums.launch(g, x, mean, sums, channels, n, places)
        total, along = sums.T
        scale = 1 / np.sqrt(var.astype(_F64) + eps)
        gx = None
        if needs[0]:
            factor = scale if weight is None else scale * weight
            zero = np.zeros(channels)
            level = total / count if training else zero
            slope = -factor * scale * scale * along / count if training else zero
            numbers = np.stack((factor, level, slope, mean), 1).astype(_F32)
            gx = np.empty(x.shape, _F32)
            _channel_plane.launch(g, x, numbers, gx, n * channels, channels, places)
        gw = (along * scale).astype(_F32) if needs[1] else None
        return gx, gw, total.astype(_F32) if needs[2] else None
