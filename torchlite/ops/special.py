"""Functions that PyTorch has in `torch.special` only, and the modified Bessel functions."""

from __future__ import annotations

import math
from typing import Any

from torchlite._tensor import Tensor
from torchlite.dtypes import COMPLEX
from torchlite.ops.comparison import eq, lt, where
from torchlite.ops.elementwise import abs as absolute
from torchlite.ops.elementwise import erfc, erfinv, exp, log, mul, neg, sub
from torchlite.ops.family import binary, functional, operation, unary, write_out
from torchlite.ops.promotion import at_least_float, cast


def _floats(input: Tensor) -> Tensor:
    """`input` in a real floating-point dtype."""
    if input.dtype.category == COMPLEX:
        raise NotImplementedError(f"not implemented for '{input.dtype.legacy}'")
    return cast(input, at_least_float(input.dtype))


# --- Bessel functions ---------------------------------------------------------------------------


def _i1e_input(xp: Any, g: Any, input: Any, out: Any) -> Any:
    zero = xp.eq(input, 0)
    x = xp.where(zero, 1, input)
    slope = xp.sub(xp.i0e(input), xp.mul(out, xp.add(xp.sign(x), xp.reciprocal(x))))
    return xp.mul(g, xp.where(zero, 0.5, slope))


def _i0e_input(xp: Any, g: Any, input: Any, out: Any) -> Any:
    return xp.mul(g, xp.sub(xp.i1e(input), xp.mul(xp.sign(input), out)))


@functional
@unary(floats=True, refuses=(COMPLEX,), input=_i0e_input)
def i0e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**-|input| * i0(input)``."""


@functional
@unary(floats=True, refuses=(COMPLEX,), input=_i1e_input)
def i1e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**-|input| * i1(input)``."""


@operation
def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 0."""
    x = _floats(input)
    result = mul(exp(absolute(x)), i0e(x))
    return result if out is None else write_out("i0", out, result)


@functional
def i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 1."""
    x = _floats(input)
    result = mul(exp(absolute(x)), i1e(x))
    return result if out is None else write_out("i1", out, result)


# --- probability --------------------------------------------------------------------------------


@functional
def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input * log(input)``; 0 at 0, -infinity below."""
    x = _floats(input)
    zero = eq(x, 0)
    inside = neg(mul(x, log(where(zero, 1.0, x))))
    result = where(lt(x, 0), -math.inf, where(zero, 0.0, inside))
    return result if out is None else write_out("entr", out, result)


@functional
def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The distribution function of the normal distribution."""
    result = mul(erfc(mul(_floats(input), -math.sqrt(0.5))), 0.5)
    return result if out is None else write_out("ndtr", out, result)


@functional
def ndtri(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The quantile of the normal distribution: the inverse of `ndtr`."""
    result = mul(erfinv(sub(mul(_floats(input), 2), 1)), math.sqrt(2))
    return result if out is None else write_out("ndtri", out, result)


def _xlog1py_input(xp: Any, g: Any, input: Any, other: Any) -> Any:
    dead = xp.logical_and(xp.eq(input, 0), xp.le(other, -1))
    return xp.where(dead, 0, xp.xlog1py(g, other))


@functional
@binary(
    floats=True,
    refuses=(COMPLEX,),
    input=_xlog1py_input,
    other=lambda xp, g, input, other: xp.div(xp.mul(g, input), xp.add(other, 1)),
)
def xlog1py(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input * log(1 + other)``, 0 where `input` is 0 and `other` is not NaN."""


__all__ = ["i0"]
