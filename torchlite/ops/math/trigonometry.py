"""Trigonometric and hyperbolic functions, with their gradients."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, INTEGER
from torchlite.ops.core.family import binary, unary
from torchlite.ops.core.methods import alias


@unary(floats=True, input=lambda xp, g, input: xp.mul(g, xp.cos(input)))
def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sine of an angle in radians."""


@unary(floats=True, input=lambda xp, g, input: xp.neg(xp.mul(g, xp.sin(input))))
def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Cosine of an angle in radians."""


@unary(floats=True, input=lambda xp, g, out: xp.mul(g, xp.add(xp.square(out), 1)))
def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Tangent of an angle in radians."""


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


arccos = alias("arccos", acos)
arccosh = alias("arccosh", acosh)
arcsin = alias("arcsin", asin)
arcsinh = alias("arcsinh", asinh)
arctan = alias("arctan", atan)
arctan2 = alias("arctan2", atan2)
arctanh = alias("arctanh", atanh)

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",

    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "hypot", "sin",
    "sinh", "tan", "tanh",
]  # fmt: skip
