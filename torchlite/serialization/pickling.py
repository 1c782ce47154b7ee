"""How tensors stand in a pickle: PyTorch's names for them, and a writer.

A tensor is pickled as a call of one of PyTorch's ``_rebuild_*`` functions on a *storage*, a run of
memory that lies outside the pickle and that several tensors may share.
"""

from __future__ import annotations

import bisect
import codecs
import io
import math
import pickle
from collections import OrderedDict
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

from torchlite import dtypes
from torchlite._tensor import Tensor, device, wrap
from torchlite.backends.registry import current
from torchlite.nn.parameter import Parameter
from torchlite.shapes import Size


class StorageType:
    """PyTorch's class of storages with elements of `dtype`; None: untyped, counted in bytes."""

    def __init__(self, dtype: dtypes.dtype | None) -> None:
        self.dtype = dtype


class Storage(NamedTuple):
    """A storage as read: a buffer, and the dtype of its elements if it has one."""

    buffer: Any
    dtype: dtypes.dtype | None


class Record(NamedTuple):
    """A storage to write: its number, type and length."""

    key: str
    kind: StorageType
    numel: int


# --- what PyTorch calls to rebuild ---------------------------------------------------------------


def _rebuild_tensor(storage: Storage, offset: int, size: tuple, stride: tuple) -> Tensor:
    if storage.dtype is None:
        raise pickle.UnpicklingError("a tensor without dtype")
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


def _view(storage: Storage, dtype: dtypes.dtype, offset: int, size: tuple, stride: tuple) -> Any:
    """The array of a tensor. Raises: UnpicklingError if it does not lie inside the storage."""
    numbers = (offset, *size, *stride)
    if not all(type(n) is int and n >= 0 for n in numbers) or len(size) != len(stride):
        raise pickle.UnpicklingError(f"a tensor with size {size}, stride {stride}, offset {offset}")
    numel = len(storage.buffer) // dtype.itemsize
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if math.prod(size) and last >= numel:
        raise pickle.UnpicklingError(
            f"a tensor reaches to element {last} of a storage of {numel} elements"
        )
    xp = current()
    if not math.prod(size):
        return xp.empty(tuple(size), dtype)
    flat = xp.from_buffer(storage.buffer, dtype, (numel,))
    return xp.as_strided(flat, tuple(size), tuple(stride), offset)


_WITHOUT_TYPED_STORAGE = (dtypes.uint16, dtypes.uint32, dtypes.uint64, dtypes.complex32)
_UNTYPED = StorageType(None)
_STORAGES = {
    kind: StorageType(kind) for kind in dtypes.DTYPES if kind not in _WITHOUT_TYPED_STORAGE
}

#: (module, name) in a file -> what it means here. Read, and written, in both directions.
TORCH_NAMES: dict[tuple[str, str], Any] = {
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    ("torch", "Tensor"): Tensor,
    ("torch.nn.parameter", "Parameter"): Parameter,
    ("torch.storage", "UntypedStorage"): _UNTYPED,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch._utils", "_rebuild_tensor_v3"): _rebuild_tensor_v3,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    **{("torch", kind.name): kind for kind in dtypes.DTYPES},
    **{("torch", f"{kind.legacy}Storage"): storage for kind, storage in _STORAGES.items()},
}
_NAME_OF = {id(value): name for name, value in TORCH_NAMES.items()}


_PythonPickler: Any = pickle._Pickler  # type: ignore[attr-defined]  # C's writes no foreign names


# --- writing -------------------------------------------------------------------------------------


class Pickler(_PythonPickler):
    """Pickles with protocol 2, tensors under PyTorch's names.

    ``locate(tensor)`` tells the `Record` of a tensor's memory, and where in it the tensor starts.
    """

    def __init__(self, file: Any, locate: Callable[[Tensor], tuple[Record | None, int]]) -> None:
        super().__init__(file, protocol=2)
        self._locate = locate

    def persistent_id(self, obj: Any) -> tuple | None:
        if type(obj) is Record:
            return "storage", obj.kind, obj.key, "cpu", obj.numel
        return None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Parameter):
            return _rebuild_parameter, (wrap(obj._data), obj.requires_grad, OrderedDict())
        if isinstance(obj, Tensor):
            return self._reduce_tensor(obj)
        if type(obj) is bytes and not obj:  # pickle would name a class that PyTorch refuses
            return codecs.encode, ("", "latin1")
        if isinstance(obj, (dtypes.dtype, StorageType)):
            return _NAME_OF[id(obj)][1]
        return NotImplemented

    def _reduce_tensor(self, tensor: Tensor) -> tuple:
        record, offset = self._locate(tensor)
        strides = current().strides(tensor._data)
        hooks: OrderedDict = OrderedDict()
        place = record, offset, tuple(tensor.shape), strides, tensor.requires_grad, hooks
        if tensor.dtype in _WITHOUT_TYPED_STORAGE:
            return _rebuild_tensor_v3, (*place, tensor.dtype)
        return _rebuild_tensor_v2, place

    def save_global(self, obj: Any, name: str | None = None) -> None:
        known = _NAME_OF.get(id(obj))
        if known is None:
            super().save_global(obj, name)
            return
        self.write(pickle.GLOBAL + "{}\n{}\n".format(*known).encode())
        self.memoize(obj)

    dispatch = {**_PythonPickler.dispatch, FunctionType: save_global}


class _Region:
    """Memory that tensors of one dtype cover without a gap."""

    def __init__(self, start: int, end: int, tensor: Tensor) -> None:
        self.start, self.end, self.first = start, end, tensor
        self.record: Record | None = None


class Memory:
    """The memory of the tensors of an object, cut into storages: tensors that overlap share one."""

    def __init__(self) -> None:
        self.buffers: list[Any] = []  # the bytes of the storages that were used
        self._regions: list[_Region] = []

    def note(self, tensor: Tensor) -> tuple[None, int]:
        """Remember where `tensor` lies; a first pass does this for all."""
        if tensor.numel():
            self._regions.append(_Region(*_extent(tensor), tensor))
        return None, 0

    def merge(self) -> None:
        """Unite what overlaps.

        Raises: RuntimeError (as PyTorch) if tensors of different dtypes do.
        """
        merged: list[_Region] = []
        for region in sorted(self._regions, key=lambda r: r.start):
            if not merged or region.start >= merged[-1].end:
                merged.append(region)
                continue
            if region.first.dtype is not merged[-1].first.dtype:
                raise RuntimeError(
                    "Cannot save multiple tensors or storages that view the same data as different "
                    "types"
                )
            merged[-1].end = max(merged[-1].end, region.end)
        self._regions = merged

    def locate(self, tensor: Tensor) -> tuple[Record, int]:
        """The storage of `tensor`, and its first element there."""
        if not tensor.numel():
            return self._record(tensor, 0), 0
        start, end = _extent(tensor)
        i = bisect.bisect_right(self._regions, start, key=lambda r: r.start)
        if not i or end > self._regions[i - 1].end:  # made while pickling: the first pass
            self._regions.insert(i, _Region(start, end, tensor))  # has not seen it
            i += 1
        region = self._regions[i - 1]
        if region.record is None:
            region.record = self._record(region.first, region.end - region.start)
        return region.record, (start - region.start) // tensor.dtype.itemsize

    def _record(self, first: Tensor, nbytes: int) -> Record:
        kind = _STORAGES.get(first.dtype, _UNTYPED)
        numel, key = nbytes // first.dtype.itemsize, str(len(self.buffers))
        xp = current()
        flat = xp.as_strided(first._data, (numel,), (1,), 0) if numel else None
        self.buffers.append(b"" if flat is None else xp.to_numpy(flat).view("uint8").data)
        return Record(key, kind, nbytes if kind is _UNTYPED else numel)


def _extent(tensor: Tensor) -> tuple[int, int]:
    """The addresses of the first byte of a tensor, and behind its last."""
    xp, array = current(), tensor._data
    last = sum((n - 1) * step for n, step in zip(array.shape, xp.strides(array)))
    start = xp.data_ptr(array)
    return start, start + (last + 1) * tensor.dtype.itemsize


def dump(obj: Any) -> tuple[bytes, list[Any]]:
    """The pickle of `obj`, and the bytes of its storages."""
    memory = Memory()
    first_pass = Pickler(io.BytesIO(), memory.note)
    first_pass.dump(obj)
    memory.merge()
    file = io.BytesIO()
    Pickler(file, memory.locate).dump(obj)
    return file.getvalue(), memory.buffers
