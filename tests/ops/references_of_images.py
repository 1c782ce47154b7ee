"""Values of padding, resampling and the rearrangements of the pixels of an image."""

import itertools
import math

import numpy as np

from tests.ops.references_of_windows import adaptive_avg_pool, flat, padded, windows

# --- padding --------------------------------------------------------------------------------------

_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(x, widths, mode, value=0.0):
    """`widths` come in pairs from the last dimension on; negative ones cut."""
    pairs = [*zip(widths[::2], widths[1::2])][::-1]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    if mode == "circular":  # what is cut away is no part of the circle, but of a mirror
        x = cut(x, pairs)
    options = {"constant_values": value or 0.0} if mode == "constant" else {}
    added = [(max(a, 0), max(b, 0)) for a, b in pairs]
    grown = np.pad(x, added, _MODES.get(mode, mode), **options)
    return grown if mode == "circular" else cut(grown, pairs)


def cut(x, pairs):
    return x[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, x.shape))]


# --- resampling -----------------------------------------------------------------------------------


def triangle(x, _=None):
    return max(1 - abs(x), 0)


def cubic(x, a=-0.75):
    """Keys' kernel."""
    x = abs(x)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return a * (((x - 5) * x + 8) * x - 4) if x < 2 else 0


def linear_weights(n, m, scale, kernel, align_corners):
    """(m, n): what each old pixel gives to each new one."""
    out = np.zeros((m, n))
    for i in range(m):
        center = i * (n - 1) / max(m - 1, 1) if align_corners else (i + 0.5) * scale - 0.5
        if kernel is triangle:
            center = max(center, 0)
        for j in range(math.floor(center) - 1, math.floor(center) + 3):
            out[i, min(max(j, 0), n - 1)] += kernel(center - j)
    return out


def smoothed_weights(n, m, scale, kernel, align_corners):
    """As above, with a kernel that is as wide as the old pixels under a new one."""
    if align_corners:
        scale = (n - 1) / (m - 1) if m > 1 else 0
    wide = max(scale, 1)
    support = (1 if kernel is triangle else 2) * wide
    out = np.zeros((m, n))
    for i in range(m):
        center = scale * (i + 0.5)
        first, last = int(center - support + 0.5), int(center + support + 0.5)
        for j in range(max(first, 0), min(last, n)):
            out[i, j] = kernel((j - center + 0.5) / wide, -0.5)
    return out / out.sum(1, keepdims=True)


def nearest_weights(n, m, scale, shift):
    """The pixel under the left edge of a new one, or (with a shift of a half) under its middle."""
    return np.eye(n)[[min(int((i + shift) * scale), n - 1) for i in range(m)]]


def interpolate(x, size=None, scale_factor=None, mode="", align_corners=None, antialias=False):
    sizes = x.shape[2:]
    size = size or tuple(int(n * scale_factor) for n in sizes)
    if mode == "area":
        return adaptive_avg_pool(len(size))(x, size)
    for axis, (n, m) in enumerate(zip(sizes, size), 2):
        scale = n / m if scale_factor is None else 1 / scale_factor
        if mode.startswith("nearest"):
            weights = nearest_weights(n, m, scale, 0.5 if mode == "nearest-exact" else 0)
        else:
            make = smoothed_weights if antialias else linear_weights
            weights = make(n, m, scale, cubic if mode == "bicubic" else triangle, align_corners)
        x = np.moveaxis(np.moveaxis(x, axis, -1) @ weights.T, -1, axis)
    return x


# --- sampling at points ---------------------------------------------------------------------------


def bent(at, n, padding, align_corners):
    """A coordinate outside of the image brought inside."""
    if padding == "reflection":
        low, high = (0, n - 1) if align_corners else (-0.5, n - 0.5)
        if high == low:
            return 0
        around = (at - low) % (2 * (high - low))
        at = low + min(around, 2 * (high - low) - around)
    return at if padding == "zeros" else min(max(at, 0), n - 1)


def neighbours(at, n, mode, padding, align_corners):
    """The pixels of a row around a coordinate in [-1, 1], and their weights."""
    at = (at + 1) / 2 * (n - 1) if align_corners else ((at + 1) * n - 1) / 2
    if mode == "bilinear":  # a bent coordinate; in bicubic mode bent pixels
        at = bent(at, n, padding, align_corners)
    for j in range(math.floor(at) - 1, math.floor(at) + 3):
        weight = (triangle if mode == "bilinear" else cubic)(at - j)
        place = round(bent(j, n, padding, align_corners))
        if 0 <= place < n and weight:
            yield place, weight


def grid_sample(x, grid, mode, padding, align_corners):
    out = np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for batch, *place in np.ndindex(grid.shape[:-1]):
        point = grid[(batch, *place)][::-1]  # x, y (, z) to the order of dimensions
        axes = [neighbours(at, n, mode, padding, align_corners)
                for at, n in zip(point, x.shape[2:])]  # fmt: skip
        for corner in itertools.product(*axes):
            pixel, weights = zip(*corner)
            seen = x[(batch, slice(None), *pixel)]
            out[(batch, slice(None), *place)] += seen * math.prod(weights)
    return out


def affine_grid(theta, size, align_corners):
    """Where the pixels of an image of `size` lie after the map (x, y, z, 1) -> theta."""
    axes = [np.linspace(-1, 1, n) if align_corners else (np.arange(n) + 0.5) / n * 2 - 1
            for n in size[2:]]  # fmt: skip
    axes = [axis if len(axis) > 1 else np.zeros(1) for axis in axes]
    points = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(size[2:])], -1)
    return np.einsum("...j,nij->n...i", points, theta)


# --- rearrangements -------------------------------------------------------------------------------


def unfold(x, kernel, dilation, padding, stride):
    """(*N, C, H, W) -> (*N, C kernel, places)."""
    x = padded(x, [padding] * 2, [padding] * 2)
    seen = flat(windows(x, kernel, stride, dilation), 2)  # (*N, C, h, w, kernel)
    seen = np.moveaxis(seen, -1, -3)
    return seen.reshape(*x.shape[:-3], seen.shape[-4] * seen.shape[-3], -1)


def fold(x, size, kernel, dilation, padding, stride):
    """Each number goes back to the pixel that `unfold` took it from, and is added there."""
    channels = x.shape[-2] // math.prod(kernel)
    image = np.arange(1, channels * math.prod(size) + 1).reshape(channels, *size)
    home = unfold(image, kernel, dilation, padding, stride)  # 0 stands for the padding
    lead = x.shape[:-2]
    out = np.zeros((*lead, image.size + 1))
    for at in np.ndindex(lead):
        np.add.at(out[at], home, x[at])
    return out[..., 1:].reshape(*lead, *image.shape)


def shuffled(x, shape, place):
    """Channels, rows and columns of `shape`: at each index what `x` has at ``place(*index)``."""
    out = np.zeros((*x.shape[:-3], *shape))
    for index in np.ndindex(*shape):
        out[(..., *index)] = x[(..., *place(*index))]
    return out


def pixel_shuffle(x, r):
    c, h, w = x.shape[-3:]
    return shuffled(x, (c // r**2, h * r, w * r), lambda c, i, j: (
        c * r**2 + i % r * r + j % r, i // r, j // r
    ))  # fmt: skip


def pixel_unshuffle(x, r):
    c, h, w = x.shape[-3:]
    return shuffled(x, (c * r**2, h // r, w // r), lambda c, i, j: (
        c // r**2, i * r + c % r**2 // r, j * r + c % r
    ))  # fmt: skip


def channel_shuffle(x, groups):
    """The first channels of all groups, then the second ones, ..."""
    size = x.shape[1] // groups
    return x[:, [g * size + i for i in range(size) for g in range(groups)]]


VALUES = {
    "pad": pad,
    "constant_pad_nd": lambda x, widths, value: pad(x, widths, "constant", value),
    "interpolate": interpolate,
    "grid_sample": grid_sample,
    "affine_grid": affine_grid,
    "unfold": unfold,
    "fold": fold,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "channel_shuffle": channel_shuffle,
}
