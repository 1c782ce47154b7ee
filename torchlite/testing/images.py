"""Arguments for sliding-window methods; every window reads at least one element of the image."""

from __future__ import annotations

import math

from torchlite import dtypes
from torchlite.testing.drawing import REFERENCE, Arguments, Draws, arguments, fixed

Ints = tuple[int, ...]


def _kind(d: Draws) -> dtypes.dtype:
    return d.one_of(dtypes.float32, dtypes.float64)


class _Windows:
    """A draw of images (N, C, *space) and windows over them; `size` counts the windows."""

    def __init__(self, d: Draws, dilated: bool = True) -> None:
        axes = range(d.integer(1, 3))
        self.kernel = tuple(d.integer(1, 3) for _ in axes)
        self.stride = tuple(d.integer(1, 3) for _ in axes)
        self.padding = tuple(d.integer(0, k // 2) for k in self.kernel)
        self.dilation = tuple(d.integer(1, 2) if dilated else 1 for _ in axes)
        self.space = tuple(
            (k - 1) * step + 1 + d.integer(0, 4) for k, step in zip(self.kernel, self.dilation)
        )
        self.images = d.integer(1, 3)
        self.size = tuple(map(_count, *self.geometry()))

    def geometry(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        return self.space, self.kernel, self.stride, self.padding, self.dilation


def _count(length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


# --- convolutions ---------------------------------------------------------------------------------


@arguments()
def im2col(d: Draws) -> Arguments:
    w = _Windows(d)
    (x,) = d.plain(_kind(d), (w.images, d.integer(1, 3), *w.space))
    return [x, w.size, *w.geometry()[1:]]


@arguments()
def col2im(d: Draws) -> Arguments:
    w, channels = _Windows(d), d.integer(1, 3)
    rows, places = math.prod((channels, *w.kernel)), math.prod(w.size)
    return [*d.plain(_kind(d), (w.images, rows, places)), w.space, w.size, *w.geometry()[1:]]


def _channels(d: Draws) -> tuple[int, int, int]:
    """The number of groups, and the input and output channels of each."""
    return d.integer(1, 2), d.integer(1, 3), d.integer(1, 3)


@arguments("convolution convolution_transposed")
def _convolution(d: Draws) -> Arguments:
    """The transposed convolution goes from the windows to the space."""
    w, (groups, before, after) = _Windows(d), _channels(d)
    options = [w.stride, w.padding, w.dilation, groups]
    if d.method == "convolution":
        source, target, shape = w.space, w.size, (groups * after, before, *w.kernel)
    else:
        source, target, shape = w.size, w.space, (groups * before, after, *w.kernel)
    x, weight, bias = d.plain(
        _kind(d), (w.images, groups * before, *source), shape, (groups * after,)
    )
    return [x, weight, d.one_of(bias, None), target, *options]


@arguments()
def convolution_weight(d: Draws) -> Arguments:
    w, (groups, before, after) = _Windows(d), _channels(d)
    shapes = (w.images, groups * after, *w.size), (w.images, groups * before, *w.space)
    return [*d.plain(_kind(d), *shapes), *w.geometry()[1:], groups]


# --- pooling and resampling -----------------------------------------------------------------------


@arguments()
def max_pool(d: Draws) -> Arguments:
    w = _Windows(d)
    return [*d.plain(_kind(d), (w.images, 2, *w.space)), w.size, *w.geometry()[1:]]


@arguments()
def max_pool_backward(d: Draws) -> Arguments:
    x, *windows = max_pool(d)
    _, places = REFERENCE.max_pool(x.layout(x.source), *windows)
    return [*d.plain(dtypes.of(x.source), places.shape), fixed(places), x.shape]


@arguments()
def adaptive_max_pool(d: Draws) -> Arguments:
    space = tuple(d.integer(1, 5) for _ in range(d.integer(1, 3)))
    return [*d.plain(_kind(d), (2, 2, *space)), tuple(d.integer(1, 4) for _ in space)]


@arguments("avg_pool avg_pool_backward pool_sum pool_sum_backward")
def _average(d: Draws) -> Arguments:
    w = _Windows(d, dilated=False)
    shape = w.images, 2, *w.space
    divided = [d.flag(), d.one_of(None, 3)] if d.method.startswith("avg") else []
    windows = [w.kernel, w.stride, w.padding, *divided]
    if d.method.endswith("backward"):
        return [*d.plain(_kind(d), (*shape[:2], *w.size)), shape, *windows]
    return [*d.plain(_kind(d), shape), w.size, *windows]


@arguments("resample resample_backward")
def _resampling(d: Draws) -> Arguments:
    kind, shape = _kind(d), [d.integer(1, 4) for _ in range(d.integer(1, 4))]
    axis, taps, count = d.axis(shape), d.integer(1, 4), d.integer(1, 5)
    length = shape[axis]
    index = d.index((taps, count), length)
    rising = index.layout(index.source).copy()
    rising.sort(-1)
    places = [fixed(rising), d.one_of(*d.plain(kind, (taps, count)), None)]
    if d.method == "resample":
        return [*d.plain(kind, tuple(shape)), axis, *places]
    shape[axis] = count
    return [*d.plain(kind, tuple(shape)), axis, length, *places]
