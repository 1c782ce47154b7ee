"""Reductions over dimensions, with their gradients.

``dim``: an int, a tuple of ints, or None for all dimensions. ``keepdim`` keeps the reduced
dimensions with size 1.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dim, normalize_dims, reduced_count, reduced_shape
from torchlite.core.tensor import Tensor
from torchlite.core.types import Dims
from torchlite.dtypes import COMPLEX, FLOAT, INTEGER, dtype
from torchlite.ops.core.family import not_a_tensor, operation, write_out
from torchlite.ops.core.op import Primitive, declare, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.arithmetic import div
from torchlite.ops.math.comparison import isnan, ne, where
from torchlite.ops.reduce.scan import shifted


def restore(xp: Any, g: Any, x_shape: tuple, axis: Any, keepdims: bool) -> Any:
    """`g` with the reduced axes of `x_shape` restored with size 1."""
    return g if keepdims else xp.reshape(g, reduced_shape(x_shape, axis))


def data_of(name: str, input: Any) -> Any:
    """The array of a tensor. Raises PyTorch's TypeError for other objects."""
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor(name, 1, "input", input)
    return data


def axes_of(dim: Dims, ndim: int) -> Any:
    """`dim` in the backend's form: None or a tuple of non-negative ints."""
    return None if dim is None else normalize_dims(dim, ndim)


def check_nonempty(name: str, data: Any, axis: Any, error: type = IndexError) -> None:
    """Raise PyTorch's error if there are no elements to take an extreme of."""
    if data.size:
        return
    if axis is None:
        raise error(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )
    for i in (axis,) if isinstance(axis, int) else axis:
        if data.shape[i] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {i} to have non-zero size.")


def in_single(primitive: Primitive, input: Tensor, *parameters: Any) -> Tensor:
    """Run the primitive on `input`; half precision is computed in float32, as in PyTorch."""
    if dtypes.of(input._data) is not dtypes.float16:
        return run(primitive, (input, *parameters), (input._data, *parameters))
    return cast(primitive(cast(input, dtypes.float32), *parameters), dtypes.float16)


# --- sums, means, products ----------------------------------------------------------------------


def _sum_x(xp: Any, g: Any, x_shape: tuple, axis: Any, keepdims: bool) -> Any:
    return xp.broadcast_to(restore(xp, g, x_shape, axis, keepdims), x_shape)


def _mean_x(xp: Any, g: Any, x_shape: tuple, axis: Any, keepdims: bool) -> Any:
    return _sum_x(xp, xp.div(g, reduced_count(x_shape, axis) or math.nan), x_shape, axis, keepdims)


def _prod_x(xp: Any, g: Any, x: Any, axis: int | None, keepdims: bool) -> Any:
    """The product of all other elements, without division: exact where some are zero."""
    row = xp.reshape(x, (-1,)) if axis is None else x
    axis = axis or 0
    before = xp.cumprod(shifted(xp, row, axis, 1, 1), axis)
    back = shifted(xp, xp.flip(row, (axis,)), axis, 1, 1)
    after = xp.flip(xp.cumprod(back, axis), (axis,))
    g = xp.reshape(g, reduced_shape(tuple(row.shape), axis))
    return xp.reshape(xp.mul(g, xp.mul(before, after)), tuple(x.shape))


_sum = declare("sum", x=_sum_x)
_mean = declare("mean", x=_mean_x)
_prod = declare("prod", x=_prod_x)


@operation
def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The sum over `dim` (all by default); integers and bool are summed in int64."""
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor("sum", 1, "input", input)
    if dtype is not None or dtypes.of(data).category < FLOAT:
        input = cast(input, dtype or dtypes.int64)
        data = input._data
    axes = None if dim is None else normalize_dims(dim, data.ndim)
    result = run(_sum, (input, axes, keepdim), (data, axes, keepdim))
    return result if out is None else write_out("sum", out, result)


@operation
def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """The sum over the dimensions along which shape `size` broadcasts to that of `input`."""
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    own = tuple(input._data.shape)
    lead = len(own) - len(shape)
    if lead < 0 or builtins.any(n not in (1, m) for n, m in zip(shape, own[lead:])):
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(own)}}}.")
    axes = tuple(i for i, m in enumerate(own) if i < lead or (shape[i - lead] == 1 and m != 1))
    return sum(input, axes, True).reshape(shape) if axes else input


@operation
def nansum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`sum` with NaN counted as 0."""
    category = dtypes.of(data_of("nansum", input)).category
    if category == COMPLEX:
        raise RuntimeError("nansum on CPU does not support complex inputs")
    kept = where(isnan(input), 0, input) if category == FLOAT else input
    return sum(kept, dim, keepdim, dtype=dtype, out=out)


@operation
def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The arithmetic mean over `dim` (all by default); NaN for no elements.

    Raises: RuntimeError (as PyTorch) for integers and bool, unless `dtype` is given.
    """
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor("mean", 1, "input", input)
    axes = None if dim is None else normalize_dims(dim, data.ndim)
    kind = dtypes.of(data)
    if dtype is None and kind.category >= FLOAT and kind.itemsize > 2:
        result = run(_mean, (input, axes, keepdim), (data, axes, keepdim))
    else:
        result = in_single(_mean, _averaged(input, dtype), axes, keepdim)
    return result if out is None else write_out("mean", out, result)


def _averaged(input: Tensor, dtype: dtype | None) -> Tensor:
    """`input` in the dtype of its mean."""
    kind = dtype or input.dtype
    if kind.category < FLOAT:
        raise RuntimeError(
            "mean(): could not infer output dtype. "
            f"{'Input' if dtype is None else 'Optional'} dtype must be either a floating point or "
            f"complex dtype. Got: {kind.legacy}"
        )
    return cast(input, kind)


@operation
def nanmean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The mean of the elements that are not NaN."""
    if dtypes.of(data_of("nanmean", input)).category < FLOAT:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{input.dtype.legacy}"
        )
    total = nansum(input, dim, keepdim, dtype=dtype)
    result = div(total, sum(isnan(input).logical_not(), dim, keepdim))
    return result if out is None else write_out("nanmean", out, result)


@operation
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *,
         dtype: dtype | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The product over one dimension or all; integers and bool are multiplied in int64."""
    data = data_of("prod", input)
    if dtype is not None or dtypes.of(data).category < FLOAT:
        input = cast(input, dtype or dtypes.int64)
    if dim is not None and not isinstance(dim, int):
        raise TypeError(f"prod(): argument 'dim' must be int, not {type(dim).__name__}")
    axis = None if dim is None else normalize_dim(dim, data.ndim)
    result = in_single(_prod, input, axis if data.ndim else None, keepdim)
    return result if out is None else write_out("prod", out, result)


# --- truth and counts ---------------------------------------------------------------------------

_any, _all = declare("any"), declare("all")


def _truth(name: str, primitive: Any, input: Any, dim: Dims, keepdim: bool, out: Any) -> Tensor:
    data = data_of(name, input)
    axes = () if isinstance(dim, (tuple, list)) and not dim else axes_of(dim, data.ndim)
    result = run(primitive, (input, axes, keepdim), (data, axes, keepdim))
    if dtypes.of(data) is dtypes.uint8:  # PyTorch's original bool
        result = cast(result, dtypes.uint8)
    return result if out is None else write_out(name, out, result)


@operation
def any(input: Tensor, dim: Dims = None, keepdim: bool = False, *,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Whether any element is non-zero; bool (uint8 for uint8). ``dim=()`` reduces nothing."""
    return _truth("any", _any, input, dim, keepdim, out)


@operation
def all(input: Tensor, dim: Dims = None, keepdim: bool = False, *,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Whether all elements are non-zero; bool (uint8 for uint8). ``dim=()`` reduces nothing."""
    return _truth("all", _all, input, dim, keepdim, out)


@operation
def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """The number of non-zero elements, int64."""
    data_of("count_nonzero", input)
    return sum(ne(input, 0), dim)


# --- indices of extremes ------------------------------------------------------------------------

_argmax, _argmin = declare("argmax"), declare("argmin")


def _place(name: str, primitive: Primitive, input: Any, dim: int | None, keepdim: bool,
           out: Tensor | None) -> Tensor:  # fmt: skip
    data = data_of(name, input)
    if dtypes.of(data).category not in (FLOAT, INTEGER):
        kind = "bool" if dtypes.of(data) is dtypes.bool_ else "complex"
        raise RuntimeError(f"{name}(): does not support {kind} input")
    axis = None if dim is None else normalize_dim(dim, data.ndim)
    check_nonempty(name, data, axis)
    result = primitive(input, axis if data.ndim else None, keepdim)
    return result if out is None else write_out(name, out, result)


@operation
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False, *,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The index of the maximum, the first of ties; NaN counts as greatest.

    Without `dim`, an index into the flattened tensor. Raises: as `max`.
    """
    return _place("argmax", _argmax, input, dim, keepdim, out)


@operation
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False, *,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The index of the minimum, the first of ties; NaN counts as smallest.

    Without `dim`, an index into the flattened tensor. Raises: as `min`.
    """
    return _place("argmin", _argmin, input, dim, keepdim, out)


__all__ = [
    "all", "any", "argmax", "argmin", "count_nonzero", "mean", "nanmean", "nansum", "prod", "sum",
]  # fmt: skip
