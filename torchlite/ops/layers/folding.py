"""Rearranging images: blocks as columns, and channels as resolution."""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.layers.pooling_checks import batched
from torchlite.ops.shape.reshaping import permute, reshape

_im2col = declare(
    "im2col",
    x=lambda xp, g, x_shape, counts, kernel, stride, padding, dilation: xp.col2im(
        g, x_shape[2:], counts, kernel, stride, padding, dilation
    ),
)
_col2im = declare(
    "col2im",
    columns=lambda xp, g, counts, kernel, stride, padding, dilation: xp.im2col(
        g, counts, kernel, stride, padding, dilation
    ),
)


def _pair(name: str, value: Any) -> tuple[int, int]:
    value = (value,) if isinstance(value, int) else tuple(value)
    if len(value) not in (1, 2):
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(value)}")
    return value * 2 if len(value) == 1 else value


def _geometry(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple:
    """kernel, stride, padding and dilation as checked pairs."""
    kernel, step = _pair("kernel_size", kernel_size), _pair("stride", stride)
    around, spread = _pair("padding", padding), _pair("dilation", dilation)
    for name, (h, w), least in (
        ("kernel size", kernel, 1), ("stride", step, 1), ("dilation", spread, 1),
        ("padding", around, 0),
    ):  # fmt: skip
        if min(h, w) < least:
            short = {"kernel size": "kernel", "padding": "pad"}.get(name, name)
            demand = "greater than zero" if least else "non-negative"
            raise RuntimeError(
                f"{name} should be {demand}, but got {short}_height: {h} {short}_width: {w}"
            )
    return kernel, step, around, spread


def _counts(size: tuple, kernel: tuple, step: tuple, around: tuple, spread: tuple) -> tuple:
    """The number of blocks along both axes."""
    counts = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, step, around, spread)
    )
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {size}, kernel_size={kernel}, dilation={spread}, "
            f"padding={around}, calculated shape of the array of sliding blocks as {counts}, but "
            "its components must be at least one."
        )
    return counts


@functional
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
           stride: Any = 1) -> Tensor:  # fmt: skip
    """The sliding blocks of images as columns. (N, C, H, W) -> (N, C * KH * KW, L), or without N.

    Raises: RuntimeError (as PyTorch) if no block fits.
    """
    shape = tuple(input._data.shape)
    if len(shape) < 3:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-{len(shape)}, "
            f"{len(shape) - 1}], but got 2)\nunfold expects images (N, C, H, W) or (C, H, W)."
        )
    geometry = _geometry(kernel_size, dilation, padding, stride)
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    kernel, *rest = geometry
    args = _counts(shape[-2:], *geometry), kernel, *rest
    return batched(input, 2, lambda x: run(_im2col, (x, *args), (x._data, *args)))


@functional
def fold(input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
         stride: Any = 1) -> Tensor:  # fmt: skip
    """Columns summed into images, the adjoint of `unfold`.

    (N, C * KH * KW, L) -> (N, C, *output_size), or without N.
    Raises: RuntimeError (as PyTorch) if the number of columns does not match.
    """
    size = _pair("output_size", output_size)
    geometry = _geometry(kernel_size, dilation, padding, stride)
    shape, kernel = tuple(input._data.shape), geometry[0]
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    if shape[-2] % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={shape[-2]} and kernel_size={kernel}."
        )
    counts = _counts(size, *geometry)
    if shape[-1] != math.prod(counts):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={geometry[3]}, "
            f"padding={geometry[2]}, stride={geometry[1]}, expected size of input's dimension 2 to "
            f"match the calculated number of sliding blocks {counts[0]} * {counts[1]} = "
            f"{math.prod(counts)}, but got input.size(2)={shape[-1]}."
        )
    args = size, counts, *geometry
    return batched(input, 1, lambda x: run(_col2im, (x, *args), (x._data, *args)))


@functional
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Rearrange channels into resolution: (*, C * r * r, H, W) -> (*, C, H * r, W * r).

    Raises: RuntimeError (as PyTorch) if the channels are not divisible by ``r * r``.
    """
    *lead, channels, h, w = _image("pixel_shuffle", input)
    r = upscale_factor
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n, c = len(lead), channels // (r * r)
    x = reshape(input, (*lead, c, r, r, h, w))
    x = permute(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(x, (*lead, c, h * r, w * r))


@functional
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The inverse of `pixel_shuffle`: (*, C, H * r, W * r) -> (*, C * r * r, H, W)."""
    *lead, c, h, w = _image("pixel_unshuffle", input)
    r = downscale_factor
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for name, dim, size in (("height", -2, h), ("width", -1, w)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({dim})={size} is not divisible by {r}"
            )
    n = len(lead)
    x = reshape(input, (*lead, c, h // r, r, w // r, r))
    x = permute(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(x, (*lead, c * r * r, h // r, w // r))


def _image(name: str, input: Tensor) -> tuple:
    shape = tuple(input._data.shape)
    if len(shape) < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    return shape


@functional
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Interleave the channels of `groups` groups; (N, C, *S) is kept. Source: arXiv:1707.01083.

    Raises: RuntimeError (as PyTorch) if C is not divisible by `groups`.
    """
    shape = tuple(input._data.shape)
    if len(shape) < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if shape[1] % groups:
        raise RuntimeError(
            "Number of channels must be divisible by groups. "
            f"Got {shape[1]} channels and {groups} groups."
        )
    n, channels, *size = shape
    x = reshape(input, (n, groups, channels // groups, *size))
    return reshape(permute(x, (0, 2, 1, *range(3, len(shape) + 1))), shape)


native_channel_shuffle = channel_shuffle

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]
