"""Unique elements, and search in sorted sequences."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX
from torchlite.ops.core.family import functional, operation, refuse, write_out
from torchlite.ops.core.promotion import as_operand, cast, result_type
from torchlite.ops.reduce.reductions import data_of


def _unique_axis(data: Any, dim: int | None) -> int | None:
    """`dim` as a non-negative axis; None for all elements."""
    axis = None if dim is None else normalize_dim(dim, data.ndim)
    if dim is not None and not data.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if dtypes.of(data).category == COMPLEX:
        raise refuse("unique", dtypes.of(data))
    if axis is not None and 0 in data.shape[:axis] + data.shape[axis + 1 :]:
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )
    return axis


def _chosen(results: tuple, inverse: bool, counts: bool) -> Any:
    kept = [wrap(local.mode.xp.asarray(r)) for r, wanted in zip(results, (True, inverse, counts))
            if wanted]  # fmt: skip
    return tuple(kept) if len(kept) > 1 else kept[0]


@operation
def unique(input: Tensor, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:  # fmt: skip
    """The distinct elements (or slices along `dim`) in order, as ``values[, inverse][, counts]``.

    inverse: the index of each element in values; counts: the number of occurrences.
    """
    data = data_of("unique", input)
    results = local.mode.xp.unique(data, _unique_axis(data, dim))
    return _chosen(results, return_inverse, return_counts)


@operation
def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False,
                       dim: int | None = None) -> Any:  # fmt: skip
    """`input` with runs of equal elements (or slices along `dim`) collapsed to one.

    Returns ``values[, inverse][, counts]`` as in `unique`; flattens if there is no `dim`.
    """
    data, xp = data_of("unique_consecutive", input), local.mode.xp
    axis = _unique_axis(data, dim)
    rows = xp.reshape(data, (-1,)) if axis is None else data
    axis = axis or 0
    size = rows.shape[axis]
    begins = _run_begins(xp, rows, axis)
    starts = xp.reshape(xp.nonzero(begins), (-1,))
    inverse = xp.sub(xp.cumsum(xp.astype(begins, dtypes.int64), 0), 1)
    inverse = inverse if dim is not None else xp.reshape(inverse, data.shape)
    ends = xp.concatenate([starts[1:], xp.full((min(size, 1),), size, dtypes.int64)], 0)
    return _chosen((xp.take(rows, starts, axis), inverse, xp.sub(ends, starts)),
                   return_inverse, return_counts)  # fmt: skip


def _run_begins(xp: Any, rows: Any, axis: int) -> Any:
    """(size of axis,) bool: whether a slice differs from the one before it."""
    size = rows.shape[axis]
    before = (slice(None),) * axis
    changed = xp.ne(
        xp.getitem(rows, (*before, slice(1, None))), xp.getitem(rows, (*before, slice(0, -1)))
    )
    others = tuple(i for i in range(len(rows.shape)) if i != axis)
    changed = xp.any(changed, others, False) if others else changed
    return xp.concatenate([xp.full((min(size, 1),), True, dtypes.bool_), changed], 0)


# --- searching sorted sequences -----------------------------------------------------------------


def _check_places(sequence: Tensor, values: Any, right: bool, side: Any, sorter: Any) -> None:
    name, shape = "torch.searchsorted()", tuple(sequence._data.shape)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"{name}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            f"{name}: side and right can't be set to opposites, got side of left while right was "
            "True"
        )
    if not shape:
        raise RuntimeError(
            f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but "
            "we got boundaries tensor dim(0) and input value's dim(0) numel(1)"
        )
    if not isinstance(values, Tensor) or not values._data.ndim:
        if len(shape) != 1:
            raise RuntimeError(
                f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, "
                f"but we got boundaries tensor dim({len(shape)}) and input value's dim(0) numel(1)"
            )
    elif len(shape) != 1 and shape[:-1] != tuple(values._data.shape[:-1]):
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(shape)} and input value tensor {list(values.shape)}"
        )
    if sorter is not None:
        _check_sorter(sequence, sorter)


def _check_sorter(sequence: Tensor, sorter: Tensor) -> None:
    name = "torch.searchsorted()"
    if sorter._data.shape != sequence._data.shape:
        raise RuntimeError(
            f"{name}: boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence.shape)}and got sorter tensor {list(sorter.shape)}"
        )
    if sorter.dtype is not dtypes.int64:
        raise RuntimeError(
            f"{name}: sorter must be a tensor of long dtype but got dtype {sorter.dtype.legacy}"
        )
    if not local.mode.xp.in_range(sorter._data, sequence._data.shape[-1]):
        raise RuntimeError(f"{name}: sorter index out of range")


@functional
def searchsorted(sorted_sequence: Tensor, input: Any, *, out_int32: bool = False,
                 right: bool = False, side: str | None = None, out: Tensor | None = None,
                 sorter: Tensor | None = None) -> Tensor:  # fmt: skip
    """The int64 indices at which to insert the values of `input` into `sorted_sequence`.

    Before equal elements, or after them if `right` (or ``side="right"``). A 1-d sequence fits any
    input, else all dimensions but the last must match. `sorter`: indices that sort the sequence.
    """
    data = data_of("searchsorted", sorted_sequence)
    _check_places(sorted_sequence, input, right, side, sorter)
    xp = local.mode.xp
    if sorter is not None:
        data = xp.gather(data, sorter._data, data.ndim - 1)
    kind = result_type(sorted_sequence, input)
    if kind is dtypes.bool_:
        raise refuse("searchsorted_out_cpu", kind)
    data = data if dtypes.of(data) is kind else xp.astype(data, kind)
    values = as_operand(input, kind)
    values = values._data if isinstance(values, Tensor) else xp.full((), values, kind)
    places = wrap(xp.asarray(xp.searchsorted(data, values, right or side == "right")))
    result = cast(places, dtypes.int32 if out_int32 else dtypes.int64)
    return result if out is None else write_out("searchsorted", out, result)


@functional
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The index of the bucket between `boundaries` (1-d, sorted) that each value falls into."""
    if data_of("bucketize", boundaries).ndim != 1:
        raise RuntimeError(
            f"boundaries tensor must be 1 dimension, but got dim({boundaries._data.ndim})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


__all__ = ["bucketize", "searchsorted", "unique", "unique_consecutive"]
