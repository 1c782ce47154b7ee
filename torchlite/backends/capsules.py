"""DLPack capsules of bfloat16, which NumPy cannot read or write: they pass through it as uint16.

The structures are those of dlpack.h, https://github.com/dmlc/dlpack, versions 0 and 1.
"""

from __future__ import annotations

import ctypes
from typing import Any

UINT, BFLOAT = 1, 4  # kDLUInt, kDLBfloat


class _Tensor(ctypes.Structure):
    """The fields of DLTensor up to the element type."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
    ]  # fmt: skip


class _Versioned(ctypes.Structure):
    """DLManagedTensorVersioned."""

    _fields_ = [
        ("version", ctypes.c_uint32 * 2), ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p), ("flags", ctypes.c_uint64), ("tensor", _Tensor),
    ]  # fmt: skip


_is_valid = ctypes.pythonapi.PyCapsule_IsValid
_is_valid.argtypes = ctypes.py_object, ctypes.c_char_p
_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.argtypes, _get_pointer.restype = _is_valid.argtypes, ctypes.c_void_p


def change_type(capsule: Any, old: int, new: int) -> bool:
    """Relabel a capsule's elements from type `old` to `new`; returns whether they were `old`."""
    for name, offset in ((b"dltensor", 0), (b"dltensor_versioned", _Versioned.tensor.offset)):
        if _is_valid(capsule, name):
            tensor = _Tensor.from_address(_get_pointer(capsule, name) + offset)
            if tensor.code == old:
                tensor.code = new
                return True
    return False


class BFloatAsUint:
    """Wraps ``__dlpack__`` to relabel bfloat16 capsules as uint; `changed`: whether it did."""

    def __init__(self, source: Any) -> None:
        self.source, self.changed = source, False

    def __dlpack__(self, **options: Any) -> Any:
        capsule = self.source.__dlpack__(**options)
        self.changed = change_type(capsule, BFLOAT, UINT)
        return capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.source.__dlpack_device__()
