"""Functions that PyTorch has only in `torch.special`, and the modified Bessel functions."""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX
from torchlite.ops.core.family import binary, functional, no_gradient, operation, unary, write_out
from torchlite.ops.core.promotion import at_least_float, cast
from torchlite.ops.math.arithmetic import abs as absolute
from torchlite.ops.math.arithmetic import erfc, mul, neg
from torchlite.ops.math.comparison import eq, lt, where
from torchlite.ops.math.exponentials import exp, log

_SQRT_2PI, _SQRT_2_OVER_PI = math.sqrt(2 * math.pi), math.sqrt(2 / math.pi)


def floats(input: Tensor) -> Tensor:
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


@unary(method=False, floats=True, refuses=(COMPLEX,), input=_i0e_input)
def i0e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**-|input| * i0(input)``."""


@unary(method=False, floats=True, refuses=(COMPLEX,), input=_i1e_input)
def i1e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**-|input| * i1(input)``."""


@operation(in_place=True)
def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 0."""
    x = floats(input)
    result = mul(exp(absolute(x)), i0e(x))
    return result if out is None else write_out("i0", out, result)


@functional
def i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 1."""
    x = floats(input)
    result = mul(exp(absolute(x)), i1e(x))
    return result if out is None else write_out("i1", out, result)


# --- probability --------------------------------------------------------------------------------


@functional
def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input * log(input)``; 0 at 0, -infinity below."""
    x = floats(input)
    zero = eq(x, 0)
    inside = neg(mul(x, log(where(zero, 1.0, x))))
    result = where(lt(x, 0), -math.inf, where(zero, 0.0, inside))
    return result if out is None else write_out("entr", out, result)


@functional
def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The cumulative distribution function of the standard normal distribution."""
    result = mul(erfc(mul(floats(input), -math.sqrt(0.5))), 0.5)
    return result if out is None else write_out("ndtr", out, result)


@unary(
    method=False,
    floats=True,
    refuses=(COMPLEX,),
    input=lambda xp, g, out: xp.mul(g, xp.mul(xp.exp(xp.mul(xp.square(out), 0.5)), _SQRT_2PI)),
)
def ndtri(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The quantile function of the standard normal distribution: the inverse of `ndtr`."""


@unary(
    method=False,
    floats=True,
    refuses=(COMPLEX,),
    input=lambda xp, g, input: xp.div(
        xp.mul(g, _SQRT_2_OVER_PI), xp.erfcx(xp.mul(input, -math.sqrt(0.5)))
    ),
)
def log_ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of `ndtr`, without underflow."""


@unary(
    method=False,
    floats=True,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, out: xp.mul(
        g, xp.sub(xp.mul(xp.mul(input, 2), out), 2 / math.sqrt(math.pi))
    ),
)
def erfcx(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**(input**2) * erfc(input)``, without overflow for large `input`."""


def _xlog1py_input(xp: Any, g: Any, input: Any, other: Any) -> Any:
    dead = xp.logical_and(xp.eq(input, 0), xp.le(other, -1))
    return xp.where(dead, 0, xp.xlog1py(g, other))


@binary(
    method=False,
    floats=True,
    refuses=(COMPLEX,),
    input=_xlog1py_input,
    other=lambda xp, g, input, other: xp.div(xp.mul(g, input), xp.add(other, 1)),
)
def xlog1py(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input * log(1 + other)``; 0 where `input` is 0 and `other` is not NaN."""


# --- the gamma and zeta functions ---------------------------------------------------------------


def _gamma_density(xp: Any, g: Any, input: Any, other: Any) -> Any:
    power = xp.sub(xp.mul(xp.sub(input, 1), xp.log(other)), other)
    return xp.mul(g, xp.exp(xp.sub(power, xp.lgamma(input))))


@binary(floats=True, refuses=(COMPLEX,), input=no_gradient("igamma: input"), other=_gamma_density)
def igamma(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The regularised lower incomplete gamma function of order `input` at `other`, both >= 0."""


@binary(
    floats=True,
    refuses=(COMPLEX,),
    input=no_gradient("igammac: input"),
    other=lambda xp, g, input, other: xp.neg(_gamma_density(xp, g, input, other)),
)
def igammac(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 - igamma(input, other)``, accurate where that is small."""


def _zeta_other(xp: Any, g: Any, input: Any, other: Any) -> Any:
    above = input + 1 if isinstance(input, float) else xp.add(input, 1)
    return xp.neg(xp.mul(g, xp.mul(xp.zeta(above, other), input)))


@binary(method=False, floats=True, refuses=(COMPLEX,), input=no_gradient("zeta"), other=_zeta_other)
def zeta(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The Hurwitz zeta function, ``sum((other + k) ** -input)`` over k >= 0; NaN for input < 1."""


__all__ = ["i0", "igamma", "igammac"]
