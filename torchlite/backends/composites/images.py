"""Composites over sliding windows of images: see `torchlite.backends.composites`.

Images are (N, C, *spatial) with any number D of spatial axes. ``kernel``, ``stride``, ``padding``
and ``dilation`` are tuples of D ints. ``size`` is the spatial shape of the result and ``counts``
the number of windows along each axis; the caller computes both, with PyTorch's rounding.
Along an axis, window ``o`` reads the indices ``o * stride - padding + k * dilation``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import WINDOW, composite

Array = Any
Ints = tuple[int, ...]
_ALL = slice(None)


class Convolutions:
    """Convolutions and their building blocks; each is the adjoint of another."""

    @composite(WINDOW, linear="x")
    def im2col(xp, x: Array, counts: Ints, kernel: Ints, stride: Ints, padding: Ints,
               dilation: Ints) -> Array:  # fmt: skip
        """The windows of zero-padded x as columns: (N, C, *S) -> (N, C * K, P).

        K is the number of elements per window, P the number of windows.
        """
        x = padded(xp, x, counts, kernel, stride, padding, dilation, 0)
        n, channels = x.shape[:2]
        parts = [xp.getitem(x, place) for place in taps(counts, kernel, stride, dilation)]
        shape = n, channels * math.prod(kernel), math.prod(counts)
        return xp.reshape(xp.stack(parts, 2), shape)

    @composite(WINDOW, linear="columns", accumulates=True)
    def col2im(xp, columns: Array, size: Ints, counts: Ints, kernel: Ints, stride: Ints,
               padding: Ints, dilation: Ints) -> Array:  # fmt: skip
        """The adjoint of `im2col`: sums columns (N, C * K, P) into (N, C, *size)."""
        n, rows, _ = columns.shape
        area, kind = math.prod(kernel), dtypes.of(columns)
        parts = xp.reshape(columns, (n, rows // area, area, *counts))
        shape = (n, rows // area, *reach(size, counts, kernel, stride, padding, dilation))
        total = xp.full(shape, 0, kind)
        for k, place in enumerate(taps(counts, kernel, stride, dilation)):
            part = xp.getitem(parts, (_ALL, _ALL, k))
            total = xp.add(total, xp.getitem_backward(part, shape, kind, place))
        return xp.getitem(total, inner(size, padding))

    @composite(WINDOW, bilinear="x weight", accumulates=True)
    def convolution(xp, x: Array, weight: Array, bias: Array | None, size: Ints, stride: Ints,
                    padding: Ints, dilation: Ints, groups: int) -> Array:  # fmt: skip
        """x (N, C, *S), weight (O, C / groups, *kernel), bias (O,) or None -> (N, O, *size)."""
        n, kernel = x.shape[0], tuple(weight.shape[2:])
        columns = xp.im2col(x, size, kernel, stride, padding, dilation)
        rows = math.prod(weight.shape[1:])
        columns = xp.reshape(columns, (n, groups, rows, math.prod(size)))
        matrix = xp.reshape(weight, (groups, weight.shape[0] // groups, rows))
        out = xp.reshape(xp.matmul(matrix, columns), (n, weight.shape[0], *size))
        return out if bias is None else xp.add(out, per_channel(xp, bias, len(size)))

    @composite(WINDOW, bilinear="x weight", accumulates=True)
    def convolution_transposed(xp, x: Array, weight: Array, bias: Array | None, size: Ints,
                               stride: Ints, padding: Ints, dilation: Ints,
                               groups: int) -> Array:  # fmt: skip
        """The adjoint of `convolution` with respect to x, plus bias (O,).

        x (N, C, *S), weight (C, O / groups, *kernel) -> (N, O, *size).
        """
        n, channels, *counts = x.shape
        kernel, places = tuple(weight.shape[2:]), math.prod(counts)
        rows = math.prod(weight.shape[1:])
        matrix = xp.reshape(weight, (groups, channels // groups, rows))
        x = xp.reshape(x, (n, groups, channels // groups, places))
        columns = xp.reshape(
            xp.matmul(xp.permute(matrix, (0, 2, 1)), x), (n, groups * rows, places)
        )
        out = xp.col2im(columns, size, tuple(counts), kernel, stride, padding, dilation)
        return out if bias is None else xp.add(out, per_channel(xp, bias, len(size)))

    @composite(WINDOW, bilinear="grad x", accumulates=True)
    def convolution_weight(xp, grad: Array, x: Array, kernel: Ints, stride: Ints, padding: Ints,
                           dilation: Ints, groups: int) -> Array:  # fmt: skip
        """The gradient of `convolution` with respect to its weight.

        grad (N, O, *size), x (N, C, *S) -> (O, C / groups, *kernel).
        """
        n, outputs, *counts = grad.shape
        columns = xp.im2col(x, tuple(counts), kernel, stride, padding, dilation)
        rows, places = columns.shape[1] // groups, math.prod(counts)
        columns = xp.permute(xp.reshape(columns, (n, groups, rows, places)), (0, 1, 3, 2))
        grad = xp.reshape(grad, (n, groups, outputs // groups, places))
        product = xp.sum(xp.matmul(grad, columns), 0, False)
        return xp.reshape(product, (outputs, x.shape[1] // groups, *kernel))


class Pools:
    """Pooling; max pooling also returns the flat index of each maximum in its input plane."""

    @composite(WINDOW, results=2)
    def max_pool(xp, x: Array, size: Ints, kernel: Ints, stride: Ints, padding: Ints,
                 dilation: Ints) -> tuple[Array, Array]:  # fmt: skip
        """The maximum of each window, (N, C, *size), and its flat index, int64 of that shape."""
        axes = []
        for i, length in enumerate(x.shape[2:]):
            starts = xp.arange(0, size[i], 1, dtypes.int64)
            starts = xp.reshape(xp.sub(xp.mul(starts, stride[i]), padding[i]), (-1, 1))
            steps = xp.mul(xp.arange(0, kernel[i], 1, dtypes.int64), dilation[i])
            places = xp.add(starts, steps)
            # indices outside the image are replaced by the first one inside it
            first = xp.sub(starts, xp.mul(xp.floor_divide(starts, dilation[i]), dilation[i]))
            first = xp.where(xp.lt(starts, 0), first, starts)
            outside = xp.logical_or(xp.lt(places, 0), xp.ge(places, length))
            axes.append(xp.where(outside, first, places))
        return _greatest(xp, x, axes)

    @composite(WINDOW, linear="grad", accumulates=True)
    def max_pool_backward(xp, grad: Array, places: Array, shape: Ints) -> Array:
        """Sums grad (N, C, *size) at the flat indices `places` per plane -> shape (N, C, *S)."""
        planes = (shape[0], shape[1], math.prod(shape[2:]))
        flat = (shape[0], shape[1], math.prod(grad.shape[2:]))
        zeros = xp.full(planes, 0, dtypes.of(grad))
        grad, places = xp.reshape(grad, flat), xp.reshape(places, flat)
        return xp.reshape(xp.scatter_add(zeros, places, grad, 2), shape)

    @composite(WINDOW, results=2)
    def adaptive_max_pool(xp, x: Array, size: Ints) -> tuple[Array, Array]:
        """Like `max_pool`, over the windows of `adaptive_bounds`."""
        axes = []
        for length, count in zip(x.shape[2:], size):
            bounds = adaptive_bounds(length, count)
            widest = max((stop - start for start, stop in bounds), default=1)
            places = [[min(start + k, stop - 1) for k in range(widest)] for start, stop in bounds]
            axes.append(xp.reshape(xp.array(places, dtypes.int64), (count, widest)))
        return _greatest(xp, x, axes)

    @composite(WINDOW, linear="x", accumulates=True)
    def avg_pool(xp, x: Array, size: Ints, kernel: Ints, stride: Ints, padding: Ints,
                 include_pad: bool, divisor: int | None) -> Array:  # fmt: skip
        """The sum of each window divided by `divisor`, or by its number of elements.

        `include_pad`: elements in the padding count too, but not those beyond it.
        """
        total = xp.pool_sum(x, size, kernel, stride, padding)
        return _divided(xp, total, x.shape[2:], size, kernel, stride, padding, include_pad, divisor)

    @composite(WINDOW, linear="grad", accumulates=True)
    def avg_pool_backward(xp, grad: Array, shape: Ints, kernel: Ints, stride: Ints, padding: Ints,
                          include_pad: bool, divisor: int | None) -> Array:  # fmt: skip
        """The gradient of `avg_pool` with respect to x, of `shape`."""
        grad = _divided(xp, grad, shape[2:], grad.shape[2:], kernel, stride, padding, include_pad,
                        divisor)  # fmt: skip
        return xp.pool_sum_backward(grad, shape, kernel, stride, padding)

    @composite(WINDOW, linear="x", accumulates=True)
    def pool_sum(xp, x: Array, size: Ints, kernel: Ints, stride: Ints, padding: Ints) -> Array:
        """The sum of each window -> (N, C, *size)."""
        columns = xp.im2col(x, size, kernel, stride, padding, (1,) * len(kernel))
        shape = (x.shape[0], x.shape[1], math.prod(kernel), *size)
        return xp.sum(xp.reshape(columns, shape), 2, False)

    @composite(WINDOW, linear="grad", accumulates=True)
    def pool_sum_backward(xp, grad: Array, shape: Ints, kernel: Ints, stride: Ints,
                          padding: Ints) -> Array:  # fmt: skip
        """Adds grad (N, C, *counts) to every element of its window -> shape (N, C, *S)."""
        n, channels, *counts = grad.shape
        area, places = math.prod(kernel), math.prod(counts)
        columns = xp.reshape(grad, (n, channels, 1, places))
        columns = xp.broadcast_to(columns, (n, channels, area, places))
        columns = xp.reshape(columns, (n, channels * area, places))
        ones = (1,) * len(kernel)
        return xp.col2im(columns, tuple(shape[2:]), tuple(counts), kernel, stride, padding, ones)


class Resampling:
    """Resampling, one axis at a time."""

    @composite(WINDOW, linear="x", accumulates=True)
    def resample(xp, x: Array, axis: int, index: Array, weights: Array | None) -> Array:
        """``sum(weights[t] * x[index[t]])`` along `axis`.

        index (T, O) of int64, non-decreasing in each row; weights (T, O) in the dtype of x, or
        None for ones.
        """
        total = None
        for t in range(index.shape[0]):
            term = xp.take(x, xp.getitem(index, (t,)), axis)
            if weights is not None:
                shape = (1,) * axis + (-1,) + (1,) * (len(x.shape) - axis - 1)
                term = xp.mul(term, xp.reshape(xp.getitem(weights, (t,)), shape))
            total = term if total is None else xp.add(total, term)
        return total

    @composite(WINDOW, linear="grad", accumulates=True)
    def resample_backward(xp, grad: Array, axis: int, length: int, index: Array,
                          weights: Array | None) -> Array:  # fmt: skip
        """The gradient of `resample` with respect to x, which has `length` along `axis`."""
        shape = (*grad.shape[:axis], length, *grad.shape[axis + 1 :])
        total = xp.full(shape, 0, dtypes.of(grad))
        for t in range(index.shape[0]):
            term = grad
            if weights is not None:
                kept = (1,) * axis + (-1,) + (1,) * (len(shape) - axis - 1)
                term = xp.mul(grad, xp.reshape(xp.getitem(weights, (t,)), kept))
            place = (_ALL,) * axis + (xp.getitem(index, (t,)),)
            total = xp.index_put(total, place, term, True)
        return total


class Images(Convolutions, Pools, Resampling):
    """All image composites."""


def taps(counts: Ints, kernel: Ints, stride: Ints, dilation: Ints) -> Iterator[tuple]:
    """For each element of a window, the index of it in padded (N, C, *S) for all windows."""
    for offsets in itertools.product(*map(range, kernel)):
        starts = [k * d for k, d in zip(offsets, dilation)]
        spans = [max((n - 1) * s + 1, 0) for n, s in zip(counts, stride)]
        yield (_ALL, _ALL, *(slice(a, a + n, s) for a, n, s in zip(starts, spans, stride)))


def reach(size: Ints, counts: Ints, kernel: Ints, stride: Ints, padding: Ints,
          dilation: Ints) -> list[int]:  # fmt: skip
    """The length of each axis with its leading padding and whatever windows read past the end."""
    windows = [
        (n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(counts, kernel, stride, dilation)
    ]
    return [max(length + p, window) for length, p, window in zip(size, padding, windows)]


def inner(size: Ints, padding: Ints) -> tuple:
    """The index of the image inside its padded form."""
    return (_ALL, _ALL, *(slice(p, p + length) for p, length in zip(padding, size)))


def padded(xp: Any, x: Array, counts: Ints, kernel: Ints, stride: Ints, padding: Ints,
           dilation: Ints, value: Any) -> Array:  # fmt: skip
    """x padded with `value` as far as windows reach; x itself if they stay inside."""
    size = x.shape[2:]
    whole = reach(size, counts, kernel, stride, padding, dilation)
    widths = [(p, n - p - length) for p, n, length in zip(padding, whole, size)]
    if not any(map(any, widths)):
        return x
    return xp.pad(x, ((0, 0), (0, 0), *widths), value)


def per_channel(xp: Any, bias: Array, spatial: int) -> Array:
    """bias (O,) reshaped to broadcast over images."""
    return xp.reshape(bias, (bias.shape[0],) + (1,) * spatial)


def adaptive_bounds(length: int, count: int) -> list[tuple[int, int]]:
    """The windows [start, stop) of adaptive pooling from `length` to `count` along an axis."""
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


def _greatest(xp: Any, x: Array, axes: list) -> tuple[Array, Array]:
    """The maxima of windows and their flat indices; axes[i] (O, K): the indices they read."""
    size = tuple(a.shape[0] for a in axes)
    flat: Any = 0
    for i, places in enumerate(axes):
        broad = [1] * (2 * len(axes))
        broad[i], broad[len(axes) + i] = places.shape
        step = math.prod(x.shape[3 + i :])
        flat = xp.add(xp.reshape(xp.mul(places, step), broad), flat)
    n, channels, windows = x.shape[0], x.shape[1], math.prod(size)
    candidates = xp.reshape(flat, (1, 1, windows, math.prod(flat.shape[len(axes) :])))
    candidates = xp.broadcast_to(candidates, (n, channels, *candidates.shape[2:]))
    plane = xp.reshape(x, (n, channels, math.prod(x.shape[2:])))
    chosen = xp.reshape(candidates, (n, channels, windows * candidates.shape[3]))
    values = xp.reshape(xp.gather(plane, chosen, 2), tuple(candidates.shape))
    best = xp.argmax(values, 3, True)
    shape = (n, channels, *size)
    return (
        xp.reshape(xp.gather(values, best, 3), shape),
        xp.reshape(xp.gather(candidates, best, 3), shape),
    )


def _divided(xp: Any, total: Array, length: Ints, size: Ints, kernel: Ints, stride: Ints,
             padding: Ints, include_pad: bool, divisor: int | None) -> Array:  # fmt: skip
    """Sums of windows divided by `divisor` or by their numbers of elements."""
    if divisor is not None:
        return xp.div(total, divisor)
    areas: Any = 1
    for i, count in enumerate(size):
        numbers = _extents(length[i], count, kernel[i], stride[i], padding[i], include_pad)
        if len(set(numbers)) == 1:
            areas = areas * numbers[0] if isinstance(areas, int) else xp.mul(areas, numbers[0])
        else:
            shape = [count if k == i else 1 for k in range(len(size))]
            areas = xp.mul(xp.reshape(xp.array(numbers, dtypes.of(total)), shape), areas)
    return xp.div(total, areas)


def _extents(length: int, count: int, kernel: int, stride: int, padding: int,
             include_pad: bool) -> list[int]:  # fmt: skip
    """The number of elements that count in each window along one axis."""
    low, high = (-padding, length + padding) if include_pad else (0, length)
    starts = [o * stride - padding for o in range(count)]
    return [min(start + kernel, high) - max(start, low) for start in starts]
