"""Fractional max pooling, over randomly placed windows, and the inverse of `max_pool*`."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.factories import arange, zeros
from torchlite.ops.creation.random import rand
from torchlite.ops.indexing.gather import gather, scatter
from torchlite.ops.layers.pooling_checks import repeated
from torchlite.ops.reduce.reductions import argmax
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.reshaping import expand, reshape, unsqueeze

# --- unpooling ------------------------------------------------------------------------------------


def _unpool(name: str, dims: int, input: Tensor, indices: Tensor, kernel: Any, stride: Any,
            padding: Any, output_size: Any) -> Tensor:  # fmt: skip
    kernel = repeated(name, "kernel_size", kernel, dims)
    stride = kernel if stride is None else repeated(name, "stride", stride, dims)
    padding = repeated(name, "padding", padding, dims)
    _check_unpool(dims, input, indices)
    shape = input._data.shape
    default = [(n - 1) * s - 2 * p + k
               for n, s, p, k in zip(shape[-dims:], stride, padding, kernel)]  # fmt: skip
    size = _chosen_size(default, stride, output_size)
    _check_places(indices, size)
    lead = shape[:-dims]
    flat = (*lead, math.prod(shape[-dims:]))
    empty = zeros(*lead, math.prod(size), dtype=input.dtype)
    spread = scatter(empty, len(lead), reshape(indices, flat), reshape(input, flat))
    return reshape(spread, (*lead, *size))


def _check_unpool(dims: int, input: Tensor, indices: Tensor) -> None:
    if indices.dtype is not dtypes.int64:
        kind = indices.dtype.legacy
        raise RuntimeError(f"elements in indices should be type int64 but got: {kind}")
    shape = list(input._data.shape)
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Input to max_unpooling{dims}d should be a {dims + 1}d or {dims + 2}d Tensor, but got "
            f"a tensor with {len(shape)} dimensions."
        )
    if list(indices._data.shape) != shape:
        raise RuntimeError(
            "Expected shape of indices to be same as that of the input tensor "
            f"({shape}) but got indices tensor with shape: {list(indices._data.shape)}"
        )


def _chosen_size(default: list[int], stride: tuple, output_size: Any) -> tuple[int, ...]:
    """`output_size`, with or without leading (N, C), if less than a stride off the default."""
    dims = len(default)
    if output_size is None:
        return tuple(default)
    if len(output_size) not in (dims, dims + 2):
        raise ValueError(
            f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it "
            f"has a length of '{len(output_size)}'"
        )
    size = tuple(int(n) for n in output_size[-dims:])
    for i, (n, usual, s) in enumerate(zip(size, default, stride)):
        if not usual - s < n < usual + s:
            raise ValueError(
                f'invalid output_size "{size}" (dim {i} must be between {usual - s} and '
                f"{usual + s})"
            )
    return size


def _check_places(indices: Tensor, size: tuple) -> None:
    plane = math.prod(size)
    if not local.mode.xp.in_range(indices._data, plane):
        worst = next(i for i in reshape(indices, -1).tolist() if not 0 <= i < plane)
        raise RuntimeError(
            f"Found an invalid max index: {worst} (output volumes are of size "
            f"{'x'.join(map(str, size))})"
        )


@functional
def max_unpool1d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
                 padding: Any = 0, output_size: Any = None) -> Tensor:  # fmt: skip
    """Zeros with `input` at the `indices` that `max_pool1d` returned, in the shape before pooling.

    `output_size`: selects among the shapes that pool to the same size. Raises: RuntimeError or
    ValueError (as PyTorch) for indices or sizes out of range.
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@functional
def max_unpool2d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
                 padding: Any = 0, output_size: Any = None) -> Tensor:  # fmt: skip
    """Like `max_unpool1d`, over the last two dimensions."""
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@functional
def max_unpool3d(input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
                 padding: Any = 0, output_size: Any = None) -> Tensor:  # fmt: skip
    """Like `max_unpool1d`, over the last three dimensions."""
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


# --- fractional pooling ---------------------------------------------------------------------------


def _fractional(name: str, dims: int, input: Tensor, kernel: Any, output_size: Any,
                output_ratio: Any, return_indices: bool,
                samples: Tensor | None) -> Any:  # fmt: skip
    size = _fractional_size(name, dims, input, output_size, output_ratio)
    shape = input._data.shape
    if len(shape) == dims + 1:
        input = reshape(input, (1, *shape))
    n, channels, *lengths = input._data.shape
    kernel = repeated(name, "kernel_size", kernel, dims)
    for length, k, count in zip(lengths, kernel, size):
        if count + k - 1 > length:
            raise RuntimeError(f"{name}(): pool size {k} too large relative to input size {length}")
    if samples is None:
        samples = rand(n, channels, dims, dtype=input.dtype)
    places = _random_windows(samples[:n], lengths, kernel, size)
    flat = reshape(input, (n, channels, math.prod(lengths)))
    chosen = reshape(places, (n, channels, math.prod(places._data.shape[2:])))
    candidates = reshape(gather(flat, 2, chosen), places._data.shape)
    best = argmax(candidates.detach(), 3, keepdim=True)
    result = (*shape[:-dims], *size)
    values = reshape(gather(candidates, 3, best), result)
    return (values, reshape(gather(places, 3, best), result)) if return_indices else values


def _fractional_size(name: str, dims: int, input: Tensor, output_size: Any,
                     output_ratio: Any) -> tuple[int, ...]:  # fmt: skip
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    lengths = input._data.shape[-dims:]
    if len(input._data.shape) not in (dims + 1, dims + 2):
        raise IndexError(
            f"{name}(): Expected {dims + 1}D or {dims + 2}D tensor, but got: "
            f"{list(input._data.shape)}"
        )
    if output_size is not None:
        return repeated(name, "output_size", output_size, dims)
    ratios = (output_ratio,) * dims if isinstance(output_ratio, float) else tuple(output_ratio)
    return tuple(int(length * ratio) for length, ratio in zip(lengths, ratios))


def _random_windows(samples: Tensor, lengths: list, kernel: tuple, size: tuple) -> Tensor:
    """Flat indices (N, C, P, K) of all windows; samples (N, C, D) place those of each plane.

    As in PyTorch, the samples are for the axes in order in 3d, but for the last axis first in 2d.
    """
    dims = len(size)
    flat: Any = None
    for i in range(dims):
        starts = _starts(samples[:, :, 1 - i if dims == 2 else i], lengths[i], kernel[i], size[i])
        along = unsqueeze(starts, -1) + arange(kernel[i])  # (N, C, O, K)
        shape = [*along._data.shape[:2]] + [1] * (2 * dims)
        shape[2 + i], shape[2 + dims + i] = size[i], kernel[i]
        along = reshape(along * math.prod(lengths[i + 1 :]), shape)
        flat = along if flat is None else flat + along
    n, channels = samples._data.shape[:2]
    whole = expand(flat, (n, channels, *size, *kernel))
    return reshape(whole, (n, channels, math.prod(size), math.prod(kernel)))


def _starts(u: Tensor, length: int, kernel: int, count: int) -> Tensor:
    """The starts of the windows along an axis, (N, C, count); the last window ends the axis.

    Source: Graham 2014, https://arxiv.org/abs/1412.6071, with PyTorch's rounding.
    """
    last = unsqueeze(cast(u * 0, dtypes.int64) + (length - kernel), -1)
    if count == 1:
        return last
    alpha = (length - kernel) / (count - 1)
    u = unsqueeze(u, -1)
    steps = cast((arange(count - 1) + u) * alpha, dtypes.int64) - cast(u * alpha, dtypes.int64)
    return cat([steps, last], -1)


@functional
def fractional_max_pool2d(input: Tensor, kernel_size: Any, output_size: Any = None,
                          output_ratio: Any = None, return_indices: bool = False,
                          _random_samples: Tensor | None = None) -> Any:  # fmt: skip
    """The maxima of randomly placed windows of `kernel_size`: (*, H, W) -> (*, *output_size).

    The size may be given as a fraction of the input's, `output_ratio`. Each plane has its own
    windows, placed by ``_random_samples`` (N, C, 2) in [0, 1).
    Raises: ValueError without a size; RuntimeError (as PyTorch) for one that is too large.
    """
    return _fractional("fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio,
                       return_indices, _random_samples)  # fmt: skip


@functional
def fractional_max_pool3d(input: Tensor, kernel_size: Any, output_size: Any = None,
                          output_ratio: Any = None, return_indices: bool = False,
                          _random_samples: Tensor | None = None) -> Any:  # fmt: skip
    """Like `fractional_max_pool2d`, over the last three dimensions; samples (N, C, 3)."""
    return _fractional("fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio,
                       return_indices, _random_samples)  # fmt: skip
