"""Cumulative sums, products and extremes along a dimension, with their gradients."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, dtype
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.family import functional, not_a_tensor, operation, refuse, write_out
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.arithmetic import add, div, mul, sub
from torchlite.ops.math.exponentials import logaddexp
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.slicing import narrow


def _reversed_sum(xp: Any, g: Any, axis: int) -> Any:
    """The sum of each element and all after it."""
    return xp.flip(xp.cumsum(xp.flip(g, (axis,)), axis), (axis,)) if g.shape else g


def shifted(xp: Any, x: Any, axis: int, steps: int, fill: float) -> Any:
    """`x` shifted towards the end by `steps` (the start if negative), padded with `fill`."""
    size = x.shape[axis]
    steps = max(-size, min(steps, size))
    part = slice(0, size - steps) if steps > 0 else slice(-steps, size)
    index = tuple(part if i == axis else slice(None) for i in range(len(x.shape)))
    width = (steps, 0) if steps > 0 else (0, -steps)
    widths = [width if i == axis else (0, 0) for i in range(len(x.shape))]
    return xp.pad(xp.getitem(x, index), widths, fill)


def _cumprod_x(xp: Any, g: Any, x: Any, axis: int) -> Any:
    """The gradient of the cumulative product, without division: exact where elements are zero.

    It is the product of all earlier elements, times ``s[i] = g[i] + x[i+1] * s[i+1]``. The steps of
    this recurrence are combined in pairs, then fours, ...: Hillis and Steele 1986, "Data parallel
    algorithms".
    """
    if not x.shape:
        return g
    before = xp.cumprod(shifted(xp, x, axis, 1, 1), axis)
    total, factor, reach = g, shifted(xp, x, axis, -1, 0), 1
    while reach < x.shape[axis]:
        total = xp.add(total, xp.mul(factor, shifted(xp, total, axis, -reach, 0)))
        factor = xp.mul(factor, shifted(xp, factor, axis, -reach, 0))
        reach *= 2
    return xp.mul(before, total)


_cumsum = declare("cumsum", x=_reversed_sum)
_cumprod = declare("cumprod", x=_cumprod_x)


def _scan(name: str, primitive: Any, input: Any, dim: int, dtype: dtype | None,
          out: Tensor | None) -> Tensor:  # fmt: skip
    if not isinstance(input, Tensor):
        raise not_a_tensor(name, 1, "input", input)
    if dtype is not None or input.dtype.category < FLOAT:
        input = cast(input, dtype or dtypes.int64)
    axis = normalize_dim(dim, input._data.ndim)
    if input.dtype is dtypes.float16:
        result = cast(primitive(cast(input, dtypes.float32), axis), dtypes.float16)
    else:
        result = primitive(input, axis)
    return result if out is None else write_out(name, out, result)


@operation(in_place=True)
def cumsum(input: Tensor, dim: int, *, dtype: dtype | None = None,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Cumulative sums along `dim`; integers and bool in int64. Shape: ``(*) -> (*)``."""
    return _scan("cumsum", _cumsum, input, dim, dtype, out)


@operation(in_place=True)
def cumprod(input: Tensor, dim: int, *, dtype: dtype | None = None,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Cumulative products along `dim`; integers and bool in int64. Shape: ``(*) -> (*)``."""
    return _scan("cumprod", _cumprod, input, dim, dtype, out)


def _running_extreme(name: str, input: Tensor, dim: int, out: Any) -> Any:
    if not isinstance(input, Tensor):
        raise not_a_tensor(name, 1, "input", input)
    if input.dtype.category == COMPLEX:
        raise refuse(f"{name}_cpu", input.dtype)
    axis = normalize_dim(dim, input._data.ndim)
    places = getattr(local.mode.xp, name)(input._data, axis)[1]
    return pair(name, input, places, axis, out)


def pair(name: str, input: Tensor, places: Any, axis: int, out: Any = None) -> Any:
    """The named tuple of the elements at `places` (int64 array) along `axis`, and `places`."""
    indices = wrap(local.mode.xp.asarray(places))
    return named(name, recorded.gather(input, indices, axis), indices, out)


def named(name: str, values: Tensor, indices: Tensor, out: Any = None) -> Any:
    """The results as PyTorch's named tuple, written into the pair `out` if it is given."""
    if out is not None:
        values, indices = (write_out(name, o, r) for o, r in zip(out, (values, indices)))
    return getattr(return_types, name)(values, indices)


@operation
def cummax(input: Tensor, dim: int, *, out: Any = None) -> return_types.cummax:
    """The maximum so far along `dim`, and its index: ``(values, indices)``."""
    return _running_extreme("cummax", input, dim, out)


@operation
def cummin(input: Tensor, dim: int, *, out: Any = None) -> return_types.cummin:
    """The minimum so far along `dim`, and its index: ``(values, indices)``."""
    return _running_extreme("cummin", input, dim, out)


@operation
def logcumsumexp(input: Tensor, dim: int, *, out: Tensor | None = None) -> Tensor:
    """``log(cumsum(exp(input), dim))`` without overflow. Shape: ``(*) -> (*)``."""
    axis, reach = normalize_dim(dim, input._data.ndim), 1
    if input.dtype.category != FLOAT:
        raise refuse("logcumsumexp_out_cpu", input.dtype)
    result = input.clone()
    while input._data.ndim and reach < input._data.shape[axis]:
        result = logaddexp(result, shifted(recorded, result, axis, reach, -math.inf))
        reach *= 2
    return result if out is None else write_out("logcumsumexp", out, result)


# --- differences and integrals ------------------------------------------------------------------


@operation
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
         append: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The `n`-th difference along `dim`, after joining `prepend`, `input` and `append`."""
    if not input._data.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = normalize_dim(dim, input._data.ndim)
    if n == 0:
        return input.clone() if out is None else write_out("diff", out, input)
    parts = [x for x in (prepend, input, append) if x is not None]
    result = cat(parts, axis) if len(parts) > 1 else input
    for _ in range(min(n, result._data.shape[axis])):
        after, before = _without_first(result, axis), _without_last(result, axis)
        is_bool = result.dtype.category == BOOL
        result = after.logical_xor(before) if is_bool else sub(after, before)
    return result if out is None else write_out("diff", out, result)


def _without_first(x: Tensor, axis: int) -> Tensor:
    size = x._data.shape[axis]
    return narrow(x, axis, min(size, 1), max(size - 1, 0))


def _without_last(x: Tensor, axis: int) -> Tensor:
    return narrow(x, axis, 0, max(x._data.shape[axis] - 1, 0))


def _areas(name: str, y: Tensor, x: Tensor | None, dx: Any, axis: int) -> Tensor:
    """The areas of the trapezoids between neighbours along `axis`."""
    if y.dtype.category == BOOL:
        raise RuntimeError(f"{name}: received a bool input for `y`, but bool is not supported")
    sums = add(_without_first(y, axis), _without_last(y, axis))
    if x is None:
        return mul(sums, dx / 2)
    if x._data.ndim == 1:
        if x._data.shape[0] != y._data.shape[axis]:
            raise RuntimeError(
                f"{name}: There must be one `x` value for each sample point. "
                f"Got {x.shape[0]} `x` points and {y.shape[axis]} sample points along `dim`"
            )
        x = x.reshape([-1 if i == axis else 1 for i in range(y._data.ndim)])
    else:
        x = x.reshape((1,) * (y._data.ndim - x._data.ndim) + tuple(x.shape))
    return div(mul(sums, sub(_without_first(x, axis), _without_last(x, axis))), 2)


def _check_dx(x: Any, dx: Any) -> tuple:
    """`x` and `dx`; a scalar `x` is a step."""
    return (x, dx) if x is None or isinstance(x, Tensor) else (None, x)


@functional
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The integral of `y` along `dim` by the trapezoidal rule; points at `x`, or `dx` apart."""
    x, dx = _check_dx(x, dx)
    axis = normalize_dim(dim, y._data.ndim)
    if not y._data.shape[axis]:
        return y.sum(axis)
    return _areas("trapezoid", y, x, dx, axis).sum(axis)


@functional
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1,
                         dim: int = -1) -> Tensor:  # fmt: skip
    """The cumulative integral of `y` along `dim`: `trapezoid` up to each point but the first."""
    x, dx = _check_dx(x, dx)
    axis = normalize_dim(dim, y._data.ndim)
    return _areas("cumulative_trapezoid", y, x, dx, axis).cumsum(axis)


@functional
def trapz(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """Old name of `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)


__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "logcumsumexp",
    "trapezoid", "trapz",
]  # fmt: skip
