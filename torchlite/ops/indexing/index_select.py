"""Reading and writing whole slices along a dimension, chosen by an index vector."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.ops.core.family import not_a_tensor, operation, write_out
from torchlite.ops.core.op import declared, run
from torchlite.ops.core.promotion import cast, checked_number
from torchlite.ops.indexing.brackets import index_put, wrapped_index
from torchlite.ops.indexing.gather import (
    check_range,
    exact_out,
    int64_index,
    scatter_reduce,
    take_slices,
)
from torchlite.ops.shape.reshaping import expand, reshape

_ALL = slice(None)


@operation
def index_select(input: Tensor, dim: int, index: Tensor, *,
                 out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The slices along `dim` at a vector of indices."""
    shape = input._data.shape
    dim, picks = normalize_dim(dim, len(shape)), _vector("index_select", index)
    if not local.mode.xp.in_range(picks, shape[dim] if shape else 1):
        raise IndexError("index out of range in self")
    if shape:
        result = run(take_slices, (input, picks, dim), (input._data, picks, dim))
    else:
        result = input.clone()
    return result if out is None else exact_out("index_select", out, result, input, index)


def _vector(name: str, index: Any) -> Any:
    picks = int64_index(name, index)
    if picks.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector")
    return local.mode.xp.reshape(picks, (-1,))


def _source_checked(name: str, input: Tensor, dim: int, picks: Any, source: Tensor) -> Tensor:
    """`source` in the shape of the slices of `input` at `picks`."""
    if not isinstance(source, Tensor):
        raise not_a_tensor(name, 3, "source", source)
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"{name}(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.legacy} and (source) {source.dtype.legacy}"
        )
    shape = list(input._data.shape) or [1]
    shape[dim] = picks.size
    own = list(source._data.shape or (1,))
    if len(own) == len(shape) and own[dim] != picks.size:
        raise (IndexError if name == "index_copy_" else RuntimeError)(
            f"{name}(): Number of indices ({picks.size}) should be equal to source.size(dim): "
            f"({own[dim]}), for dim: {dim}"
        )
    if own != shape:
        raise (IndexError if name == "index_copy_" else RuntimeError)(
            f"{name}(): Number of indices ({picks.size}) and shape of source "
            f"({list(source.shape)}) don't match those of self ({list(input.shape)}) along "
            f"dimension {dim}"
        )
    return reshape(source, shape)


def _put(input: Tensor, dim: int, picks: Any, source: Tensor, accumulate: bool) -> Tensor:
    flat = input if input._data.shape else reshape(input, 1)
    result = index_put(flat, (_ALL,) * dim + (picks,), source, accumulate)
    return result if input._data.shape else reshape(result, ())


@operation(in_place=True)
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """A copy of `input` with ``alpha * source`` added to the slices at `index` along `dim`."""
    dim, picks = normalize_dim(dim, input._data.ndim), _vector("index_add_", index)
    source = _source_checked("index_add_", input, dim, picks, source)
    if not local.mode.xp.in_range(picks, (input._data.shape or (1,))[dim]):
        raise IndexError("index out of range in self")
    gain = source if alpha == 1 else cast(source * alpha, input.dtype)
    result = _put(input, dim, picks, gain, True)
    return result if out is None else write_out("index_add", out, result)


@operation(in_place=True)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor, *,
               out: Tensor | None = None) -> Tensor:  # fmt: skip
    """A copy of `input` with the slices at `index` along `dim` replaced by those of `source`."""
    dim, picks = normalize_dim(dim, input._data.ndim), _vector("index_copy_", index)
    source = _source_checked("index_copy_", input, dim, picks, source)
    check_range(picks, dim, (input._data.shape or (1,))[dim], IndexError)
    result = _put(input, dim, picks, source, False)
    return result if out is None else write_out("index_copy", out, result)


@operation(in_place=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy of `input` with the slices at `index` along `dim` filled with a scalar."""
    dim = normalize_dim(dim, input._data.ndim)
    _vector("index_fill_", index)
    picks = wrapped_index(reshape(index, -1), dim, (input._data.shape or (1,))[dim])
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._data.ndim} dimension(s)."
            )
        value = cast(value, input.dtype)
    else:
        value = checked_number(value, input.dtype)
    xp, shape = local.mode.xp, [1] * input._data.ndim
    mask = xp.full(((input._data.shape or (1,))[dim],), False, dtypes.bool_)
    mask = xp.index_put(mask, (picks,), True, False)
    shape[dim : dim + 1] = [-1] * len(shape[dim : dim + 1])
    return declared["where"](wrap(xp.reshape(mask, shape)), value, input)


@operation(in_place=True)
def index_reduce(input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
                 include_self: bool = True, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Like `index_add`, for reduce "prod", "mean", "amax" or "amin"."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either prod, mean, amax or amin, got {reduce}."
        )
    dim, picks = normalize_dim(dim, input._data.ndim), _vector("index_reduce", index)
    source = _source_checked("index_reduce", input, dim, picks, source)
    shape = source._data.shape
    rows = wrap(local.mode.xp.reshape(picks, [-1 if d == dim else 1 for d in range(len(shape))]))
    result = scatter_reduce(
        input, dim, expand(rows, *shape), source, reduce, include_self=include_self
    )
    return result if out is None else write_out("index_reduce", out, result)


__all__ = [
    "index_add", "index_copy", "index_fill", "index_reduce", "index_select",
]  # fmt: skip
