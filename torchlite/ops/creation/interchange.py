"""Sharing memory with NumPy and with all libraries that support DLPack, including PyTorch."""

from __future__ import annotations

import mmap
import os
import warnings
from typing import Any

from torchlite import dtypes
from torchlite.backends.capsules import BFLOAT, UINT, change_type
from torchlite.backends.registry import local
from torchlite.core.device import check_device
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import dtype
from torchlite.ops.core.methods import method, put
from torchlite.ops.creation.conversion import from_numpy, numpy


@method(name="__array__")
def as_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """``numpy.asarray(tensor)``: the same memory, unless another dtype or a copy is requested."""
    array = numpy(self)
    if dtype is not None and array.dtype != dtype:
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        return array.astype(dtype)
    return array.copy() if copy else array


@method(name="__array_wrap__")
def wrap_array(self: Tensor, array: Any, context: Any = None,
               return_scalar: bool = False) -> Tensor:  # fmt: skip
    """Wrap the result of a NumPy function that was called with a tensor.

    Booleans become uint8, as in PyTorch.
    """
    return from_numpy(array.astype("uint8") if array.dtype == bool else array)


@method(name="__dlpack__")
def to_capsule(self: Tensor, *, stream: Any = None, max_version: tuple[int, int] | None = None,
               dl_device: Any = None, copy: bool | None = None) -> Any:  # fmt: skip
    """The tensor as a DLPack capsule, for another library's ``from_dlpack``.

    Raises: BufferError if it requires grad or another device is requested.
    """
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    xp, data, is_bfloat16 = local.mode.xp, self._data, self.dtype is dtypes.bfloat16
    array = xp.to_numpy(xp.view_dtype(data, dtypes.uint16) if is_bfloat16 else data)
    if max_version is None:
        capsule = array.__dlpack__()
    else:
        capsule = array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)
    if is_bfloat16:
        change_type(capsule, UINT, BFLOAT)
    return capsule


@method(name="__dlpack_device__")
def capsule_device(self: Tensor) -> tuple[int, int]:
    """The memory's device in DLPack's numbering: always (1, 0), the CPU."""
    return (1, 0)


class _Capsule:
    """Adapts a bare capsule to the interface that NumPy expects."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of another library's array or tensor.

    Args:
        ext_tensor: An object with ``__dlpack__``, or a DLPack capsule.
        device: None or the CPU.
        copy: Whether to copy the memory. Default: share it.
    Raises: RuntimeError for any other object.
    """
    check_device(device)
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed "
            "only once, so you might have already constructed a tensor from it once.\n"
            f"Expected an object with __dlpack__, got {type(ext_tensor).__name__}."
        )
    xp = local.mode.xp
    data = xp.from_dlpack(ext_tensor)
    return wrap(xp.copy(data) if copy else data)


def frombuffer(buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A 1-D tensor that shares the memory of a buffer (bytearray, array.array, memoryview, ...).

    Args:
        count: Number of elements. Default: all after `offset`.
        offset: Number of bytes to skip.
    Raises: ValueError if the buffer does not contain them.
    """
    view = memoryview(buffer)
    if view.readonly:
        warnings.warn(
            "The given buffer is not writable, and PyTorch does not support non-writable tensors. "
            "You may want to copy the buffer to protect its data or make it writable before "
            "converting it to a tensor.",
            stacklevel=2,
        )
    size = dtype.itemsize
    count = _checked_count(view.nbytes, size, count, offset)
    part = view.cast("B")[offset : offset + count * size]
    return wrap(local.mode.xp.from_buffer(part, dtype, (count,))).requires_grad_(requires_grad)


def _checked_count(length: int, size: int, count: int, offset: int) -> int:
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % size:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({size})"
        )
    if count > 0 and offset + count * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must "
            f"not be greater than actual buffer length ({length} bytes)"
        )
    return (length - offset) // size if count < 0 else count


def from_file(filename: str, shared: bool | None = None, size: int | None = 0, *,
              dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A 1-D tensor of `size` elements mapped from a file; `shared`: writes go to the file.

    Raises: RuntimeError if the file is too short.
    """
    kind = dtype or dtypes.get_default_dtype()
    needed = (size or 0) * kind.itemsize
    if not needed:
        return wrap(local.mode.xp.empty((0,), kind))
    with open(filename, "r+b" if shared else "rb") as file:
        if shared and os.path.getsize(filename) < needed:
            file.truncate(needed)
        if os.path.getsize(filename) < needed:
            raise RuntimeError(
                f"unable to mmap {needed} bytes from file <{filename}>: it has "
                f"{os.path.getsize(filename)}"
            )
        access = mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY
        memory = mmap.mmap(file.fileno(), needed, access=access)
    return frombuffer(memory, dtype=kind, count=size or 0, requires_grad=requires_grad)


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule of the tensor's memory, which can be consumed once."""
    return to_capsule(tensor)


put("__array_priority__", 1000)

__all__ = ["from_dlpack", "from_file", "frombuffer", "to_dlpack"]
