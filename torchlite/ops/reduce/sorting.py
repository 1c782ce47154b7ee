"""Sorting and order statistics. NaN counts as greatest; gradients go to selected elements."""

from __future__ import annotations

import math
from typing import Any, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.ops.core.family import operation, refuse, write_out
from torchlite.ops.core.op import declare
from torchlite.ops.indexing.gather import check_apart
from torchlite.ops.reduce.extremes import picked
from torchlite.ops.reduce.reductions import check_nonempty, data_of
from torchlite.ops.reduce.scan import pair


def _refuse_complex(name: str, data: Any) -> None:
    if dtypes.of(data).category == COMPLEX:
        raise RuntimeError(f"{name} does not support complex dtypes on CPU")


@operation
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *,
         out: Any = None) -> return_types.sort:  # fmt: skip
    """The elements in order along `dim`, and their original indices: ``(values, indices)``.

    The sort is always stable.
    """
    data = data_of("sort", input)
    _refuse_complex(" Sort", data)
    axis = normalize_dim(dim, data.ndim)
    places = local.mode.xp.sort(data, axis, bool(descending))[1]
    return pair("sort", input, places, axis, out)


@operation
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices of `sort`."""
    return sort(input, dim, descending).indices


@operation
def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The values of ``sort(input, dim=0)``."""
    result = sort(input, 0).values
    return result if out is None else write_out("msort", out, result)


def _slice(xp: Any, x: Any, axis: int, start: int, stop: int) -> Any:
    """``x[..., start:stop]`` along `axis`."""
    return xp.getitem(x, (slice(None),) * axis + (slice(start, stop),))


@operation
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *,
         out: Any = None) -> return_types.topk:  # fmt: skip
    """The `k` greatest (or smallest) elements along `dim` in order: ``(values, indices)``.

    Raises: RuntimeError if there are fewer.
    """
    data = data_of("topk", input)
    _refuse_complex(" topk", data)
    if dtypes.of(data) is dtypes.bool_:
        raise RuntimeError("topk does not support bool dtypes on CPU")
    axis = normalize_dim(dim, data.ndim)
    if not 0 <= k <= (data.shape[axis] if data.ndim else 1):
        raise RuntimeError("selected index k out of range")
    xp = local.mode.xp
    places = xp.sort(data, axis, bool(largest))[1]
    places = xp.contiguous(_slice(xp, places, axis, 0, k)) if data.ndim else places
    return pair("topk", input, places, axis, out)


@operation
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *,
             out: Any = None) -> return_types.kthvalue:  # fmt: skip
    """The `k`-th smallest element along `dim` (k from 1), and its index: ``(values, indices)``."""
    data = data_of("kthvalue", input)
    if dtypes.of(data).category in (dtypes.BOOL, COMPLEX):
        raise refuse("kthvalue_cpu", input.dtype)
    axis = normalize_dim(dim, data.ndim)
    check_nonempty("kthvalue", data, axis)
    if not 1 <= k <= (data.shape[axis] if data.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    if out is not None:
        check_apart(out[0], input)
    xp = local.mode.xp
    places = xp.sort(data, axis, False)[1]
    if data.ndim:
        places = xp.reshape(_slice(xp, places, axis, k - 1, k), _without(data.shape, axis))
    return picked("kthvalue", input, places, axis, keepdim, out)


def _without(shape: tuple, axis: int) -> tuple:
    return tuple(size for i, size in enumerate(shape) if i != axis)


# --- medians ------------------------------------------------------------------------------------


def _shared_x(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """Elements that equal the result share the gradient equally."""
    found = xp.logical_or(xp.eq(x, out), xp.logical_and(xp.isnan(x), xp.isnan(out)))
    shares = xp.sum(xp.astype(found, dtypes.of(x)), None, False)
    return xp.where(found, xp.div(g, shares), 0)


_median = declare("median", x=_shared_x)


def _along_dim(name: str, input: Tensor, dim: int, keepdim: bool, out: Any) -> Any:
    data = input._data
    axis = normalize_dim(dim, data.ndim)
    check_nonempty(name, data, axis)
    xp = local.mode.xp
    places = xp.median_place(data, axis, name == "nanmedian") if data.ndim else xp.full(
        (), 0, dtypes.int64)  # fmt: skip
    return picked(name, input, places, axis, keepdim, out)


def _median_of(name: str, input: Any, dim: int | None, keepdim: bool, out: Any) -> Any:
    data = data_of(name, input)
    if dtypes.of(data).category in (dtypes.BOOL, COMPLEX):
        raise refuse("median_cpu", input.dtype)
    if dim is not None:
        return _along_dim(name, input, dim, keepdim, out)
    if data.size:
        return _median(input, name == "nanmedian")
    nothing = math.nan if input.dtype.category == FLOAT else dtypes.iinfo(input.dtype).min
    return wrap(local.mode.xp.full((), nothing, input.dtype))


@overload
def median(input: Tensor) -> Tensor: ...
@overload
def median(
    input: Tensor, dim: int, keepdim: bool = False, *, out: Any = None
) -> return_types.median: ...
@operation
def median(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median, the lower of two middle elements; with `dim`: ``(values, indices)`` along it.

    NaN propagates. Without `dim`, elements equal to the median share the gradient.
    """
    return _median_of("median", input, dim, keepdim, out)


@overload
def nanmedian(input: Tensor) -> Tensor: ...
@overload
def nanmedian(
    input: Tensor, dim: int, keepdim: bool = False, *, out: Any = None
) -> return_types.nanmedian: ...
@operation
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False, *,
              out: Any = None) -> Any:  # fmt: skip
    """`median` of the elements that are not NaN."""
    return _median_of("nanmedian", input, dim, keepdim, out)


@operation
def mode(
    input: Tensor, dim: int = -1, keepdim: bool = False, *, out: Any = None
) -> return_types.mode:
    """The most frequent element along `dim`, the smallest of ties, and an index of it."""
    data = data_of("mode", input)
    if dtypes.of(data).category == COMPLEX:
        raise refuse("mode_cpu", input.dtype)
    axis = normalize_dim(dim, data.ndim)
    check_nonempty("mode", data, axis)
    xp = local.mode.xp
    places = xp.mode_place(data, axis) if data.ndim else xp.full((), 0, dtypes.int64)
    return picked("mode", input, places, axis, keepdim, out)


__all__ = ["argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk"]
