"""Values of what slides windows over images: convolutions and pooling."""

import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def each_dimension(x, dims):
    """A number given once for all dimensions."""
    return (x,) * dims if isinstance(x, int) else tuple(x)


def padded(x, before, after, value=0.0):
    """`x` between as many values in each of its last dimensions."""
    rest = [(0, 0)] * (x.ndim - len(before))
    return np.pad(x, [*rest, *zip(before, after)], constant_values=value)


def windows(x, kernel, stride, dilation=1):
    """(..., *S) -> (..., *places, *kernel)."""
    dims = len(kernel)
    stride, dilation = each_dimension(stride, dims), each_dimension(dilation, dims)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    every = sliding_window_view(x, spans, tuple(range(-dims, 0)))
    return every[(..., *(slice(None, None, step) for step in stride + dilation))]


def flat(x, dims):
    """The last `dims` dimensions made one."""
    return x.reshape(*x.shape[: x.ndim - dims], math.prod(x.shape[x.ndim - dims :]))


# --- convolutions ---------------------------------------------------------------------------------


def convolution(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    dims = weight.ndim - 2
    kernel = weight.shape[2:]
    total = [2 * padding] * dims if isinstance(padding, int) else [0] * dims
    if padding == "same":
        total = [dilation * (k - 1) for k in kernel]
    x = padded(x, [t // 2 for t in total], [t - t // 2 for t in total])
    seen = windows(x, kernel, stride, dilation)  # (*N, channels, *places, *kernel)
    lead, places = x.shape[: -dims - 1], seen.shape[-2 * dims : -dims]
    seen = seen.reshape(*lead, groups, -1, math.prod(places), math.prod(kernel))
    by_group = flat(weight, dims).reshape(groups, -1, *seen.shape[-3::2])
    out = np.einsum("...gcpk,gock->...gop", seen, by_group)
    return out.reshape(*lead, -1, *places) + bias.reshape(-1, *[1] * dims)


def transposed_convolution(x, weight, bias, stride, groups, padding, output_padding, dilation):
    """Each number of `x` adds a multiple of the kernel to the image."""
    dims, kernel = weight.ndim - 2, weight.shape[2:]
    lead, places = x.shape[: -dims - 1], x.shape[-dims:]
    sizes = [stride * (n - 1) + dilation * (k - 1) + 1 + output_padding
             for n, k in zip(places, kernel)]  # fmt: skip
    x = x.reshape(*lead, groups, -1, math.prod(places))
    weight = weight.reshape(groups, -1, *weight.shape[1:])
    out = np.zeros((*lead, weight.shape[0] * weight.shape[2], *sizes))
    for at in np.ndindex(kernel):
        terms = np.einsum("...gcp,gco->...gop", x, weight[(..., *at)])
        where = (slice(dilation * i, dilation * i + stride * (n - 1) + 1, stride)
                 for i, n in zip(at, places))  # fmt: skip
        out[(..., *where)] += terms.reshape(*lead, -1, *places)
    inside = (slice(padding, n - padding) for n in sizes)
    return out[(..., *inside)] + bias.reshape(-1, *[1] * dims)


def conv_tbc(x, weight, bias, pad):
    """Time, batch, channels."""
    x = np.pad(x, [(pad, pad), (0, 0), (0, 0)])
    times = len(x) - len(weight) + 1
    return sum(x[i : i + times] @ w for i, w in enumerate(weight)) + bias


# --- pooling --------------------------------------------------------------------------------------


def pooling_windows(x, dims, kernel, stride, padding=0, ceil_mode=False, fill=0.0, beyond=0.0):
    """(..., *places, elements of a window): `fill` is the padding, `beyond` what is past it."""
    stride = stride or kernel
    extra = []
    for n in x.shape[-dims:]:
        length = n + 2 * padding - kernel
        count = (-(-length // stride) if ceil_mode else length // stride) + 1
        if ceil_mode and (count - 1) * stride >= n + padding:  # it would start in the padding
            count -= 1
        extra.append(max((count - 1) * stride - length, 0))
    x = padded(x, [padding] * dims, [padding] * dims, fill)
    x = padded(x, [0] * dims, extra, beyond)
    return flat(windows(x, (kernel,) * dims, stride), dims)


def places_in(x, dims):
    """Of each number of an image its place, counted along the rows."""
    shape = x.shape[-dims:]
    return np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), x.shape)


def largest(seen, places):
    """The largest number of each window, and its place in the image."""
    best = np.argmax(seen, -1)[..., None]
    return [np.take_along_axis(y, best, -1)[..., 0] for y in (seen, places)]


def max_pool(dims):
    def reference(x, kernel, *, return_indices, **options):
        seen = pooling_windows(x, dims, kernel, fill=-np.inf, beyond=-np.inf, **options)
        places = pooling_windows(places_in(x, dims), dims, kernel, **options)
        found = largest(seen, places)
        return found if return_indices else found[0]

    return reference


def avg_pool(dims):
    def reference(x, kernel, *, count_include_pad, divisor_override=None, **options):
        total = pooling_windows(x, dims, kernel, **options).sum(-1)
        ones = np.ones(x.shape)
        counted = pooling_windows(ones, dims, kernel, fill=float(count_include_pad), **options)
        return total / (divisor_override or counted.sum(-1))

    return reference


def lp_pool(dims):
    def reference(x, p, kernel, stride):
        return np.sum(pooling_windows(x, dims, kernel, stride) ** p, -1) ** (1 / p)

    return reference


def bins(x, size):
    """The parts of an image that `size` windows of about the same size cover."""
    shape = x.shape[-len(size) :]
    for at in np.ndindex(*size):
        starts = (i * n // m for i, n, m in zip(at, shape, size))
        ends = (-(-(i + 1) * n // m) for i, n, m in zip(at, shape, size))
        yield at, flat(x[(..., *map(slice, starts, ends))], len(size))


def adaptive_avg_pool(dims):
    def reference(x, size):
        size = each_dimension(size, dims)
        out = np.zeros((*x.shape[:-dims], *size))
        for at, part in bins(x, size):
            out[(..., *at)] = part.mean(-1)
        return out

    return reference


def adaptive_max_pool(dims):
    def reference(x, size, return_indices):
        size = each_dimension(size, dims)
        shape = (*x.shape[:-dims], *size)
        out, where = np.zeros(shape), np.zeros(shape, int)
        for (at, part), (_, places) in zip(bins(x, size), bins(places_in(x, dims), size)):
            out[(..., *at)], where[(..., *at)] = largest(part, places)
        return out, where

    return reference


def max_unpool(x, indices, kernel):
    out = np.zeros([n * (kernel if i > 1 else 1) for i, n in enumerate(x.shape)])
    out.reshape(-1)[indices.ravel()] = x.ravel()  # of one plane
    return out


def random_starts(size, kernel, count):
    """Where the windows of a fractional pooling may start: from end to end in even steps."""
    step = (size - kernel) / (count - 1)
    for steps in itertools.product((math.floor(step), math.ceil(step)), repeat=count - 1):
        if sum(steps) == size - kernel:
            yield np.cumsum([0, *steps])


def check_fractional_max_pool(result, x, kernel, size):
    (got,) = result
    dims = len(size)
    assert got.shape == (*x.shape[:-dims], *size)
    candidates = [[*random_starts(n, kernel, m)] for n, m in zip(x.shape[-dims:], size)]
    for plane in np.ndindex(x.shape[:-dims]):
        every = windows(x[plane], (kernel,) * dims, 1).max(tuple(range(-dims, 0)))
        assert any(
            np.array_equal(every[np.ix_(*starts)], got[plane])
            for starts in itertools.product(*candidates)
        )


_BY_DIMENSION = {
    "conv{}d": lambda dims: convolution,
    "conv_transpose{}d": lambda dims: transposed_convolution,
    "max_pool{}d": max_pool,
    "avg_pool{}d": avg_pool,
    "lp_pool{}d": lp_pool,
    "adaptive_avg_pool{}d": adaptive_avg_pool,
    "adaptive_max_pool{}d": adaptive_max_pool,
    "max_unpool{}d": lambda dims: max_unpool,
}
VALUES = {
    **{name.format(n): make(n) for name, make in _BY_DIMENSION.items() for n in (1, 2, 3)},
    "conv_tbc": conv_tbc,
}
CHECKS = dict.fromkeys(
    ("fractional_max_pool2d", "fractional_max_pool3d"), check_fractional_max_pool
)
