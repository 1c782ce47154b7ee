"""Reductions of consecutive segments of a dimension."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.ops.core.family import functional, refuse
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.factories import arange, full
from torchlite.ops.indexing.gather import scatter_reduce
from torchlite.ops.layers.padding import pad
from torchlite.ops.math.arithmetic import div
from torchlite.ops.math.comparison import eq, ge, gt, logical_or, lt, where
from torchlite.ops.reduce.scan import cumsum
from torchlite.ops.shape.reshaping import reshape
from torchlite.ops.shape.slicing import narrow

#: reduce -> (its name in `scatter_reduce`, the value of an empty segment)
_KINDS = {
    "sum": ("sum", 0.0),
    "mean": ("sum", math.nan),
    "max": ("amax", -math.inf),
    "min": ("amin", math.inf),
    "prod": ("prod", 1.0),
}


@functional
def segment_reduce(data: Tensor, reduce: str, *, lengths: Tensor | None = None,
                   indices: Tensor | None = None, offsets: Tensor | None = None, axis: int = 0,
                   unsafe: bool = False, initial: float | None = None) -> Tensor:  # fmt: skip
    """The "sum", "mean", "max", "min" or "prod" of each segment of dimension `axis`.

    Segments have `lengths` (*, S), or begin and end at `offsets` (*, S + 1); ``*`` are the
    dimensions of `data` before `axis`.
    Equal extremes share the gradient. -> the shape of `data` with S at `axis`.

    Args:
        unsafe: Do not check that the lengths add up to the size of the dimension.
        initial: Included in each reduction (for "mean", as a summand); on its own, it is the result
            for an empty segment. Default: 0, NaN, -inf, inf or 1.

    Raises: RuntimeError (as PyTorch) for lengths or an axis that do not match.
    """
    axis = normalize_dim(axis, data.ndim)
    bounds = _bounds(data, lengths, indices, offsets, axis, unsafe)
    if reduce not in _KINDS:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    if data.dtype.category != FLOAT:
        raise refuse("_segment_reduce_cpu", data.dtype)
    count = bounds.shape[-1] - 1
    kind, empty = _KINDS[reduce]
    start = {"mean": 0.0}.get(reduce, empty) if initial is None else float(initial)
    shape = (*data.shape[:axis], count + 1, *data.shape[axis + 1 :])  # the last: no segment
    result = scatter_reduce(
        full(shape, start, dtype=data.dtype), axis, _segments(data, bounds, axis), data, kind,
        include_self=kind in ("sum", "prod"),
    )  # fmt: skip
    result = narrow(result, axis, 0, count)
    if reduce == "mean":
        sizes = _beside(bounds[..., 1:] - bounds[..., :-1], data, axis)
        average = div(result, cast(sizes, data.dtype))
        return where(eq(sizes, 0), empty if initial is None else start, average)
    if initial is not None and kind in ("amax", "amin"):
        worse = (lt if kind == "amax" else gt)(result, start)
        return where(worse, start, result)
    return result


def _bounds(data: Tensor, lengths: Any, indices: Any, offsets: Any, axis: int,
            unsafe: bool) -> Tensor:  # fmt: skip
    """The boundaries of the segments, (*, S + 1)."""
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    given, label = (offsets, "offsets") if offsets is not None else (lengths, "lengths")
    if axis != given.ndim - 1:
        raise RuntimeError(
            f"segment_reduce(): Expected axis to be the last dimension of {label} but got {axis}."
        )
    given = cast(given, dtypes.int64)
    if offsets is not None:
        return given
    if not unsafe:
        _check_lengths(given, data.shape[axis])
    return pad(cumsum(given, -1), (1, 0))


def _check_lengths(lengths: Tensor, size: int) -> None:
    if bool(lt(lengths, 0).any()):
        raise RuntimeError("lengths contains negative value!")
    if not bool(eq(lengths.sum(-1), size).all()):
        raise RuntimeError(
            "segment_reduce(): Expected all rows of lengths along axis to sum to "
            "data.size(lengths.dim()-1) when !unsafe."
        )


def _segments(data: Tensor, bounds: Tensor, axis: int) -> Tensor:
    """The index of the segment that each element of `data` is in; S if in none."""
    count = bounds.shape[-1] - 1
    place = arange(data.shape[axis]).unsqueeze(-1)  # (N, 1) beside (*, 1, S + 1)
    passed = ge(place, bounds.unsqueeze(-2)).sum(-1)
    outside = logical_or(eq(passed, 0), gt(passed, count))
    return _beside(where(outside, count, passed - 1), data, axis).expand(data.shape)


def _beside(x: Tensor, data: Tensor, axis: int) -> Tensor:
    """`x` with dimensions of size 1 for those of `data` after `axis`."""
    return reshape(x, (*x.shape, *(1,) * (data.ndim - axis - 1)))


__all__ = ["segment_reduce"]
