"""Comparisons, logic and bits. Comparisons and logical operations return bool tensors."""

from __future__ import annotations

from typing import Any, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.ops.core.family import (
    binary,
    check_tensors,
    no_gradient,
    operation,
    unary,
    write_out,
)
from torchlite.ops.core.methods import alias, method
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import checked_operand, result_type
from torchlite.ops.math.arithmetic import abs, add, mul, named, sub, zeros_like


@binary()
def eq(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input == other``."""


@binary()
def ne(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input != other``."""


@binary(refuses=(COMPLEX,))
def lt(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input < other``."""


@binary(refuses=(COMPLEX,))
def le(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input <= other``."""


@binary(refuses=(COMPLEX,))
def gt(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input > other``."""


@binary(refuses=(COMPLEX,))
def ge(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input >= other``."""


@unary(in_place=False)
def isnan(input: Tensor) -> Tensor:
    """Where `input` is NaN."""


@unary(in_place=False)
def isinf(input: Tensor) -> Tensor:
    """Where `input` is infinite."""


@unary(in_place=False)
def isfinite(input: Tensor) -> Tensor:
    """Where `input` is neither NaN nor infinite."""


@unary()
def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where `input` is zero."""


@binary()
def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where both are non-zero."""


@binary()
def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where either is non-zero."""


@binary()
def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Where exactly one is non-zero."""


@unary(refuses=(FLOAT, COMPLEX))
def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``~input`` for integers; logical not for bool."""


@binary(refuses=(FLOAT, COMPLEX))
def bitwise_and(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input & other`` for integers or bool."""


@binary(refuses=(FLOAT, COMPLEX))
def bitwise_or(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input | other`` for integers or bool."""


@binary(refuses=(FLOAT, COMPLEX))
def bitwise_xor(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input ^ other`` for integers or bool."""


@binary(refuses=(dtypes.BOOL, FLOAT, COMPLEX))
def bitwise_left_shift(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input << other`` for integers."""


@binary(refuses=(dtypes.BOOL, FLOAT, COMPLEX))
def bitwise_right_shift(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input >> other`` for integers."""


# --- choosing between two -----------------------------------------------------------------------


def _share(xp: Any, g: Any, lost: Any, tied: Any) -> Any:
    """0 where the operand lost, half of `g` at ties, otherwise (also at NaN) `g`."""
    return xp.where(lost, 0, xp.where(tied, xp.mul(g, 0.5), g))


@binary(
    in_place=False,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, other: _share(xp, g, xp.lt(input, other), xp.eq(input, other)),
    other=lambda xp, g, input, other: _share(xp, g, xp.gt(input, other), xp.eq(input, other)),
)
def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greater of two; NaN if either is NaN. Equal operands share the gradient."""


@binary(
    in_place=False,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, other: _share(xp, g, xp.gt(input, other), xp.eq(input, other)),
    other=lambda xp, g, input, other: _share(xp, g, xp.lt(input, other), xp.eq(input, other)),
)
def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two; NaN if either is NaN. Equal operands share the gradient."""


def _first_or_other_nan(xp: Any, compare: Any, input: Any, other: Any) -> Any:
    return xp.logical_or(compare(input, other), xp.isnan(other))


@binary(
    in_place=False,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, other: xp.where(_first_or_other_nan(xp, xp.ge, input, other), g, 0),
    other=lambda xp, g, input, other: xp.where(_first_or_other_nan(xp, xp.ge, input, other), 0, g),
)
def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greater of two; if one is NaN, the other."""


@binary(
    in_place=False,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, other: xp.where(_first_or_other_nan(xp, xp.le, input, other), g, 0),
    other=lambda xp, g, input, other: xp.where(_first_or_other_nan(xp, xp.le, input, other), 0, g),
)
def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two; if one is NaN, the other."""


@binary(
    floats=True,
    refuses=(COMPLEX,),
    input=lambda xp, g, input, out: xp.mul(g, xp.mul(xp.sign(input), xp.sign(out))),
    other=lambda xp, g: zeros_like(xp, g),
)
def copysign(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The magnitude of `input` with the sign of `other`."""


_heaviside = named(
    "heaviside",
    binary(
        refuses=(COMPLEX,),
        input=no_gradient("heaviside"),
        other=no_gradient("heaviside"),
        public=False,
    ),
)


@operation(in_place=True)
def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """0 where `input` is negative, `values` where it is 0, 1 where it is positive."""
    check_tensors("heaviside", input=input, values=values)
    return _heaviside(input, values, out=out)


@binary(
    refuses=(dtypes.BOOL, dtypes.INTEGER, COMPLEX),
    input=lambda xp, g, input, other: xp.where(xp.eq(input, other), 0, g),
    other=zeros_like,
)
def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next floating-point number after `input` towards `other`."""


@binary(refuses=(dtypes.BOOL, FLOAT, COMPLEX))
def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor of integers."""


@binary(refuses=(dtypes.BOOL, FLOAT, COMPLEX))
def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple of integers."""


_where = declare(
    "where",
    input=lambda xp, g, condition: xp.where(condition, g, 0),
    other=lambda xp, g, condition: xp.where(condition, 0, g),
)


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(
    condition: Tensor, input: Tensor | complex, other: Tensor | complex, *,
    out: Tensor | None = None,
) -> Tensor: ...
@operation
def where(condition: Tensor, input: Any = None, other: Any = None, *,
          out: Tensor | None = None) -> Any:  # fmt: skip
    """`input` where `condition` (bool) holds, else `other`; all three broadcast.

    With `condition` alone: a tuple of index tensors of its non-zero elements.
    """
    check_tensors("where", condition=condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype is not dtypes.bool_:
        if condition.dtype is not dtypes.uint8:
            raise RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{condition.dtype.legacy}"
            )
        condition = ne(condition, 0)
    kind = result_type(input, other)
    input, other = checked_operand(input, kind), checked_operand(other, kind)
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        xp = local.mode.xp
        input = wrap(xp.full((), input, kind))
    broadcast_shapes(*(x.shape for x in (condition, input, other) if isinstance(x, Tensor)))
    result = _where(condition, input, other)
    return result if out is None else write_out("where", out, result)


@method(name="where")
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The elements of this tensor where `condition` holds, otherwise those of `other`."""
    return where(condition, self, other)


# --- closeness ----------------------------------------------------------------------------------


@operation
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08,
            equal_nan: bool = False) -> Tensor:  # fmt: skip
    """Where ``|input - other| <= atol + rtol * |other|``; equal infinities are close."""
    check_tensors("isclose", input=input, other=other)
    for label, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{label} must be greater than or equal to zero, but got {value}")
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{input.dtype.legacy} did not match {other.dtype.legacy}")
    close = eq(input, other)
    if equal_nan and input.dtype.category >= FLOAT:
        close = logical_or(close, logical_and(isnan(input), isnan(other)))
    if input.dtype.category < FLOAT:
        input, other = input.to(dtypes.float64), other.to(dtypes.float64)
    gap = abs(sub(input, other))
    near = logical_and(isfinite(gap), le(gap, add(mul(abs(other), rtol), atol)))
    return logical_or(close, near)


@operation
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08,
             equal_nan: bool = False) -> bool:  # fmt: skip
    """Whether `isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


@operation
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    check_tensors("equal", input=input, other=other)
    return input._data.shape == other._data.shape and bool(eq(input, other).all())


greater = alias("greater", gt)
greater_equal = alias("greater_equal", ge)
less = alias("less", lt)
less_equal = alias("less_equal", le)
not_equal = alias("not_equal", ne)

__all__ = [
    "greater", "greater_equal", "less", "less_equal", "not_equal",

    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "copysign", "eq", "equal", "fmax", "fmin", "gcd", "ge",
    "gt", "heaviside", "isclose", "isfinite", "isinf", "isnan", "lcm", "le", "logical_and",
    "logical_not", "logical_or", "logical_xor", "lt", "maximum", "minimum", "ne", "nextafter",
    "where",
]  # fmt: skip
