"""The dtype that an operation computes in, and the conversion of its operands to it.

PyTorch's rule: tensors with dimensions decide; 0-d tensors, and with lower priority Python scalars,
only raise the category (bool, integer, float, complex).
"""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER, dtype
from torchlite.ops.core.op import declare

_DIMENSIONED, _ZERO_DIM, _NUMBER = range(3)  # operand priorities, highest first
_results: dict[tuple, dtype] = {}
_GREATEST = {kind: dtypes.finfo(kind).max for kind in dtypes.DTYPES if kind.category >= FLOAT}
_C_NAMES = {
    dtypes.uint8: "unsigned char", dtypes.int8: "signed char", dtypes.int16: "short int",
    dtypes.int32: "int", dtypes.int64: "long int", dtypes.float16: "c10::Half",
    dtypes.bfloat16: "c10::BFloat16", dtypes.float32: "float", dtypes.float64: "double",
    dtypes.complex64: "c10::complex<float>", dtypes.complex128: "c10::complex<double>",
}  # fmt: skip


def _to_input(xp: Any, g: Any, x_dtype: dtype) -> Any:
    if dtypes.of(g).category == COMPLEX and x_dtype.category < COMPLEX:
        g = xp.real(g)
    return xp.astype(g, x_dtype)


astype = declare("astype", x=_to_input, title="ToCopy")


def cast(tensor: Tensor, kind: dtype) -> Tensor:
    """`tensor` in dtype `kind`: itself if it already has it, else a recorded conversion."""
    return tensor if dtypes.of(tensor._data) is kind else astype(tensor, kind)


def result_type(*operands: Any) -> dtype:
    """The result dtype of an elementwise operation on these tensors and scalars.

    Example: ``result_type(int64 tensor, 1.5) is float32``.
    """
    standings = tuple(_standing(x) for x in operands)
    key = (dtypes._default, *standings)
    result = _results.get(key)
    if result is None:
        result = _results[key] = _combine_all(standings)
    return result


def _standing(x: Any) -> tuple[dtype, int]:
    """The dtype of an operand, and its priority."""
    data = getattr(x, "_data", None)
    if data is None:
        return dtypes.of_scalar(x), _NUMBER
    return dtypes.of(data), _DIMENSIONED if data.ndim else _ZERO_DIM


def _combine_all(standings: tuple) -> dtype:
    result = None
    for priority in (_NUMBER, _ZERO_DIM, _DIMENSIONED):
        own = None
        for kind, p in standings:
            if p == priority:
                own = kind if own is None else dtypes.promote_types(own, kind)
        result = _combine(own, result)
    assert result is not None
    return result


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    if higher is None or lower is None:
        return lower if higher is None else higher
    if higher.category == COMPLEX:
        return higher
    if higher.category == FLOAT:
        return higher.to_complex() if lower.category == COMPLEX else higher
    if higher.category == BOOL or lower.category >= FLOAT:
        return dtypes.promote_types(higher, lower)
    return higher


def as_operand(x: Any, kind: dtype) -> Any:
    """A tensor cast to `kind`, or a Python scalar converted to it."""
    if isinstance(x, Tensor):
        return cast(x, kind)
    return number_of(x, kind)


def checked_operand(x: Any, kind: dtype) -> Any:
    """Like `as_operand`, but scalars are range-checked by `checked_number`."""
    return cast(x, kind) if isinstance(x, Tensor) else checked_number(x, kind)


def number_of(x: Any, kind: dtype) -> Any:
    """The Python scalar `x` as `kind` represents it: integers wrap around."""
    if kind.category == FLOAT:
        return float(x)
    if kind.category == INTEGER:
        bits = kind.itemsize * 8
        low = -(1 << bits - 1) if kind.is_signed else 0
        return (int(x) - low) % (1 << bits) + low
    return bool(x) if kind.category == BOOL else complex(x)


def checked_number(x: Any, kind: dtype) -> Any:
    """Like `number_of`, but raises RuntimeError (as PyTorch) for a number out of range.

    Infinity is within the range of floats.
    """
    if isinstance(x, complex) and kind.category < COMPLEX:
        if x.imag:
            raise does_not_fit(kind)
        x = x.real
    if kind.category == INTEGER:
        limits = dtypes.iinfo(kind)
        low = limits.min if kind.is_signed else -limits.max
        if not low <= x <= limits.max:
            raise does_not_fit(kind)
    elif kind.category >= FLOAT:
        for part in (x,) if kind.category == FLOAT else (x.real, x.imag):
            if abs(part) > _GREATEST[kind] and abs(part) != math.inf:
                raise does_not_fit(kind)
    return number_of(x, kind)


def does_not_fit(kind: dtype) -> RuntimeError:
    """PyTorch's error for a Python scalar that `kind` cannot represent."""
    name = c_name(kind, sized=True)
    return RuntimeError(f"value cannot be converted to type {name} without overflow")


def c_name(kind: dtype, sized: bool = False) -> str:
    """The name of the C type of a dtype; `sized`: as ``int64_t``, in messages about numbers."""
    if sized and kind.category == INTEGER and kind is not dtypes.int32:
        return f"{kind.name}_t"
    return _C_NAMES.get(kind, kind.name)


def computing(kind: dtype) -> dtype:
    """The dtype that multi-step operations compute in: float32 for half precision."""
    return dtypes.float32 if kind in (dtypes.float16, dtypes.bfloat16) else kind


def at_least_float(kind: dtype) -> dtype:
    """`kind`, or the default float dtype instead of integers and bool."""
    return kind if kind.category >= FLOAT else dtypes.get_default_dtype()
