"""Repeating tensors, and combining the elements of several."""

from __future__ import annotations

import itertools
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.ops.core.family import functional, operation
from torchlite.ops.core.methods import method
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.conversion import clone
from torchlite.ops.indexing.index_select import index_select
from torchlite.ops.shape.joining import stack
from torchlite.ops.shape.reshaping import expand, reshape, sizes_of, unsqueeze

# --- repeating ----------------------------------------------------------------------------------


@method()
def repeat(self: Tensor, *args: Any, repeats: Any = None) -> Tensor:
    """The tensor repeated so many times along each dimension; new dimensions come first."""
    times, shape = sizes_of(args) if repeats is None else tuple(repeats), self._data.shape
    if len(times) < len(shape):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    if any(n < 0 for n in times):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(times)}")
    shape = (1,) * (len(times) - len(shape)) + tuple(shape)
    apart = [size for n in shape for size in (1, n)]
    spread = [size for pair in zip(times, shape) for size in pair]
    result = expand(reshape(self, apart), *spread)
    result = reshape(result, [n * size for n, size in zip(times, shape)])
    return clone(result) if result._is_view() else result


@operation
def tile(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """`repeat` with missing leading counts taken as 1."""
    times = sizes_of(args) if dims is None else tuple(dims)
    return repeat(input, (1,) * (input._data.ndim - len(times)) + tuple(times))


@operation
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *,
                      output_size: int | None = None) -> Tensor:  # fmt: skip
    """Each element (along `dim`; by default of the flattened input) repeated `repeats` times.

    Given only an integer tensor of counts: each index, repeated as often as its count says.
    """
    if repeats is None:
        return _counted(input)
    if dim is None:
        input, dim = reshape(input, -1), 0
    dim, shape = normalize_dim(dim, input._data.ndim), input._data.shape
    if isinstance(repeats, Tensor) and repeats._data.size != 1:
        if repeats._data.ndim != 1 or repeats._data.size != shape[dim]:
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{repeats._data.size} and input.size({dim}) = {shape[dim]}"
            )
        return index_select(input, dim, _counted(repeats))
    times = int(repeats)
    if times < 0:
        raise RuntimeError("repeats can not be negative")
    spread = expand(unsqueeze(input, dim + 1), *shape[: dim + 1], times, *shape[dim + 1 :])
    return reshape(spread, *shape[:dim], shape[dim] * times, *shape[dim + 1 :])


def _counted(repeats: Tensor) -> Tensor:
    """``[0] * repeats[0] + [1] * repeats[1] + ...``."""
    if repeats._data.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if repeats.dtype not in (dtypes.int32, dtypes.int64):
        raise RuntimeError("repeats has to be Long or Int tensor")
    counts = repeats.tolist()
    if any(n < 0 for n in counts):
        raise RuntimeError("repeats can not be negative")
    xp = local.mode.xp
    ends = xp.array(list(itertools.accumulate(counts)), dtypes.int64)
    places = xp.arange(0, sum(counts), 1, dtypes.int64)
    return cast(wrap(xp.searchsorted(ends, places, True)), repeats.dtype)


# --- combining ----------------------------------------------------------------------------------


@functional
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Vectors expanded to a grid: result i varies along dimension i.

    indexing: "ij" (default), or "xy" to exchange the first two dimensions, as in plots.
    """
    vectors = sizes_of(tensors)
    if not vectors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            'torch.meshgrid: indexing must be one of "xy" or "ij", but received: ' + str(indexing)
        )
    for v in vectors:
        if v._data.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{list(v.shape)}"
            )
    if any(v._data.dtype != vectors[0]._data.dtype for v in vectors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(vectors) > 1
    vectors = (vectors[1], vectors[0], *vectors[2:]) if swap else vectors
    shape = [v._data.size for v in vectors]
    ones = [1] * len(shape)
    grids = [expand(reshape(v, [*ones[:i], -1, *ones[i + 1 :]]), *shape)
             for i, v in enumerate(vectors)]  # fmt: skip
    if swap:
        grids[:2] = reversed(grids[:2])
    return tuple(grids)


@functional
def cartesian_prod(*tensors: Any) -> Tensor:
    """The Cartesian product of vectors, as rows; a single vector is returned unchanged."""
    vectors = sizes_of(tensors)
    for v in vectors:
        if v._data.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(v.shape)}")
    if len(vectors) == 1:
        return vectors[0]
    return stack([reshape(grid, -1) for grid in meshgrid(*vectors, indexing="ij")], 1)


@operation
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of `r` elements of a vector, in order, as rows."""
    if input._data.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input._data.size), r))
    places = wrap(local.mode.xp.array([i for row in rows for i in row], dtypes.int64))
    picked = index_select(input, 0, places)
    return reshape(picked, len(rows), r) if r else picked


__all__ = ["cartesian_prod", "combinations", "meshgrid", "repeat_interleave", "tile"]
