"""Sampling images at the positions of a grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.family import functional
from torchlite.ops.core.promotion import cast, computing
from torchlite.ops.creation.factories import linspace, ones
from torchlite.ops.indexing.gather import gather
from torchlite.ops.layers.resampling_taps import cubic_weights
from torchlite.ops.linalg.products import matmul
from torchlite.ops.math.arithmetic import abs as absolute
from torchlite.ops.math.arithmetic import add, floor, mul, remainder, round, sub
from torchlite.ops.math.comparison import where
from torchlite.ops.shape.joining import stack
from torchlite.ops.shape.reshaping import broadcast_to, reshape, transpose, unsqueeze

_PADDINGS = ("zeros", "border", "reflection")


@functional
def grid_sample(input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
                align_corners: bool | None = None) -> Tensor:  # fmt: skip
    """`input` (N, C, H, W) at `grid` (N, H', W', 2) of (x, y) in [-1, 1] -> (N, C, H', W').

    Or (N, C, D, H, W) and (N, D', H', W', 3). `mode`: "bilinear" (trilinear in 3d), "nearest" or,
    in 2d, "bicubic". `padding_mode` decides what lies outside: "zeros", "border" or "reflection".
    `align_corners` (default False): -1 and 1 are the centres of the corner elements.
    Raises: ValueError or RuntimeError (as PyTorch) for arguments that do not fit together.
    """
    _check_grid(input, grid, mode, padding_mode)
    kind = input.dtype
    input, grid = (cast(x, computing(kind)) for x in (input, grid))
    n, channels, *size = input._data.shape
    places, target = math.prod(grid._data.shape[1:-1]), grid._data.shape[1:-1]
    flat = reshape(grid, (n, places, len(size)))
    axes = []
    for i, length in enumerate(size):
        x = _unnormalized(flat[..., len(size) - 1 - i], length, bool(align_corners))
        settings = length, padding_mode, bool(align_corners)
        axes.append(_TAPS[mode](x, *settings))
    pixels = reshape(input, (n, channels, math.prod(size)))
    total: Any = None
    for chosen in product(*axes):
        term = _tap(pixels, size, chosen)
        total = term if total is None else add(total, term)
    return cast(reshape(total, (n, channels, *target)), kind)


def _tap(pixels: Tensor, size: Sequence[int], chosen: tuple) -> Tensor:
    """One element per position, times its weights; chosen: (index, weight) for each axis."""
    n, channels, _ = pixels._data.shape
    index: Any = None
    factor: Any = None
    for length, (place, weight) in zip(size, chosen):
        index = place if index is None else add(mul(index, length), place)
        factor = weight if factor is None or weight is None else mul(factor, weight)
    index = broadcast_to(unsqueeze(index, 1), (n, channels, index._data.shape[1]))
    values = gather(pixels, 2, index)
    return values if factor is None else mul(values, unsqueeze(factor, 1))


def _unnormalized(x: Tensor, length: int, align: bool) -> Tensor:
    """Coordinates in [-1, 1] converted to element positions."""
    if align:
        return mul(add(x, 1), (length - 1) / 2)
    return mul(sub(mul(add(x, 1), length), 1), 0.5)


def _bounded(x: Tensor, length: int, padding: str, align: bool) -> Tensor:
    """Outside coordinates brought inside, unless padding with zeros."""
    if padding == "zeros":
        return x
    if padding == "reflection":
        low, span = (0.0, length - 1.0) if align else (-0.5, float(length))
        x = _reflected(x, low, span)
    return x.clamp(0, length - 1)


def _reflected(x: Tensor, low: float, span: float) -> Tensor:
    """x reflected into [low, low + span]."""
    if not span:
        return mul(x, 0)
    distance = remainder(absolute(sub(x, low)), 2 * span)
    return add(where(distance > span, sub(2 * span, distance), distance), low)


def _read(place: Tensor, length: int, padding: str) -> tuple[Tensor, Tensor | None]:
    """A whole coordinate as a valid index, and a mask that zeroes what lies outside."""
    inside = None
    if padding == "zeros":
        inside = cast((place >= 0) & (place <= length - 1), place.dtype)
    place = place.detach()
    valid = where(place == place, place.clamp(0, length - 1), 0)  # NaN reads element 0
    return cast(valid, dtypes.int64), inside


def _weighted(place: Tensor, weight: Tensor | None, length: int, padding: str) -> tuple:
    index, inside = _read(place, length, padding)
    if inside is None or weight is None:
        return index, weight if inside is None else inside
    return index, mul(weight, inside)


def _nearest(x: Tensor, length: int, padding: str, align: bool) -> list[tuple]:
    x = _bounded(x, length, padding, align)
    return [_weighted(round(x.detach()), None, length, padding)]


def _linear(x: Tensor, length: int, padding: str, align: bool) -> list[tuple]:
    x = _bounded(x, length, padding, align)
    low = floor(x.detach())
    part = sub(x, low)
    return [
        _weighted(low, sub(1, part), length, padding),
        _weighted(add(low, 1), part, length, padding),
    ]


def _cubic(x: Tensor, length: int, padding: str, align: bool) -> list[tuple]:
    low = floor(x.detach())
    weights = cubic_weights(recorded, sub(x, low))
    places = [_bounded(add(low, k), length, padding, align) for k in (-1, 0, 1, 2)]
    return [_weighted(p, w, length, padding) for p, w in zip(places, weights)]


_TAPS: dict[str, Callable] = {"bilinear": _linear, "nearest": _nearest, "bicubic": _cubic}


def _check_grid(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    if mode not in _TAPS:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    shape, places = list(input._data.shape), list(grid._data.shape)
    both = f"but got input with sizes {shape} and grid with sizes {places}"
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {grid.dtype.legacy}"
        )
    if len(shape) not in (4, 5) or len(places) != len(shape):
        raise RuntimeError(
            f"grid_sampler(): expected {len(shape) if len(shape) in (4, 5) else '4D or 5'}D input "
            f"and grid with same number of dimensions, {both}"
        )
    if shape[0] != places[0]:
        raise RuntimeError(
            f"grid_sampler(): expected grid and input to have same batch size, {both}"
        )
    if places[-1] != len(shape) - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {len(shape) - 2} in last dimension, but "
            f"got grid with sizes {places}"
        )
    if 0 in shape[2:]:
        raise RuntimeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
            f"sizes {shape}"
        )
    if mode == "bicubic" and len(shape) != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


@functional
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid with which `grid_sample` applies affine transforms to images of `size`.

    theta (N, 2, 3), size (N, C, H, W) -> (N, H, W, 2); or (N, 3, 4), (N, C, D, H, W).
    Raises: ValueError, NotImplementedError (as PyTorch) for other shapes.
    """
    size = tuple(int(n) for n in size)
    _check_affine(theta, size)
    spatial = size[2:]
    axes: list[Any] = []
    for i, length in enumerate(spatial):
        line = linspace(-1, 1, length, dtype=theta.dtype)
        if length == 1 or not align_corners:
            line = line * (length - 1) / length  # in PyTorch's order, for equal rounding
        shape = [length if k == i else 1 for k in range(len(spatial))]
        axes.insert(0, broadcast_to(reshape(line, shape), spatial))
    base = stack([*axes, ones(*spatial, dtype=theta.dtype)], -1)
    rows = reshape(base, (1, math.prod(spatial), len(spatial) + 1))
    return reshape(matmul(rows, transpose(theta, 1, 2)), (size[0], *spatial, len(spatial)))


def _check_affine(theta: Tensor, size: tuple) -> None:
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype!r}")
    dims = len(size) - 2
    if dims not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if tuple(theta._data.shape[1:]) != (dims, dims + 1) or theta._data.ndim != 3:
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size "
            f"{size}. Got {theta.shape!r}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")


def grid_sampler(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int,
                 align_corners: bool) -> Tensor:  # fmt: skip
    """`grid_sample` with integer modes, numbered in the order that its docstring lists them."""
    mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
    return grid_sample(input, grid, mode, _PADDINGS[padding_mode], align_corners)


def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """`affine_grid`, including its argument checks."""
    return affine_grid(theta, size, align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler

__all__ = ["affine_grid_generator", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]
