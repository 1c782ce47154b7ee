"""Elementwise arithmetic, and the error and gamma functions, with their gradients.

Shapes: ``(*) -> (*)`` with one operand, ``(*a), (*b) -> broadcast(*a, *b)`` with two.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, FLOAT
from torchlite.ops.core.family import binary, no_gradient, operation, unary, write_out
from torchlite.ops.core.methods import alias
from torchlite.ops.core.promotion import checked_number, result_type

_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)


def zeros_like(xp: Any, x: Any) -> Any:
    """Zeros of the shape and dtype of `x`: the gradient of a step function."""
    return xp.full(tuple(x.shape), 0, dtypes.of(x))


def _with_alpha(op: Any, input: Any, other: Any, alpha: Any = 1) -> Tensor:
    if isinstance(alpha, float) and result_type(input, other).category < FLOAT:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if isinstance(alpha, bool) and result_type(input, other) is not dtypes.bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, (int, float)):
        alpha = checked_number(alpha, result_type(input, other))
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


def named(name: str, decorate: Any) -> Any:
    """An elementwise operation that has no public function."""

    def stub(input: Any, other: Any) -> Any: ...

    stub.__name__ = name
    return decorate(stub)


def _no_zero_division(x: Any, y: Any) -> None:
    """Reject division by zero in integers, which cannot represent infinity."""
    data = x if hasattr(x, "dtype") else y
    if dtypes.of(data).category >= FLOAT:
        return
    xp = local.mode.xp
    zero = y == 0 if isinstance(y, int) else xp.any_true(xp.eq(y, 0))
    if zero:
        raise RuntimeError("ZeroDivisionError")


# --- arithmetic ------------------------------------------------------------------------------


@binary(extra=_with_alpha, input=lambda xp, g: g, other=lambda xp, g: g)
def add(input: Any, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input + alpha * other``."""


@binary(refuses=(BOOL,), extra=_with_alpha, input=lambda xp, g: g, other=lambda xp, g: xp.neg(g))
def sub(input: Any, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input - alpha * other``."""


@binary(input=lambda xp, g, other: xp.mul(g, other), other=lambda xp, g, input: xp.mul(g, input))
def mul(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input * other``."""


@binary(
    floats=True,
    extra=_rounded,
    input=lambda xp, g, other: xp.div(g, other),
    # Not in terms of the result, which the user may overwrite: ``y = a / b; y += 1``.
    other=lambda xp, g, input, other: xp.neg(xp.div(xp.mul(g, xp.div(input, other)), other)),
)
def div(input: Any, other: Any, *, rounding_mode: str | None = None,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``input / other``, the true quotient; rounding_mode "trunc" or "floor" rounds it."""


@binary(
    refuses=(COMPLEX,),
    check=_no_zero_division,
    input=no_gradient("floor_divide"),
    other=no_gradient("floor_divide"),
)
def floor_divide(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``floor(input / other)``. Raises: RuntimeError for integer division by zero."""


_div_floor = named(  # unlike floor_divide it has a gradient: zero
    "div_floor",
    binary(
        refuses=(COMPLEX,),
        check=_no_zero_division,
        input=zeros_like,
        other=zeros_like,
        public=False,
    ),
)


@binary(
    refuses=(COMPLEX, BOOL),
    check=_no_zero_division,
    input=lambda xp, g: g,
    other=lambda xp, g, input, other: xp.neg(xp.mul(g, xp.floor(xp.div(input, other)))),
)
def remainder(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Python's ``input % other``, with the sign of `other`."""


@binary(
    refuses=(COMPLEX, BOOL),
    check=_no_zero_division,
    input=lambda xp, g: g,
    other=lambda xp, g, input, other: xp.neg(xp.mul(g, xp.trunc(xp.div(input, other)))),
)
def fmod(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """C's ``fmod(input, other)``, with the sign of `input`."""


@unary(refuses=(BOOL,), input=lambda xp, g: xp.neg(g))
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``-input``."""


@operation
def positive(input: Tensor) -> Tensor:
    """`input` itself. Raises: RuntimeError for bool."""
    if input.dtype.category == BOOL:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


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
    """The nearest integer, rounding half to even; or rounded to `decimals` decimal places."""


@operation(in_place=True)
def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input - trunc(input)``."""
    result = sub(input, trunc(input))
    return result if out is None else write_out("frac", out, result)


# --- special functions --------------------------------------------------------------------------


def _gauss(xp: Any, x: Any) -> Any:
    return xp.mul(xp.exp(xp.neg(xp.square(x))), _TWO_OVER_SQRT_PI)


@unary(floats=True, refuses=(COMPLEX,), input=lambda xp, g, input: xp.mul(g, _gauss(xp, input)))
def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function."""


@unary(
    floats=True, refuses=(COMPLEX,), input=lambda xp, g, input: xp.neg(xp.mul(g, _gauss(xp, input)))
)
def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 - erf(input)``, accurate for large `input`."""


@unary(
    floats=True,
    refuses=(COMPLEX,),
    # Not in terms of the result, which the user may overwrite.
    input=lambda xp, g, input: xp.div(g, _gauss(xp, xp.erfinv(input))),
)
def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `erf`."""


@unary(floats=True, refuses=(COMPLEX,), input=lambda xp, g, input: xp.mul(g, xp.digamma(input)))
def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log |gamma(input)|``."""


# --- complex numbers ----------------------------------------------------------------------------


@unary(refuses=(), holomorphic=False, input=lambda xp, g, input: _sgn_input(xp, g, input))
def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``input / |input|`` for complex numbers, `sign` for real ones."""


def _sgn_input(xp: Any, g: Any, input: Any) -> Any:
    if dtypes.of(input).category != COMPLEX:
        return xp.mul(g, 0)
    size, direction = xp.abs(input), xp.sgn(input)
    along = xp.mul(direction, xp.astype(xp.real(xp.mul(xp.conj(direction), g)), dtypes.of(g)))
    slope = xp.div(xp.sub(g, along), xp.astype(size, dtypes.of(g)))
    return xp.where(xp.eq(size, 0), 0, slope)


absolute = alias("absolute", abs)
divide = alias("divide", div)
fix = alias("fix", trunc)
multiply = alias("multiply", mul)
negative = alias("negative", neg)
subtract = alias("subtract", sub)
true_divide = alias("true_divide", div)

__all__ = [
    "absolute", "divide", "fix", "multiply", "negative", "subtract", "true_divide",

    "abs", "add", "ceil", "div", "erf", "erfc", "erfinv", "floor", "floor_divide", "fmod", "frac",
    "lgamma", "mul", "neg", "positive", "reciprocal", "remainder", "round", "sgn", "sign", "square",
    "sub", "trunc",
]  # fmt: skip
