"""Powers, exponentials and logarithms, with their gradients."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, FLOAT, INTEGER
from torchlite.ops.core.family import binary, operation, unary
from torchlite.ops.math.arithmetic import named, zeros_like

_LN2, _LN10 = math.log(2), math.log(10)


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
    """Reject negative exponents of integers, which cannot represent fractions."""
    data = x if hasattr(x, "dtype") else y
    if isinstance(y, int) and y < 0 and dtypes.of(data).category < FLOAT:
        raise RuntimeError("Integers to negative integer powers are not allowed.")


_pow = named(
    "pow", binary(check=_no_negative_exponent, input=_pow_input, other=_pow_other, public=False)
)


@operation(in_place=True)
def pow(input: Tensor | complex, exponent: Tensor | complex, *,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``input ** exponent``; the gradient of ``x ** 0`` is 0.

    Raises: RuntimeError for integers to a negative integer power.
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
    in_place=False,
    refuses=(BOOL, INTEGER),
    input=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.sub(input, other))),
    other=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.sub(other, input))),
)
def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log(e**input + e**other)`` without overflow."""


@binary(
    in_place=False,
    refuses=(BOOL, INTEGER),
    input=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.mul(xp.sub(input, other), _LN2))),
    other=lambda xp, g, input, other: xp.mul(g, xp.sigmoid(xp.mul(xp.sub(other, input), _LN2))),
)
def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``log2(2**input + 2**other)`` without overflow."""


__all__ = [
    "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "pow",
    "rsqrt", "sqrt",
]  # fmt: skip
