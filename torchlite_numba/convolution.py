"""Convolutions: columns of some images at a time, as many as stay in the cache, and one BLAS call.

Columns of several images side by side make one wide product where each image alone would make a
narrow one (28 x 28 places, or 7 x 7); their results are then dealt out to the images together with
the bias. One and two spatial axes, float32 and float64, one group; NumPy has the rest.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray

from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.numpy.quiet import quiet
from torchlite_numba import codegen, launch
from torchlite_numba.vector import helper

Array = Any
Ints = tuple[int, ...]
_I64 = np.dtype(np.int64)
FLOATS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))
_BUFFER = 1 << 20  # bytes of columns: half of what two cores have as second cache
_product = quiet(np.dot)

# What the kernels know of a convolution, as an array of integers: see `geometry_of`.
# channels, H, W, rows and columns of the result, of the window, steps, padding, dilation


@helper
def inside(right: Any, width: Any, step: Any, columns: Any) -> Any:
    """The columns first..last of a result whose window place ``j * step + right`` is in a row."""
    first = min(max((step - 1 - right) // step, 0), columns)
    return first, max(min((width - 1 - right) // step + 1, columns), first)


def _im2col(a, b, c, o, lo, hi, n, m, p, q, r):
    """Rows lo..hi of the columns (C * KH * KW, n * OH * OW) of n images."""
    geometry = carray(c, 13)
    channels, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    x, out = carray(a, n * channels * plane), carray(o, hi * n * places)
    for row in range(lo, hi):
        channel, down, right = row // (kh * kw), row // kw % kh * dh - ph, row % kw * dw - pw
        first, last = inside(right, width, sw, columns)
        for image in range(n):
            start = (image * channels + channel) * plane
            for i in range(rows):
                to = (row * n + image) * places + i * columns
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


def _col2im(a, b, c, o, lo, hi, n, m, p, q, r):
    """Channels lo..hi of n images: the sums of their columns, the adjoint of `_im2col`."""
    geometry = carray(c, 13)
    channels, height, width, rows, columns, kh, kw = geometry[:7]
    sh, sw, ph, pw, dh, dw = geometry[7:]
    plane, places = height * width, rows * columns
    x, out = carray(a, hi * kh * kw * n * places), carray(o, n * channels * plane)
    for channel in range(lo, hi):
        for image in range(n):
            start = (image * channels + channel) * plane
            out[start : start + plane] = 0
            for tap in range(kh * kw):
                down, right = tap // kw * dh - ph, tap % kw * dw - pw
                first, last = inside(right, width, sw, columns)
                base = ((channel * kh * kw + tap) * n + image) * places
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


def _deal(a, b, c, o, lo, hi, n, m, p, q, r):
    """Planes lo..hi of (n images, C planes) of m places, out of (C, n, m), plus a bias (C,)."""
    channels = int(p)
    x, bias, out = carray(a, n * channels * m), carray(b, channels), carray(o, hi * m)
    for plane in range(lo, hi):
        image, channel = plane // channels, plane % channels
        source = x[(channel * n + image) * m : (channel * n + image) * m + m]
        result, shift = out[plane * m : plane * m + m], bias[channel]
        for k in range(m):
            result[k] = source[k] + shift


def _gather(a, b, c, o, lo, hi, n, m, p, q, r):
    """Planes lo..hi of (C channels, n images) of m places, out of (n, C, m)."""
    channels = int(p)
    x, out = carray(a, n * channels * m), carray(o, hi * m)
    for plane in range(lo, hi):
        channel, image = plane // n, plane % n
        source = x[(image * channels + channel) * m : (image * channels + channel) * m + m]
        result = out[plane * m : plane * m + m]
        for k in range(m):
            result[k] = source[k]


_addresses: dict[Any, int] = {}


def run_kernel(kernel: Callable, a: Array, b: Array, c: Array, out: Array, count: int, n: int = 1,
               m: int = 1, p: float = 0.0) -> None:  # fmt: skip
    """`kernel` over `count` pieces of work on arrays a and b, integers c and a result as a."""
    address = _addresses.get((kernel, a.dtype))
    if address is None:
        kinds = (a.dtype, b.dtype, _I64, a.dtype)
        address = _addresses[kernel, a.dtype] = codegen.compile_kernel(kernel, kinds)
    driver = launch.serial if out.size < launch.COSTLY_FROM else launch.parallel
    driver(address, a.ravel(), b.ravel(), c, out.ravel(), count, n, m, p, 0.0, 0.0)


class _Scratch(threading.local):
    """Memory that calls use again: fresh pages cost more than writing to them."""

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
NOTHING: Array = np.zeros(13, np.int64)


def geometry_of(channels: int, size: Ints, counts: Ints, kernel: Ints, *others: Ints) -> Array:
    """The integers that kernels read; one axis is the second of two, the first of length 1."""
    parts: list[int] = []
    for values, neutral in zip((size, counts, kernel, *others), (1, 1, 1, 1, 0, 1)):
        parts += values if len(values) == 2 else (neutral, *values)
    return np.array((channels, *parts), np.int64)


def _blocks(count: int, each: int) -> list[slice]:
    """Slices of `count` images, of so many as need no more than the buffer."""
    step = max(_BUFFER // max(each, 1), 1)
    return [slice(i, min(i + step, count)) for i in range(0, count, step)]


def _side_by_side(x: Array) -> Array:
    """(n, C, *S) -> (C, n * places): the planes of a channel of all images one after another."""
    n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    if n == 1:
        return x.reshape(channels, places)
    out = _scratch.array("planes", (channels, n * places), x.dtype)
    run_kernel(_gather, x, x, NOTHING, out, channels * n, n, places, float(channels))
    return out


def _columns(x: Array, geometry: Array, rows: int, places: int) -> Array:
    """The columns (rows, n * places) of images x (n, C, *S)."""
    out = _scratch.array("columns", (rows, len(x) * places), x.dtype)
    run_kernel(_im2col, x, x, geometry, out, rows, len(x))
    return out


def _fits(x: Array, other: Array, groups: int) -> bool:
    same = x.dtype == other.dtype and x.dtype in FLOATS
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
            images, planes = out[block], n * outputs
            run_kernel(_deal, product, bias, NOTHING, images, planes, n, places, float(outputs))
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
            run_kernel(_col2im, columns, columns, geometry, out[block], channels, n)
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
