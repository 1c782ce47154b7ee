"""Convolutions: the columns of as many images as fit in the cache, then one BLAS call for them.

The columns of several images side by side make one wide product where each image alone would make
a narrow one (28 x 28 places, or 7 x 7); the results are then dealt out to the images, and the bias
added. One and two spatial axes, float32 and float64, one group; NumPy handles the rest.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.numpy.quiet import quiet
from torchlite_numba.kernel import I64, REALS, Real, helper, kernel
from torchlite_numba.launch import COSTLY_FROM

Array = Any
Ints = tuple[int, ...]
_BUFFER = 1 << 20  # bytes of columns: half of the second-level cache of two cores
_product = quiet(np.dot)

# Kernels receive the geometry of a convolution as one array of integers, see `geometry_of`:
# channels, H, W, then rows and columns of the result, the window, the stride, padding, dilation.


@helper
def inside(right: Any, width: Any, step: Any, columns: Any) -> Any:
    """The range first..last of the columns j for which ``j * step + right`` lies within a row."""
    first = min(max((step - 1 - right) // step, 0), columns)
    return first, max(min((width - 1 - right) // step + 1, columns), first)


@kernel(threshold=COSTLY_FROM)
def _im2col(x: Real, geometry: I64, out: Real, lo: int, hi: int, images: int) -> None:
    """Rows lo..hi of the columns (C * KH * KW, images * OH * OW)."""
    channels, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    for row in range(lo, hi):
        channel, down, right = row // (kh * kw), row // kw % kh * dh - ph, row % kw * dw - pw
        first, last = inside(right, width, sw, columns)
        for image in range(images):
            start = (image * channels + channel) * plane
            for i in range(rows):
                to = (row * images + image) * places + i * columns
                result = out[to : to + columns]
                y = i * sh + down
                if y < 0 or y >= height:
                    result[:] = 0
                    continue
                result[:first] = 0
                result[last:] = 0
                part, at = result[first:last], start + y * width + first * sw + right
                if sw == 1:
                    source = x[at : at + part.size]
                    for k in range(part.size):
                        part[k] = source[k]
                else:
                    for k in range(part.size):
                        part[k] = x[at + k * sw]


@kernel(threshold=COSTLY_FROM)
def _col2im(x: Real, geometry: I64, out: Real, lo: int, hi: int, images: int) -> None:
    """Channels lo..hi of the images: the sums of their columns, the adjoint of `_im2col`."""
    channels, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    for channel in range(lo, hi):
        for image in range(images):
            start = (image * channels + channel) * plane
            out[start : start + plane] = 0
            for tap in range(kh * kw):
                down, right = tap // kw * dh - ph, tap % kw * dw - pw
                first, last = inside(right, width, sw, columns)
                base = ((channel * kh * kw + tap) * images + image) * places
                for i in range(rows):
                    y = i * sh + down
                    if y < 0 or y >= height:
                        continue
                    part = x[base + i * columns + first : base + i * columns + last]
                    at = start + y * width + first * sw + right
                    if sw == 1:
                        result = out[at : at + part.size]
                        for k in range(part.size):
                            result[k] += part[k]
                    else:
                        for k in range(part.size):
                            out[at + k * sw] += part[k]


@kernel(threshold=COSTLY_FROM)
def _deal(x: Real, bias: Real, out: Real, lo: int, hi: int, images: int, places: int) -> None:
    """Planes lo..hi of (images, C, places), out of (C, images, places), plus a bias (C,)."""
    channels = bias.size
    for plane in range(lo, hi):
        image, channel = plane // channels, plane % channels
        start = (channel * images + image) * places
        source, shift = x[start : start + places], bias[channel]
        result = out[plane * places : plane * places + places]
        for k in range(places):
            result[k] = source[k] + shift


@kernel(threshold=COSTLY_FROM)
def _gather(x: Real, out: Real, lo: int, hi: int, images: int, channels: int, places: int) -> None:
    """Planes lo..hi of (channels, images, places), out of (images, channels, places)."""
    for plane in range(lo, hi):
        channel, image = plane // images, plane % images
        start = (image * channels + channel) * places
        source, result = x[start : start + places], out[plane * places : plane * places + places]
        for k in range(places):
            result[k] = source[k]


class _Scratch(threading.local):
    """Memory reused between calls: fresh pages cost more than writing to them."""

    def __init__(self) -> None:
        self.held: dict[Any, Array] = {}

    def array(self, name: str, shape: Ints, dtype: Any) -> Array:
        size = math.prod(shape) * dtype.itemsize
        if size > 4 * _BUFFER:
            return np.empty(shape, dtype)
        held = self.held.get(name)
        if held is None or held.size < size:
            held = self.held[name] = np.empty(max(size, _BUFFER), np.uint8)
        return held[:size].view(dtype).reshape(shape)


_scratch = _Scratch()


def geometry_of(channels: int, size: Ints, counts: Ints, kernel: Ints, *others: Ints) -> Array:
    """The integers that kernels read; a single axis becomes the second of two."""
    parts: list[int] = []
    for values, neutral in zip((size, counts, kernel, *others), (1, 1, 1, 1, 0, 1)):
        parts += values if len(values) == 2 else (neutral, *values)
    return np.array((channels, *parts), np.int64)


def _blocks(count: int, each: int) -> list[slice]:
    """Slices of `count` images, so that the columns of a block (`each` bytes an image) fit."""
    step = max(_BUFFER // max(each, 1), 1)
    return [slice(i, min(i + step, count)) for i in range(0, count, step)]


def _side_by_side(x: Array) -> Array:
    """(n, C, *S) -> (C, n * places): for each channel, the planes of all images in turn."""
    n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    if n == 1:
        return x.reshape(channels, places)
    out = _scratch.array("planes", (channels, n * places), x.dtype)
    _gather.launch(x, out, channels * n, n, channels, places)
    return out


def _columns(x: Array, geometry: Array, rows: int, places: int) -> Array:
    """The columns (rows, n * places) of images x (n, C, *S)."""
    out = _scratch.array("columns", (rows, len(x) * places), x.dtype)
    _im2col.launch(x, geometry, out, rows, len(x))
    return out


def _fits(x: Array, other: Array, groups: int) -> bool:
    same = x.dtype == other.dtype and x.dtype in REALS
    return same and groups == 1 and x.ndim <= 4 and x.size > 0 and other.size > 0


class Convolution(NumpyBackend):
    """Convolutions and their gradients."""

    def convolution(self, x: Array, weight: Array, bias: Array | None, size: Ints, stride: Ints,
                    padding: Ints, dilation: Ints, groups: int) -> Array:  # fmt: skip
        """x (N, C, *S), weight (O, C, *kernel), bias (O,) or None -> (N, O, *size)."""
        if not _fits(x, weight, groups) or not math.prod(size):
            return super().convolution(x, weight, bias, size, stride, padding, dilation, groups)
        x = np.ascontiguousarray(x)
        matrix, places = weight.reshape(len(weight), -1), math.prod(size)
        outputs, rows = matrix.shape
        geometry = geometry_of(
            x.shape[1], x.shape[2:], size, weight.shape[2:], stride, padding, dilation
        )
        if bias is None:
            bias = np.zeros(outputs, x.dtype)
        out = np.empty((len(x), outputs, *size), x.dtype)
        for block in _blocks(len(x), rows * places * x.itemsize):
            columns = _columns(x[block], geometry, rows, places)
            n = columns.shape[1] // places
            product = _scratch.array("product", (outputs, n * places), x.dtype)
            _product(matrix, columns, product)
            _deal.launch(product, bias, out[block], n * outputs, n, places)
        return out

    def convolution_transposed(self, x: Array, weight: Array, bias: Array | None, size: Ints,
                               stride: Ints, padding: Ints, dilation: Ints,
                               groups: int) -> Array:  # fmt: skip
        """The adjoint for x (N, C, *S), weight (C, O, *kernel), plus bias -> (N, O, *size)."""
        if not _fits(x, weight, groups) or not math.prod(size):
            return super().convolution_transposed(
                x, weight, bias, size, stride, padding, dilation, groups
            )
        x, channels = np.ascontiguousarray(x), weight.shape[1]
        matrix, places = weight.reshape(len(weight), -1).T, math.prod(x.shape[2:])
        geometry = geometry_of(
            channels, size, x.shape[2:], weight.shape[2:], stride, padding, dilation
        )
        out = np.empty((len(x), channels, *size), x.dtype)
        for block in _blocks(len(x), len(matrix) * places * x.itemsize):
            planes = _side_by_side(x[block])
            columns = _scratch.array("columns", (len(matrix), planes.shape[1]), x.dtype)
            _product(matrix, planes, columns)
            n = planes.shape[1] // places
            _col2im.launch(columns, geometry, out[block], channels, n)
        return out if bias is None else self.add(out, bias.reshape(-1, *(1,) * len(size)))

    def convolution_weight(self, grad: Array, x: Array, kernel: Ints, stride: Ints, padding: Ints,
                           dilation: Ints, groups: int) -> Array:  # fmt: skip
        """grad (N, O, *size), x (N, C, *S) -> the gradient of the weight (O, C, *kernel)."""
        if not _fits(x, grad, groups):
            return super().convolution_weight(grad, x, kernel, stride, padding, dilation, groups)
        x, grad = np.ascontiguousarray(x), np.ascontiguousarray(grad)
        rows, places = x.shape[1] * math.prod(kernel), math.prod(grad.shape[2:])
        geometry = geometry_of(
            x.shape[1], x.shape[2:], grad.shape[2:], kernel, stride, padding, dilation
        )
        total = np.zeros((grad.shape[1], rows), x.dtype)
        for block in _blocks(len(x), rows * places * x.itemsize):
            columns = _columns(x[block], geometry, rows, places)
            total += _product(_side_by_side(grad[block]), columns.T)
        return total.reshape(grad.shape[1], x.shape[1], *kernel)
