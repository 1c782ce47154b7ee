"""Operations on complex numbers and their parts."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.ops.core.family import check_tensors, functional, operation, unary, write_out
from torchlite.ops.core.methods import attribute
from torchlite.ops.core.op import declare
from torchlite.ops.creation.factories import ones_like
from torchlite.ops.math.arithmetic import mul, zeros_like
from torchlite.ops.math.trigonometry import cos, sin
from torchlite.ops.shape.joining import stack

_real = declare("real", x=lambda xp, g, x_dtype: xp.astype(g, x_dtype))
_imag = declare("imag", x=lambda xp, g, x_dtype: xp.mul(xp.astype(g, x_dtype), 1j))


_conj = declare("conj", x=lambda xp, g: xp.conj(g))
_complex = declare("complex", real=lambda xp, g: xp.real(g), imag=lambda xp, g: xp.imag(g))


@operation
def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers ``real + 1j * imag``. Shapes broadcast.

    Raises: RuntimeError (as PyTorch) if the dtypes differ or are not floating-point.
    """
    check_tensors("complex", real=real, imag=imag)
    kinds = real.dtype, imag.dtype
    if not all(kind.category == FLOAT for kind in kinds):
        raise RuntimeError(
            "Expected both inputs to be Half, Float or Double tensors but got "
            f"{kinds[0].legacy} and {kinds[1].legacy}"
        )
    if kinds[0] is not kinds[1]:
        raise RuntimeError(
            f"Expected object of scalar type {kinds[0].legacy} but got scalar type "
            f"{kinds[1].legacy} for second argument"
        )
    if out is not None and out.dtype is not kinds[0].to_complex():
        raise RuntimeError(
            f"Expected object of scalar type {kinds[0].to_complex().legacy} but got scalar type "
            f"{out.dtype.legacy} for argument 'out'"
        )
    broadcast_shapes(real._data.shape, imag._data.shape)
    result = _complex(real, imag)
    return result if out is None else write_out("complex", out, result)


@attribute()
@functional
def real(input: Tensor) -> Tensor:
    """The real part of complex numbers, as a view; real numbers are returned unchanged."""
    return _real(input) if input.dtype.category == COMPLEX else input


@attribute()
@functional
def imag(input: Tensor) -> Tensor:
    """The imaginary part of complex numbers, as a view. Raises: RuntimeError for real numbers."""
    if input.dtype.category != COMPLEX:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _imag(input)


@operation
def conj(input: Tensor) -> Tensor:
    """The complex conjugate, always computed eagerly; real numbers are returned unchanged."""
    return _conj(input) if input.dtype.category == COMPLEX else input


@operation(in_place=True)
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate; real numbers are returned unchanged."""
    return conj(input) if out is None else write_out("conj_physical", out, conj(input))


@operation
def resolve_conj(input: Tensor) -> Tensor:
    """`input`: conjugation is never lazy."""
    return input


@operation
def resolve_neg(input: Tensor) -> Tensor:
    """`input`: negation is never lazy."""
    return input


def _angle_input(xp: Any, g: Any, input: Any) -> Any:
    kind = dtypes.of(input)
    if kind.category != COMPLEX:
        return zeros_like(xp, g)
    size = xp.astype(xp.square(xp.abs(input)), kind)
    turn = xp.div(xp.mul(input, 1j), xp.where(xp.eq(size, 0), 1, size))
    return xp.mul(xp.astype(g, kind), turn)


@unary(in_place=False, floats=True, input=_angle_input)
def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The argument of complex numbers in radians; 0 or pi for real ones."""


@operation
def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers ``abs * (cos(angle) + i sin(angle))``."""
    check_tensors("polar", abs=abs, angle=angle)
    result = complex(mul(abs, cos(angle)), mul(abs, sin(angle)))
    return result if out is None else write_out("polar", out, result)


@operation
def isreal(input: Tensor) -> Tensor:
    """Where the imaginary part is 0: everywhere for real numbers."""
    if input.dtype.category == COMPLEX:
        return imag(input) == 0
    return ones_like(input, dtype=dtypes.bool_)


@operation
def view_as_real(input: Tensor) -> Tensor:
    """A copy with (real part, imaginary part) along a new last dimension. (*) -> (*, 2)."""
    if input.dtype.category != COMPLEX:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return stack((real(input), imag(input)), -1)


@operation
def view_as_complex(input: Tensor) -> Tensor:
    """A complex copy of (real part, imaginary part) along the last dimension. (*, 2) -> (*)."""
    if input.dtype.category != FLOAT:
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {input.dtype.legacy}"
        )
    if not input._data.ndim or input._data.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return complex(input.select(-1, 0), input.select(-1, 1))


#: The public operations of this module.
__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "isreal", "polar", "real", "resolve_conj",
    "resolve_neg", "view_as_complex", "view_as_real",
]  # fmt: skip
