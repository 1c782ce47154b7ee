"""Elementwise functions derived from the basic ones."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.ops.core.family import (
    binary,
    check_tensors,
    functional,
    not_a_tensor,
    operation,
    unary,
    write_out,
)
from torchlite.ops.core.methods import put, put_in_place
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import (
    at_least_float,
    cast,
    computing,
    result_type,
)
from torchlite.ops.creation.conversion import clone
from torchlite.ops.creation.factories import tensor
from torchlite.ops.math.arithmetic import abs, add, div, floor, lgamma, mul, sub
from torchlite.ops.math.clamping import clamp
from torchlite.ops.math.comparison import eq, isfinite, isnan, logical_or, lt, where
from torchlite.ops.math.exponentials import log, log2, pow
from torchlite.ops.math.trigonometry import sin

# --- logarithms and powers ----------------------------------------------------------------------


def _xlogy_input(xp: Any, g: Any, input: Any, other: Any) -> Any:
    dead = xp.logical_and(xp.eq(input, 0), xp.le(other, 0))
    return xp.where(dead, 0, xp.xlogy(g, other))


@binary(
    floats=True,
    refuses=(COMPLEX,),
    input=_xlogy_input,
    other=lambda xp, g, input, other: xp.div(xp.mul(g, input), other),
)
def xlogy(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input * log(other)``; 0 where `input` is 0 and `other` is not NaN."""


@operation(in_place=True)
def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """``log(input / (1 - input))``; with `eps`, `input` is first clamped to [eps, 1 - eps]."""
    x = cast(input, at_least_float(input.dtype))
    if eps is not None:
        x = clamp(x, eps, 1 - eps)
    result = log(div(x, sub(1, x)))
    return result if out is None else write_out("logit", out, result)


@operation(in_place=True)
def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input * 2 ** other``."""
    check_tensors("ldexp", input=input, other=other)
    result = mul(input, pow(2.0, other))
    return result if out is None else write_out("ldexp", out, result)


@operation(in_place=True)
def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """``input ** exponent`` in float64, or complex128 if either is complex."""
    wide = result_type(input, exponent).category == COMPLEX
    kind = dtypes.complex128 if wide else dtypes.float64
    result = pow(*(cast(x, kind) if isinstance(x, Tensor) else x for x in (input, exponent)))
    return result if out is None else write_out("float_power", out, result)


# --- angles -------------------------------------------------------------------------------------


@operation(in_place=True)
def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Degrees converted to radians."""
    result = mul(input, math.pi / 180)
    return result if out is None else write_out("deg2rad", out, result)


@operation(in_place=True)
def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Radians converted to degrees."""
    result = mul(input, 180 / math.pi)
    return result if out is None else write_out("rad2deg", out, result)


@operation(in_place=True)
def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sin(pi * input) / (pi * input)``; 1 at 0."""
    zero, kind = eq(input, 0), at_least_float(input.dtype)
    x = mul(where(zero, 1, cast(input, computing(kind))), math.pi)
    result = cast(where(zero, 1, div(sin(x), x)), kind)
    return result if out is None else write_out("sinc", out, result)


# --- tests on floats ----------------------------------------------------------------------------


@operation
def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where the sign is negative, including -0.0."""
    if input.dtype.category == COMPLEX:
        raise RuntimeError("signbit is not implemented for complex tensors.")
    data = input._data
    if input.dtype.category == FLOAT:  # ``input < 0`` misses -0.0 and -NaN
        data = local.mode.xp.copysign(1.0, data)
    result = lt(wrap(local.mode.xp.asarray(data)), 0)
    return result if out is None else write_out("signbit", out, result)


@operation
def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is positive infinity."""
    return _is_infinite("isposinf", input, math.inf, out)


@operation
def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is negative infinity."""
    return _is_infinite("isneginf", input, -math.inf, out)


def _is_infinite(name: str, input: Tensor, value: float, out: Tensor | None) -> Tensor:
    if input.dtype.category == COMPLEX:
        raise RuntimeError(f"{name} does not support complex inputs.")
    result = eq(input, value)
    return result if out is None else write_out(name, out, result)


@operation(in_place=True)
def nan_to_num(input: Tensor, nan: float | None = None, posinf: float | None = None,
               neginf: float | None = None, *, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`input` with NaN and infinities replaced; by default, by 0 and the extreme finite values."""
    result = clone(input)
    if input.dtype.category == FLOAT:
        limits = dtypes.finfo(input.dtype)
        for found, value, default in (
            (isnan(input), nan, 0.0),
            (isposinf(input), posinf, limits.max),
            (isneginf(input), neginf, limits.min),
        ):
            number = tensor(default if value is None else value, dtype=input.dtype)
            result = where(found, number, result)
    return result if out is None else write_out("nan_to_num", out, result)


# --- the gamma function -------------------------------------------------------------------------


@unary(
    floats=True, refuses=(COMPLEX,), input=lambda xp, g, input: xp.mul(g, xp.polygamma(1, input))
)
def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of `lgamma`."""


_polygamma = declare(
    "polygamma", input=lambda xp, g, n, input: xp.mul(g, xp.polygamma(n + 1, input))
)


@functional
def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The `n`-th derivative of `digamma`."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return digamma(input, out=out)
    result = _polygamma(n, cast(input, at_least_float(input.dtype)))
    return result if out is None else write_out("polygamma", out, result)


def _polygamma_of(self: Tensor, n: int) -> Tensor:
    """The `n`-th derivative of `digamma`."""
    return polygamma(n, self)


put("polygamma", _polygamma_of)
put_in_place(_polygamma_of, "polygamma")


@operation(in_place=True)
def mvlgamma(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`.

    Raises: RuntimeError for p < 1.
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    x = cast(input, at_least_float(input.dtype))
    result = lgamma(x)
    for i in range(1, p):
        result = add(result, lgamma(sub(x, i / 2)))
    result = add(result, p * (p - 1) / 4 * math.log(math.pi))
    return result if out is None else write_out("mvlgamma", out, result)


@operation
def frexp(input: Tensor) -> tuple[Tensor, Tensor]:
    """(mantissa, exponent): ``input == mantissa * 2 ** exponent``, mantissa in [0.5, 1).

    The exponent is int32. Raises: RuntimeError for integers.
    """
    if input.dtype.category != FLOAT:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    ordinary = logical_or(eq(input, 0), isfinite(input).logical_not()).logical_not()
    size = where(ordinary, abs(input.detach()), 1.0)
    exponent = add(floor(log2(size)), 1)
    half = floor(div(exponent, 2))  # in two steps: 2 ** exponent may be out of range
    mantissa = div(div(size, pow(2.0, half)), pow(2.0, sub(exponent, half)))
    exponent = add(exponent, cast(mantissa >= 1, input.dtype))
    exponent = sub(exponent, cast(lt(mantissa, 0.5), input.dtype))
    exponent = where(ordinary, exponent, 0.0)
    half = floor(div(exponent, 2))
    mantissa = div(div(input, pow(2.0, half)), pow(2.0, sub(exponent, half)))
    return mantissa, cast(exponent, dtypes.int32)


# --- membership ---------------------------------------------------------------------------------


@operation
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False,
         invert: bool = False) -> Tensor:  # fmt: skip
    """Where `elements` occur in `test_elements`; either may be a scalar. Shape of `elements`."""
    xp = local.mode.xp
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise not_a_tensor("isin", 1, "elements", elements)
    kind = result_type(elements, test_elements)
    x, y = (
        cast(v, kind)._data if isinstance(v, Tensor) else xp.full((), v, kind)
        for v in (elements, test_elements)
    )
    if not y.size:
        found = xp.full(x.shape, False, dtypes.bool_)
    else:
        known, _ = xp.sort(xp.reshape(y, (-1,)), 0, False)
        place = xp.searchsorted(known, xp.reshape(x, (-1,)), False)
        near = xp.take(known, xp.minimum(place, known.shape[0] - 1), 0)
        found = xp.eq(xp.reshape(near, x.shape), x)
    return wrap(xp.asarray(xp.logical_not(found) if invert else found))


__all__ = [
    "deg2rad", "digamma", "float_power", "frexp", "isin", "isneginf", "isposinf", "ldexp", "logit",
    "mvlgamma", "nan_to_num", "polygamma", "rad2deg", "signbit", "sinc", "xlogy",
]  # fmt: skip
