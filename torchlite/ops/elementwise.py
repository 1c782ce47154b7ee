"""Elementwise arithmetic, powers, exponentials and trigonometry, with their gradients.

Shapes: ``(*) -> (*)`` with one operand, ``(*a), (*b) -> broadcast(*a, *b)`` with two.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor
from torchlite.backends.registry import local
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER
from torchlite.ops.family import binary, operation, operations, unary, write_out
from torchlite.ops.promotion import result_type

_LN2, _LN10 = math.log(2), math.log(10)
_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)



def zeros_like(xp: Any, x: Any) -> Any:
    """Zeros of the shape and dtype of `x`: the gradient of what moves in steps."""
    return xp.full(tuple(x.shape), 0, dtypes.of(x))


def _with_alpha(op: Any, input: Any, other: Any, alpha: Any = 1) -> Tensor:
    if isinstance(alpha, float) and result_type(input, other).category < FLOAT:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    return op(input, other if alpha == 1 else mul(other, alpha))


def _rounded(op: Any, input: Any, other: Any, rounding_mode: str | None = None) -> Tensor:
    if rounding_mode is None:
        return op(input, other)
    if rounding_mode == "floor":
        return _div_floor(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    kind = result_type(input, other)
    if kind.category >= FLOAT:
        return trunc(op(input, other))
    rest = fmod(input, other)
    return floor_divide(sub(input, rest), other)


def _to_decimals(op: Any, input: Tensor, decimals: int = 0) -> Tensor:
    if decimals == 0 or input.dtype.category < FLOAT:
        return op(input)
    scale = 10.0 ** builtins.abs(decimals)
    if decimals > 0:
        return div(op(mul(input, scale)), scale)
    return mul(op(div(input, scale)), scale)


def _named(name: str, decorate: Any) -> Any:
    """An elementwise operation without a public function of its own."""

    def stub(input: Any, other: Any) -> Any: ...

    stub.__name__ = name
    return decorate(stub)


def _no_zero_division(x: Any, y: Any) -> None:
    """Integers cannot hold an infinity."""
    data = x if hasattr(x, "dtype") else y
    if dtypes.of(data).category >= FLOAT:
        return
    zero = y == 0 if isinstance(y, int) else local.mode.xp.item(
        local.mode.xp.asarray(local.mode.xp.any(local.mode.xp.eq(y, 0), None, False)))  # fmt: skip
    if zero:
        raise RuntimeError("ZeroDivisionError")


# --- arithmetic ------------------------------------------------------------------------------


@binary(extra=_with_alpha, input=lambda xp, g: g, other=lambda xp, g: g)
def add(input: Tensor, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input + alpha * other``."""


@binary(
    refuses=(BOOL,),
    extra=_with_alpha,
    input=lambda xp, g: g,
    other=lambda xp, g: xp.neg(g),
)
def sub(input: Tensor, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input - alpha * other``."""


@binary(input=lambda xp, g, other: xp.mul(g, other), other=lambda xp, g, input: xp.mul(g, input))
def mul(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input * other``."""


@binary(
    floats=True,
    extra=_rounded,
    input=lambda xp, g, other: xp.div(g, other),
    # Not by the result, which the user may overwrite: ``y = a / b; y += 1``.
    other=lambda xp, g, input, other: xp.neg(xp.div(xp.mul(g, xp.div(input, other)), other)),
)
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``input / other``: a true quotient; rounding_mode "trunc" or "floor" rounds it."""


@binary(refuses=(COMPLEX,), check=_no_zero_division)
def floor_divide(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``floor(input / other)``. Raises: RuntimeError for an integer division by zero."""


_div_floor = _named(  # unlike floor_divide it has a gradient: zero
    "div_floor",
    binary(refuses=(COMPLEX,), check=_no_zero_division, input=zeros_like, other=zeros_like),
)
operations.pop("div_floor")


@binary(
    refuses=(COMPLEX, BOOL),
    check=_no_zero_division,
    input=lambda xp, g: g,
    other=lambda xp, g, input, other: xp.neg(xp.mul(g, xp.floor(xp.div(input, other)))),
)
def remainder(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Python's ``input % other``: the sign of `other`."""


@binary(
    refuses=(COMPLEX, BOOL),
    check=_no_zero_division,
    input=lambda xp, g: g,
    other=lambda xp, g, input, other: xp.neg(xp.mul(g, xp.trunc(xp.div(input, other)))),
)
def fmod(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """C's ``fmod(input, other)``: the sign of `input`."""


@unary(refuses=(BOOL,), input=lambda xp, g: xp.neg(g))
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input``."""


@unary(refuses=(BOOL,), input=lambda xp, g: g)
def positive(input: Tensor) -> Tensor:
    """``+input``."""


def _abs_input(xp: Any, g: Any, input: Any) -> Any:
    kind = dtypes.of(input)
    return xp.mul(xp.astype(g, kind) if kind.category == COMPLEX else g, xp.sgn(input))


@unary(refuses=(BOOL,), holomorphic=False, input=_abs_input)
def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``|input|``; the gradient at 0 is 0."""


@unary(input=lambda xp, g, input: xp.mul(xp.mul(g, input), 2))
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input ** 2``."""


@unary(floats=True, input=lambda xp, g, out: xp.neg(xp.mul(g, xp.square(out))))
def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 / input``."""


@unary(refuses=(COMPLEX,), input=zeros_like)
def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1; 0 at NaN."""


@unary(refuses=(COMPLEX, BOOL), input=zeros_like)
def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest integer not above `input`, in its dtype."""


@unary(refuses=(COMPLEX, BOOL), input=zeros_like)
def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least integer not below `input`, in its dtype."""


@unary(refuses=(COMPLEX, BOOL), input=zeros_like)
def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The integer part of `input`, in its dtype."""


@unary(refuses=(COMPLEX, BOOL), extra=_to_decimals, input=zeros_like)
def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """The nearest integer, halves to even; with `decimals`, to that many decimal places."""


@operation
def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input - trunc(input)``."""
    result = sub(input, trunc(input))
    return result if out is None else write_out("frac", out, result)


# --- powers, exponentials, logarithms -----------------------------------------------------------


def _pow_input(xp: Any, g: Any, input: Any, other: Any) -> Any:
    if isinstance(other, (int, float, complex)):
        if other == 0:
            return zeros_like(xp, g)
        return xp.mul(g, xp.mul(xp.pow(input, other - 1), other))
    slope = xp.mul(other, xp.pow(input, xp.sub(other, 1)))
    return xp.mul(g, xp.where(xp.eq(other, 0), 0, slope))


def _pow_other(xp: Any, g: Any, out: Any, input: Any, other: Any) -> Any:
    if isinstance(input, (int, float)):
        if input == 0:
            return xp.where(xp.ge(other, 0), 0, xp.mul(g, -math.inf))
        return xp.mul(g, xp.mul(out, math.log(input) if input > 0 else math.nan))
    slope = xp.mul(out, xp.log(input))
    dead = xp.logical_and(xp.eq(input, 0), xp.ge(other, 0))
    return xp.mul(g, xp.where(dead, 0, slope))


def _no_negative_exponent(x: Any, y: Any) -> None:
    """Integers cannot hold a fraction."""
    data = x if hasattr(x, "dtype") else y
    if isinstance(y, int) and y < 0 and dtypes.of(data).category < FLOAT:
        raise RuntimeError("Integers to negative integer powers are not allowed.")


_pow = _named("pow", binary(check=_no_negative_exponent, input=_pow_input, other=_pow_other))


@operation
def pow(input: Tensor, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """``input ** exponent``; the gradient of ``x ** 0`` is 0.

    Raises: RuntimeError for a negative integer exponent of integers.
    """
    return _pow(input, exponent, out=out)


@unary(floats=True, input=lambda xp, g, out: xp.div(g, xp.mul(out, 2)))
def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square root."""


@unary(floats=True, input=lambda xp, g, out: xp.mul(g, xp.mul(xp.pow(out, 3), -0.5)))
def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 / sqrt(input)``."""


@unary(floats=True, input=lambda xp, g, out: xp.mul(g, out))
def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e ** input``."""


@unary(floats=True, input=lambda xp, g, out: xp.mul(g, xp.mul(out, _LN2)))
def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``2 ** input``."""


@unary(floats=True, input=lambda xp, g, out: xp.mul(g, xp.add(out, 1)))
def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e ** input - 1``, accurate near 0."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, input))
def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.mul(input, _LN2)))
def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 2."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.mul(input, _LN10)))
def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 10."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.add(input, 1)))
def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(1 + input)``, accurate near 0."""


@binary(
    refuses=(BOOL, INTEGER),
    input=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.sub(input, other))),
    other=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.sub(other, input))),
)
def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(e**input + e**other)`` without overflow."""


@binary(
    refuses=(BOOL, INTEGER),
    input=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.mul(xp.sub(input, other), _LN2))),
    other=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.mul(xp.sub(other, input), _LN2))),
)
def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log2(2**input + 2**other)`` without overflow."""


# --- trigonometry -------------------------------------------------------------------------------


@unary(floats=True, input=lambda xp, g, input: xp.mul(g, xp.cos(input)))
def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sine of radians."""


@unary(floats=True, input=lambda xp, g, input: xp.neg(xp.mul(g, xp.sin(input))))
def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Cosine of radians."""


@unary(floats=True, input=lambda xp, g, out: xp.mul(g, xp.add(xp.square(out), 1)))
def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Tangent of radians."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.sqrt(xp.sub(1, xp.square(input)))))
def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse sine, in radians."""


@unary(
    floats=True,
    input=lambda xp, g, input: xp.neg(xp.div(g, xp.sqrt(xp.sub(1, xp.square(input))))),
)
def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse cosine, in radians."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.add(xp.square(input), 1)))
def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse tangent, in radians."""


@unary(floats=True, input=lambda xp, g, input: xp.mul(g, xp.cosh(input)))
def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic sine."""


@unary(floats=True, input=lambda xp, g, input: xp.mul(g, xp.sinh(input)))
def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic cosine."""


@unary(floats=True, input=lambda xp, g, out: xp.tanh_backward(g, out))
def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic tangent."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.sqrt(xp.add(xp.square(input), 1))))
def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic sine."""


def _acosh_input(xp: Any, g: Any, input: Any) -> Any:
    return xp.div(g, xp.mul(xp.sqrt(xp.sub(input, 1)), xp.sqrt(xp.add(input, 1))))


@unary(floats=True, input=_acosh_input)
def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic cosine."""


@unary(floats=True, input=lambda xp, g, input: xp.div(g, xp.sub(1, xp.square(input))))
def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic tangent."""


def _norm_square(xp: Any, a: Any, b: Any) -> Any:
    return xp.add(xp.square(a), xp.square(b))


@binary(
    floats=True,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, other: xp.mul(g, xp.div(other, _norm_square(xp, input, other))),
    other=lambda xp, g, input, other: xp.neg(
        xp.mul(g, xp.div(input, _norm_square(xp, input, other)))
    ),
)
def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (other, input), in radians."""


@binary(
    refuses=(BOOL, INTEGER, COMPLEX),
    input=lambda xp, g, input, out: xp.mul(g, xp.div(input, out)),
    other=lambda xp, g, other, out: xp.mul(g, xp.div(other, out)),
)
def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sqrt(input**2 + other**2)`` without overflow."""


# --- special functions --------------------------------------------------------------------------


def _gauss(xp: Any, x: Any) -> Any:
    return xp.mul(xp.exp(xp.neg(xp.square(x))), _TWO_OVER_SQRT_PI)


@unary(floats=True, refuses=(COMPLEX,), input=lambda xp, g, input: xp.mul(g, _gauss(xp, input)))
def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function."""


@unary(
    floats=True,
    refuses=(COMPLEX,),
    input=lambda xp, g, input: xp.neg(xp.mul(g, _gauss(xp, input))),
)
def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 - erf(input)``, accurate for large `input`."""


@unary(floats=True, refuses=(COMPLEX,), input=lambda xp, g, out: xp.div(g, _gauss(xp, out)))
def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `erf`."""


@unary(floats=True, refuses=(COMPLEX,), input=lambda xp, g, input: xp.mul(g, xp.digamma(input)))
def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log |gamma(input)|``."""


# --- complex numbers ----------------------------------------------------------------------------


@unary(refuses=(), holomorphic=False, input=lambda xp, g, input: _sgn_input(xp, g, input))
def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input / |input|`` of complex numbers, `sign` of real ones."""


def _sgn_input(xp: Any, g: Any, input: Any) -> Any:
    if dtypes.of(input).category != COMPLEX:
        return xp.mul(g, 0)
    size, direction = xp.abs(input), xp.sgn(input)
    along = xp.mul(direction, xp.astype(xp.real(xp.mul(xp.conj(direction), g)), dtypes.of(g)))
    slope = xp.div(xp.sub(g, along), xp.astype(size, dtypes.of(g)))
    return xp.where(xp.eq(size, 0), 0, slope)


__all__ = [
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos",
    "cosh", "div", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "floor", "floor_divide",
    "fmod", "frac", "hypot", "lgamma", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2",
    "mul", "neg", "positive", "pow", "reciprocal", "remainder", "round", "rsqrt", "sgn", "sign",
    "sin", "sinh", "sqrt", "square", "sub", "tan", "tanh", "trunc",
]  # fmt: skip
