"""Pickles objects containing tensors, under PyTorch's names."""

from __future__ import annotations

import bisect
import codecs
import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from torchlite.backends.registry import current
from torchlite.core.tensor import CPU, Tensor, device, wrap
from torchlite.nn.parameter import Buffer, Parameter
from torchlite.serialization.locations import location_tag
from torchlite.serialization.rebuilding import (
    STORAGE_TYPES,
    TORCH_NAMES,
    UNTYPED,
    WITHOUT_TYPED_STORAGE,
    StorageType,
    _rebuild_from_type_v2,
    _rebuild_parameter,
    _rebuild_parameter_with_state,
    _rebuild_tensor_v2,
    _rebuild_tensor_v3,
)


class Record(NamedTuple):
    """A storage to write: its key, type and length."""

    key: str
    kind: StorageType
    numel: int

    @property
    def device(self) -> device:
        """Its device."""
        return CPU


_NAME_OF = {id(value): name for name, value in TORCH_NAMES.items()}
_OUR_REDUCES = tuple(kind.__reduce_ex__ for kind in (Tensor, Parameter, Buffer))
_PythonPickler: Any = pickle._Pickler  # type: ignore[attr-defined]  # C's cannot rename globals


class TensorPickler:
    """Pickles tensors under PyTorch's names; a mixin for the pure-Python `pickle.Pickler`.

    ``locate(tensor)`` returns the `Record` of a tensor's memory and the tensor's offset in it.
    """

    locate: Callable[[Tensor], tuple[Record | None, int]]
    in_archive = True

    def persistent_id(self, obj: Any) -> tuple | None:
        if type(obj) is not Record:
            return None
        pid = "storage", obj.kind, obj.key, location_tag(obj), obj.numel
        return pid if self.in_archive else (*pid, None)  # None: not a view of another storage

    def reducer_override(self, obj: Any) -> Any:
        if id(obj) in _NAME_OF:
            return _NAME_OF[id(obj)]
        if isinstance(obj, Tensor) and type(obj).__reduce_ex__ in _OUR_REDUCES:
            return self._reduce(obj)
        if type(obj) is bytes and not obj:  # pickle would refer to a class that PyTorch refuses
            return codecs.encode, ("", "latin1")
        return getattr(super(), "reducer_override", _nothing)(obj)

    def _reduce(self, tensor: Tensor) -> tuple:
        hooks: OrderedDict = OrderedDict()
        state = tensor._extras()
        if isinstance(tensor, Parameter):
            parts = wrap(tensor._data), tensor.requires_grad, hooks
            if state:
                return _rebuild_parameter_with_state, (*parts, state)
            return _rebuild_parameter, parts
        plain = self._reduce_plain(tensor, hooks)
        if isinstance(tensor, Buffer) or (type(tensor) is Tensor and not state):
            return plain
        return _rebuild_from_type_v2, (plain[0], type(tensor), plain[1], state)

    def _reduce_plain(self, tensor: Tensor, hooks: OrderedDict) -> tuple:
        record, offset = self.locate(tensor)
        strides = current().strides(tensor._data)
        place = record, offset, tuple(tensor.shape), strides, tensor.requires_grad, hooks
        if tensor.dtype in WITHOUT_TYPED_STORAGE:
            return _rebuild_tensor_v3, (*place, tensor.dtype)
        return _rebuild_tensor_v2, place

    def save_global(self, obj: Any, name: str | None = None) -> None:
        known = _NAME_OF.get(id(obj))
        if known is None:
            super().save_global(obj, name)  # type: ignore[misc]
            return
        module, _, member = known.rpartition(".")
        self.write(pickle.GLOBAL + f"{module}\n{member}\n".encode())  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]


def _nothing(obj: Any) -> Any:
    return NotImplemented


def _pickler_of(pickle_module: Any) -> Any:
    """A class that pickles like `pickle_module`, but tensors like PyTorch.

    Raises: ValueError if its pickler is written in C, like cloudpickle's.
    """
    base = _PythonPickler if pickle_module is pickle else pickle_module.Pickler
    if not issubclass(base, _PythonPickler):
        raise ValueError(
            f"pickle_module {pickle_module.__name__!r} cannot write tensors: its Pickler is not "
            "derived from the pure-Python pickle._Pickler"
        )
    return type("Pickler", (TensorPickler, base), {})


class _Region:
    """Memory covered without gaps by tensors of one dtype."""

    def __init__(self, start: int, end: int, tensor: Tensor) -> None:
        self.start, self.end, self.first = start, end, tensor
        self.record: Record | None = None


class Memory:
    """The memory of an object's tensors, divided into storages: overlapping tensors share one."""

    def __init__(self) -> None:
        self.records: list[Record] = []  # the storages in use
        self.buffers: list[Any] = []  # their bytes
        self._regions: list[_Region] = []

    def note(self, tensor: Tensor) -> tuple[None, int]:
        """Record the memory of `tensor`; a first pass does this for all."""
        if tensor.numel():
            self._regions.append(_Region(*_extent(tensor), tensor))
        return None, 0

    def merge(self) -> None:
        """Merge overlapping regions.

        Raises: RuntimeError (as PyTorch) if tensors of different dtypes overlap.
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
        """The storage of `tensor`, and the offset of its first element in it."""
        if not tensor.numel():
            return self._record(tensor, 0), 0
        start, end = _extent(tensor)
        i = bisect.bisect_right(self._regions, start, key=lambda r: r.start)
        if not i or end > self._regions[i - 1].end:  # created while pickling: the first pass
            self._regions.insert(i, _Region(start, end, tensor))  # has not seen it
            i += 1
        region = self._regions[i - 1]
        if region.record is None:
            region.record = self._record(region.first, region.end - region.start)
        return region.record, (start - region.start) // tensor.dtype.itemsize

    def _record(self, first: Tensor, nbytes: int) -> Record:
        kind, key = STORAGE_TYPES.get(first.dtype, UNTYPED), str(len(self.buffers))
        count = nbytes // first.dtype.itemsize
        xp = current()
        flat = xp.as_strided(first._data, (count,), (1,), 0) if count else None
        self.buffers.append(b"" if flat is None else xp.to_numpy(flat).view("uint8").data)
        self.records.append(Record(key, kind, nbytes // kind.itemsize))
        return self.records[-1]


def _extent(tensor: Tensor) -> tuple[int, int]:
    """The addresses of a tensor's first byte and of the byte after its last."""
    xp, array = current(), tensor._data
    last = sum((n - 1) * step for n, step in zip(array.shape, xp.strides(array)))
    start = xp.data_ptr(array)
    return start, start + (last + 1) * tensor.dtype.itemsize


def dump(obj: Any, pickle_module: Any, protocol: int, in_archive: bool) -> tuple[bytes, Memory]:
    """The pickle of `obj`, for the archive or the legacy format, and its storages."""
    kind, memory = _pickler_of(pickle_module), Memory()

    def pickled(locate: Callable) -> bytes:
        file = io.BytesIO()
        pickler = kind(file, protocol=protocol)
        pickler.locate, pickler.in_archive = locate, in_archive
        pickler.dump(obj)
        return file.getvalue()

    pickled(memory.note)
    memory.merge()
    return pickled(memory.locate), memory
