"""Pooling to a given output size, over windows that cover the input evenly."""

from __future__ import annotations

from typing import Any

from torchlite.backends.composites.images import adaptive_bounds
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import check_tensors, functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.layers.pooling import avg_pool, max_grad
from torchlite.ops.layers.pooling_checks import batched, check_input
from torchlite.ops.reduce.reductions import mean
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.slicing import sliced

_adaptive_max_pool = declare("adaptive_max_pool", x=max_grad)


def _target(name: str, dims: int, input: Any, size: Any) -> tuple[int, ...]:
    """The output size; None keeps the size of the input."""
    check_tensors(name, input=input)
    shape = list(input._data.shape)
    if dims > 1 and isinstance(size, (tuple, list)) and len(shape) <= len(size):
        raise ValueError(f"Input dimension should be at least {len(size) + 1}")
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name}(): Expected {dims + 1}D or {dims + 2}D tensor, but got {shape}")
    for i in range(dims + 1):
        if not shape[-1 - i]:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {shape} with dimension {len(shape) - 1 - i} being empty"
            )
    sizes = (size,) * dims if isinstance(size, int) or size is None else tuple(size)
    if len(sizes) != dims:
        raise RuntimeError(f"{name}: output_size must be {dims} numbers, but got {list(sizes)}")
    result = tuple(own if n is None else int(n) for n, own in zip(sizes, shape[-dims:]))
    if min(result) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{', '.join(map(str, result))}}}"
        )
    return result


def _adaptive_avg(name: str, dims: int, input: Tensor, output_size: Any) -> Tensor:
    size = _target(name, dims, input, output_size)
    check_input(name, dims, input)
    shape = input._data.shape[-dims:]
    if all(n == 1 for n in size):
        return mean(input, tuple(range(-dims, 0)), keepdim=True)
    if all(n and not length % n for n, length in zip(size, shape)):
        kernel = tuple(length // n for n, length in zip(size, shape))
        args = size, kernel, kernel, (0,) * dims, True, None
        return batched(input, dims, lambda x: run(avg_pool, (x, *args), (x._data, *args)))
    for dim, count in zip(range(-dims, 0), size):
        input = _averages(input, input._data.ndim + dim, count)
    return input


def _averages(x: Tensor, dim: int, count: int) -> Tensor:
    """The means of the windows along one dimension."""
    if not count:
        return sliced(x, dim, 0, 0)
    bounds = adaptive_bounds(x._data.shape[dim], count)
    return cat([mean(sliced(x, dim, *b), dim, keepdim=True) for b in bounds], dim)


@functional
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The averages of windows that cover the input evenly. (*, L) -> (*, output_size)."""
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


@functional
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Like `adaptive_avg_pool1d`, over the last two dimensions; None keeps a size."""
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


@functional
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Like `adaptive_avg_pool2d`, over the last three dimensions."""
    return _adaptive_avg("adaptive_avg_pool3d", 3, input, output_size)


def _adaptive_max(name: str, dims: int, input: Tensor, output_size: Any,
                  return_indices: bool) -> Any:  # fmt: skip
    size = _target(name, dims, input, output_size)
    check_input(name, dims, input)
    pair = batched(input, dims, lambda x: run(_adaptive_max_pool, (x, size), (x._data, size)))
    return pair if return_indices else pair[0]


@functional
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of `output_size` windows that cover the input evenly; indices as in `max_pool1d`."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


@functional
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Like `adaptive_max_pool1d`, over the last two dimensions; None keeps a size."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


@functional
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Like `adaptive_max_pool2d`, over the last three dimensions."""
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


__all__ = ["adaptive_avg_pool1d", "adaptive_max_pool1d"]
