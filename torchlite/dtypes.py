"""Element types: names, promotion rules and limits.

Backends map the dtypes of their arrays to these with `register`; this file is array-agnostic.
"""

from __future__ import annotations

import math
from typing import Any

BOOL, INTEGER, FLOAT, COMPLEX = range(4)  # categories, in promotion order


class dtype:
    """The type of a tensor's elements: ``torchlite.float32`` etc.; compare by ``is`` or ``==``."""

    __slots__ = ("name", "category", "itemsize", "is_signed", "legacy")

    def __init__(self, name: str, category: int, itemsize: int, signed: bool, legacy: str) -> None:
        self.name, self.category, self.itemsize = name, category, itemsize
        self.is_signed = signed
        self.legacy = legacy  # "Float" in "torch.FloatTensor": used in PyTorch's messages

    @property
    def is_floating_point(self) -> bool:
        """Whether the type is a real floating-point type."""
        return self.category == FLOAT

    @property
    def is_complex(self) -> bool:
        """Whether the type is complex."""
        return self.category == COMPLEX

    def to_real(self) -> dtype:
        """The type of the real part: ``complex64.to_real() is float32``."""
        return _REAL_OF.get(self, self)

    def to_complex(self) -> dtype:
        """The complex type whose real and imaginary parts have this type."""
        if self.category == COMPLEX:
            return self
        return {float16: complex32, float64: complex128}.get(self, complex64)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple:
        return from_name, (self.name,)


bool_ = dtype("bool", BOOL, 1, False, "Bool")
uint8 = dtype("uint8", INTEGER, 1, False, "Byte")
int8 = dtype("int8", INTEGER, 1, True, "Char")
int16 = dtype("int16", INTEGER, 2, True, "Short")
int32 = dtype("int32", INTEGER, 4, True, "Int")
int64 = dtype("int64", INTEGER, 8, True, "Long")
uint16 = dtype("uint16", INTEGER, 2, False, "UInt16")
uint32 = dtype("uint32", INTEGER, 4, False, "UInt32")
uint64 = dtype("uint64", INTEGER, 8, False, "UInt64")
float16 = dtype("float16", FLOAT, 2, True, "Half")
bfloat16 = dtype("bfloat16", FLOAT, 2, True, "BFloat16")
float32 = dtype("float32", FLOAT, 4, True, "Float")
float64 = dtype("float64", FLOAT, 8, True, "Double")
complex32 = dtype("complex32", COMPLEX, 4, True, "ComplexHalf")
complex64 = dtype("complex64", COMPLEX, 8, True, "ComplexFloat")
complex128 = dtype("complex128", COMPLEX, 16, True, "ComplexDouble")

DTYPES = (
    bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64,
    float16, bfloat16, float32, float64, complex32, complex64, complex128,
)  # fmt: skip
ALIASES = {
    "short": int16, "int": int32, "long": int64, "half": float16, "float": float32,
    "double": float64, "chalf": complex32, "cfloat": complex64, "cdouble": complex128,
}  # fmt: skip

_BY_NAME = {kind.name: kind for kind in DTYPES} | ALIASES
_REAL_OF = {complex32: float16, complex64: float32, complex128: float64}
_BY_ARRAY_DTYPE: dict[Any, dtype] = {kind: kind for kind in DTYPES}
#: The ``.dtype`` of arrays with complex elements.
complex_array_dtypes: set[Any] = {complex32, complex64, complex128}


def from_name(name: str) -> dtype:
    """The dtype called `name`: ``from_name("float32") is float32``."""
    return _BY_NAME[name]


def register(kind: dtype, array_dtype: Any) -> None:
    """Register `array_dtype` (hashable) as the ``.dtype`` of arrays with elements of `kind`."""
    _BY_ARRAY_DTYPE[array_dtype] = kind
    if kind.category == COMPLEX:
        complex_array_dtypes.add(array_dtype)


def of(array: Any) -> dtype:
    """The dtype of a backend's array."""
    return _BY_ARRAY_DTYPE[array.dtype]


# --- promotion ---------------------------------------------------------------------------------

_INTEGER_RANK = (uint8, int8, int16, int32, int64)
_FLOAT_RANK = (float16, bfloat16, float32, float64)
_WIDE_UNSIGNED = (uint16, uint32, uint64)
_PROMOTED: dict[tuple[dtype, dtype], dtype] = {}
_default = float32


def get_default_dtype() -> dtype:
    """The dtype of floating-point tensors created from Python numbers; initially float32."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype of floating-point tensors created from Python numbers.

    Raises: TypeError if `d` is not a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d


def of_scalar(value: Any) -> dtype:
    """The dtype of a Python number: bool, int64, the default float dtype or its complex type."""
    if isinstance(value, float):
        return _default
    if isinstance(value, int):
        return bool_ if isinstance(value, bool) else int64
    if isinstance(value, complex):
        return _default.to_complex()
    raise TypeError(f"expected a number, got {type(value).__name__}")


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that both convert to, by PyTorch's table.

    Raises: RuntimeError for uint16, uint32 or uint64 with another integer type.
    """
    try:
        return _PROMOTED[type1, type2]
    except KeyError:
        result = _PROMOTED[type1, type2] = _promote(type1, type2)
        return result


def _promote(a: dtype, b: dtype) -> dtype:
    if a is b:
        return a
    if a.category > b.category:
        a, b = b, a
    if a.category == b.category:
        return _promote_within(a, b)
    if b.category == COMPLEX and a.category == FLOAT:
        return _promote_within(a.to_complex(), b)
    return b


def _promote_within(a: dtype, b: dtype) -> dtype:
    if a is b:
        return a
    if a.category == COMPLEX:
        return _promote_within(a.to_real(), b.to_real()).to_complex()
    if a.category == FLOAT:
        if {a, b} == {float16, bfloat16}:
            return float32
        return max(a, b, key=_FLOAT_RANK.index)
    if a in _WIDE_UNSIGNED or b in _WIDE_UNSIGNED:
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, "
            f"attempted to promote {a.legacy} and {b.legacy}"
        )
    if {a, b} == {uint8, int8}:
        return int16
    return max(a, b, key=_INTEGER_RANK.index)


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of dtype `from_` may be stored as `to`: never in a lower category."""
    return from_.category <= to.category


# --- limits ------------------------------------------------------------------------------------


class finfo:
    """Limits of a floating-point dtype: ``eps max min tiny smallest_normal resolution bits``."""

    _FRACTION_AND_EXPONENT = {
        float16: (10, 5), bfloat16: (7, 8), float32: (23, 8), float64: (52, 11),
    }  # fmt: skip

    def __init__(self, type: dtype | None = None) -> None:
        kind = (type or _default).to_real()
        if kind not in self._FRACTION_AND_EXPONENT:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                f"'torch.{kind.name}'"
            )
        fraction, exponent = self._FRACTION_AND_EXPONENT[kind]
        bias = 2 ** (exponent - 1) - 1
        self.dtype, self.bits = kind.name, kind.itemsize * 8
        self.eps = 2.0**-fraction
        self.max = (2 - self.eps) * 2.0**bias
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - bias)
        self.resolution = 10.0 ** -math.floor(fraction * math.log10(2))

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.tiny:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype: ``min max bits``."""

    def __init__(self, type: dtype) -> None:
        if type.category != INTEGER:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle "
                f"'torch.{type.name}'"
            )
        self.dtype, self.bits = type.name, type.itemsize * 8
        self.min = -(2 ** (self.bits - 1)) if type.is_signed else 0
        self.max = 2 ** (self.bits - type.is_signed) - 1

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

__all__ = [
    "bfloat16", "can_cast", "complex128", "complex32", "complex64", "dtype", "finfo", "float16",
    "float32", "float64", "get_default_dtype", "iinfo", "int16", "int32", "int64", "int8",
    "promote_types", "set_default_dtype", "uint16", "uint32", "uint64", "uint8",
]  # fmt: skip
