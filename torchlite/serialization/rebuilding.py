"""How tensors are represented in a pickle: PyTorch's names, and the functions that rebuild them.

A tensor is pickled as a call of one of PyTorch's ``_rebuild_*`` functions on a *storage*, a block
of memory outside the pickle that several tensors may share.
"""

from __future__ import annotations

import math
import pickle
import sys
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.core.shapes import Size
from torchlite.core.tensor import CPU, Tensor, device, wrap
from torchlite.nn.parameter import Parameter


class StorageType:
    """PyTorch's class of storages with elements of `dtype`; None: untyped, sized in bytes."""

    def __init__(self, dtype: dtypes.dtype | None) -> None:
        self.dtype = dtype
        self.itemsize = dtype.itemsize if dtype else 1


class Storage:
    """Memory that was read: a writable buffer, and the dtype of its elements if it has one."""

    __slots__ = ("buffer", "dtype")
    device = CPU

    def __init__(self, buffer: Any, dtype: dtypes.dtype | None) -> None:
        self.buffer, self.dtype = buffer, dtype

    def nbytes(self) -> int:
        """Its length in bytes."""
        return len(self.buffer)

    def cpu(self) -> Storage:
        """Itself."""
        return self


def in_native_order(raw: Any, dtype: dtypes.dtype | None, byteorder: str) -> Any:
    """`raw`, elements of `dtype` in `byteorder`, in native byte order; copied if they differ."""
    if dtype is None or byteorder == sys.byteorder:
        return raw
    itemsize = dtype.itemsize // (2 if dtype.is_complex else 1)
    out = bytearray(len(raw))
    for i in range(itemsize):
        out[i::itemsize] = raw[itemsize - 1 - i :: itemsize]
    return out


# --- PyTorch's functions that rebuild tensors ----------------------------------------------------


def _rebuild_tensor(storage: Storage, offset: int, size: tuple, stride: tuple) -> Tensor:
    if storage.dtype is None:
        raise pickle.UnpicklingError("a tensor without a dtype")
    return wrap(_view(storage, storage.dtype, offset, size, stride))


def _rebuild_tensor_v2(
    storage: Storage, offset: int, size: tuple, stride: tuple, requires_grad: bool, hooks: Any,
    metadata: Any = None,
) -> Tensor:  # fmt: skip
    return _rebuild_tensor(storage, offset, size, stride).requires_grad_(requires_grad)


def _rebuild_tensor_v3(
    storage: Storage, offset: int, size: tuple, stride: tuple, requires_grad: bool, hooks: Any,
    dtype: dtypes.dtype, metadata: Any = None,
) -> Tensor:  # fmt: skip
    return wrap(_view(storage, dtype, offset, size, stride)).requires_grad_(requires_grad)


def _rebuild_parameter(data: Tensor, requires_grad: bool, hooks: Any) -> Parameter:
    return Parameter(data, requires_grad)


def _rebuild_parameter_with_state(
    data: Tensor, requires_grad: bool, hooks: Any, state: Any
) -> Parameter:
    return _with_attributes(Parameter(data, requires_grad), state)


def _rebuild_from_type_v2(function: Callable, kind: type, arguments: tuple, state: Any) -> Tensor:
    """A tensor of a subclass, or with extra attributes."""
    if not any(function is rebuild for rebuild in REBUILDERS):
        raise pickle.UnpicklingError(f"a tensor built by {function!r}")
    if not (isinstance(kind, type) and issubclass(kind, Tensor)):
        raise pickle.UnpicklingError(f"a tensor of type {kind!r}")
    result = function(*arguments)
    if type(result) is not kind:
        result = result.as_subclass(kind)
    if hasattr(kind, "__setstate__"):
        result.__setstate__(state)
        return result
    return _with_attributes(result, state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    names = state[0] if isinstance(state, tuple) else state
    if any(hasattr(Tensor, name) or name == "_data" for name in names):
        raise pickle.UnpicklingError("a tensor has attributes that would shadow those of Tensor")
    set_state(tensor, state)
    return tensor


def set_state(instance: Any, state: Any) -> None:
    """Set the state of an object without ``__setstate__``, as unpickling does."""
    slots: dict = {}
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        vars(instance).update(state)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)


def _view(storage: Storage, dtype: dtypes.dtype, offset: int, size: tuple, stride: tuple) -> Any:
    """The array of a tensor. Raises: UnpicklingError if it exceeds the storage."""
    numbers = (offset, *size, *stride)
    if not all(type(n) is int and n >= 0 for n in numbers) or len(size) != len(stride):
        raise pickle.UnpicklingError(f"a tensor with size {size}, stride {stride}, offset {offset}")
    numel = len(storage.buffer) // dtype.itemsize
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if math.prod(size) and last >= numel:
        raise pickle.UnpicklingError(
            f"a tensor extends to element {last} of a storage of {numel} elements"
        )
    xp = current()
    if not math.prod(size):
        return xp.empty(tuple(size), dtype)
    flat = xp.from_buffer(storage.buffer, dtype, (numel,))
    return xp.as_strided(flat, tuple(size), tuple(stride), offset)


# --- the names -----------------------------------------------------------------------------------

WITHOUT_TYPED_STORAGE = (dtypes.uint16, dtypes.uint32, dtypes.uint64, dtypes.complex32)
UNTYPED = StorageType(None)
STORAGE_TYPES = {
    kind: StorageType(kind) for kind in dtypes.DTYPES if kind not in WITHOUT_TYPED_STORAGE
}
REBUILDERS = (
    _rebuild_tensor, _rebuild_tensor_v2, _rebuild_tensor_v3, _rebuild_parameter,
    _rebuild_parameter_with_state,
)  # fmt: skip

#: PyTorch's "module.name" in a file -> our object. For reading and writing.
TORCH_NAMES: dict[str, Any] = {
    "torch.Size": Size,
    "torch.device": device,
    "torch.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.storage.UntypedStorage": UNTYPED,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type_v2,
    **{f"torch._utils.{function.__name__}": function for function in REBUILDERS},
    **{f"torch.{kind.name}": kind for kind in dtypes.DTYPES},
    **{f"torch.{kind.legacy}Storage": storage for kind, storage in STORAGE_TYPES.items()},
}
