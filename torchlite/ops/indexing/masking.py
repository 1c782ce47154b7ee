"""Selecting elements by a mask, or by their index in the flattened tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import BOOL, INTEGER
from torchlite.ops.core.family import functional, not_a_tensor, operation, write_out
from torchlite.ops.core.op import declared
from torchlite.ops.core.promotion import cast, checked_number, does_not_fit
from torchlite.ops.indexing.brackets import fitting, index_arrays, index_get, split_index
from torchlite.ops.indexing.brackets import index_put as put_at
from torchlite.ops.indexing.gather import exact_out
from torchlite.ops.shape.reshaping import expand, reshape


def _check_mask(name: str, mask: Any) -> None:
    if not isinstance(mask, Tensor):
        raise not_a_tensor(name, 2, "mask", mask)
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(
            f"{name}: expected BoolTensor for mask\nIts dtype is {mask.dtype}; try mask.bool()."
        )


@operation(in_place=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with `value`, a scalar or 0-d tensor, where `mask` is true; the two broadcast."""
    if isinstance(mask, Tensor) and mask.dtype is not dtypes.bool_:
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            f"{mask.dtype.name}"
        )
    _check_mask("masked_fill", mask)
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._data.ndim} dimension(s)."
            )
        if value.dtype.category > input.dtype.category:
            raise does_not_fit(input.dtype)
        value = cast(value, input.dtype)
    else:
        value = checked_number(value, input.dtype)
    broadcast_shapes(input._data.shape, mask._data.shape)
    return declared["where"](mask, value, input)


@operation
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements where `mask` is true, in one dimension; the two broadcast."""
    _check_mask("masked_select", mask)
    shape = broadcast_shapes(input._data.shape, mask._data.shape)
    picks = _true_places(expand(mask, *shape))
    result = index_get(reshape(expand(input, *shape), -1), (picks,))
    return result if out is None else exact_out("masked_select", out, result, input, mask)


def _true_places(mask: Tensor) -> Any:
    """The flat indices, int64, where `mask` is true."""
    xp = local.mode.xp
    return xp.reshape(xp.nonzero(xp.reshape(mask._data, (-1,))), (-1,))


@operation(in_place=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the first elements of `source`, in order, where `mask` is true.

    Raises: RuntimeError if `source` has too few elements.
    """
    _check_mask("masked_scatter", mask)
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got "
            f"{input.dtype.legacy} and {source.dtype.legacy}"
        )
    shape = broadcast_shapes(input._data.shape, mask._data.shape)
    picks = _true_places(expand(mask, *shape))
    if picks.size > source._data.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    flat = reshape(source, -1)[: picks.size]
    return reshape(put_at(reshape(expand(input, *shape), -1), (picks,), flat, False), shape)


@overload
def nonzero(
    input: Tensor, *, out: Tensor | None = None, as_tuple: Literal[False] = False
) -> Tensor: ...
@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
@operation
def nonzero(input: Tensor, *, out: Tensor | None = None, as_tuple: bool = False) -> Any:
    """The indices of non-zero elements: (count, ndim) int64, or a tuple of its columns."""
    xp = local.mode.xp
    if not as_tuple:
        result = wrap(xp.nonzero(input._data))
        return result if out is None else write_out("nonzero", out, result)
    places = wrap(xp.nonzero(input._data if input._data.shape else xp.reshape(input._data, (1,))))
    return tuple([places[:, i] for i in range(places._data.shape[1])])


@operation
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """`nonzero` truncated, or padded with `fill_value`, to `size` rows."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    xp = local.mode.xp
    places = xp.getitem(xp.nonzero(input._data), (slice(None, size),))
    return wrap(xp.pad(places, ((0, size - places.shape[0]), (0, 0)), fill_value))


@operation
def argwhere(input: Tensor) -> Tensor:
    """`nonzero`: (count, ndim) int64."""
    return nonzero(input)


def _flat_index(index: Any, count: int, name: str) -> Any:
    """An int64 array of indices into `count` elements, negative ones counted from the end."""
    if not isinstance(index, Tensor):
        raise not_a_tensor(name, 2, "index", index)
    if index.dtype is not dtypes.int64:
        raise RuntimeError(
            f"{name}(): Expected a long tensor for index, but got {index.dtype.legacy}"
        )
    xp, data = local.mode.xp, index._data
    if data.size:
        low, high = xp.extremes(data)
        if low < -count or high >= count:
            raise IndexError(
                f"out of range: tried to access index {low if low < -count else high} on a tensor "
                f"of {count} elements."
            )
        if low < 0:
            data = xp.asarray(xp.where(xp.lt(data, 0), xp.add(data, count), data))
    return data


@operation
def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements of the flattened `input` at `index`, in the shape of `index`."""
    result = index_get(reshape(input, -1), (_flat_index(index, input._data.size, "take"),))
    return result if out is None else exact_out("take", out, result, input, index)


@operation(in_place=True)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of `input` with `source` at the indices `index` of the flattened tensor."""
    places = local.mode.xp.reshape(_flat_index(index, input._data.size, "put_"), (-1,))
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype.legacy} and source.dtype = {source.dtype.legacy}"
        )
    if source._data.size != places.size:
        raise RuntimeError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source._data.size}, index.numel() = {places.size}"
        )
    flat = put_at(reshape(input, -1), (places,), reshape(source, -1), accumulate)
    return reshape(flat, input._data.shape)


@operation(in_place=True)
def index_put(input: Tensor, indices: Sequence[Any], values: Tensor,
              accumulate: bool = False) -> Tensor:  # fmt: skip
    """A copy of `input` with `values`, broadcast, at ``input[indices]``; None: a whole dimension.

    accumulate: add to the old values; repeated indices add up.
    """
    values = values if values._data.ndim else cast(values, input.dtype)
    if values.dtype is not input.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype.legacy} for the destination and {values.dtype.legacy} for the source."
        )
    parts = tuple(slice(None) if i is None else _with_dims(i) for i in indices)
    picks = index_arrays(split_index(input, parts)[1], input._data.shape)
    return put_at(input, picks, fitting(values, picks, input), accumulate)


def _with_dims(index: Tensor) -> Tensor:
    integer = index._data.ndim == 0 and index.dtype.category != BOOL
    return reshape(index, 1) if integer else index


@functional
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The coordinates of indices into a flattened tensor, one tensor per dimension of `shape`."""
    sizes = shape.tolist() if isinstance(shape, Tensor) else shape
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    if indices.dtype.category != INTEGER:
        raise ValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    coordinates, step = [], 1
    for size in reversed(sizes):
        coordinates.append(indices // step % size)
        step *= size
    return tuple(reversed(coordinates))


__all__ = [
    "argwhere", "index_put", "masked_fill", "masked_scatter", "masked_select", "nonzero",
    "nonzero_static", "put", "take", "unravel_index",
]  # fmt: skip
