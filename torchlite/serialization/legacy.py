"""The file format before PyTorch 1.6: five consecutive pickles, then the memory of the tensors.

The pickles are a magic number, the version, system information, the object, and the keys of the
storages. Each storage is its number of elements, then their bytes.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
from collections.abc import Callable
from typing import Any

from torchlite.serialization.archive import checked_pid, read_into
from torchlite.serialization.pickling import Memory
from torchlite.serialization.rebuilding import Storage, StorageType, in_native_order

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_LENGTH = struct.Struct("<q")
_SIZES = {name: struct.calcsize(f"={name[0]}") for name in ("short", "int", "long")}
_SYS_INFO = {
    "protocol_version": _VERSION, "little_endian": sys.byteorder == "little", "type_sizes": _SIZES,
}  # fmt: skip


def write_legacy(file: Any, data: bytes, memory: Memory, protocol: int) -> None:
    """Write the pickle `data` and its storages."""
    for part in (_MAGIC, _VERSION, _SYS_INFO):
        file.write(pickle.dumps(part, protocol))
    file.write(data)
    file.write(pickle.dumps([record.key for record in memory.records], protocol))
    for record, buffer in zip(memory.records, memory.buffers):
        file.write(_LENGTH.pack(record.numel))
        file.write(buffer)
    file.flush()


def read_legacy(
    file: Any, unpickler: Callable, restore: Callable[[Storage, str], Storage], trusted: bool
) -> Any:
    """The object in a legacy file.

    ``unpickler(file, storage)`` reads a pickle, see `unpickling`; ``restore(storage, location)``
    moves a storage to its destination; `trusted`: the file may refer to module classes.
    Raises: RuntimeError (as PyTorch) for a file in another format or version; EOFError if it ends
    too early.
    """
    storages = _Storages(file, restore, trusted)
    magic = unpickler(file, storages.none).load()
    if type(magic) is not int or magic != _MAGIC:
        raise RuntimeError(
            "Invalid magic number; corrupt file?\nIt is a pickle, but not from torch.save."
        )
    version = unpickler(file, storages.none).load()
    if version != _VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    sys_info = unpickler(file, storages.none).load()
    result = unpickler(file, storages.storage).load()
    keys = unpickler(file, storages.none).load()
    if not (isinstance(sys_info, dict) and isinstance(keys, list)):
        raise RuntimeError(f"the file has {type(sys_info)}, {type(keys)} instead of dict, list")
    storages.fill(keys, "little" if sys_info.get("little_endian", True) else "big")
    return result


class _Storages:
    """The storages of a file: created empty when the pickle refers to them, filled at the end."""

    def __init__(self, file: Any, restore: Callable, trusted: bool) -> None:
        self._file, self._restore, self._trusted = file, restore, trusted
        self._left = _bytes_left(file)
        self._made: dict[str, tuple[StorageType, int, Storage]] = {}
        self._moved: dict[str, Storage] = {}

    def none(self, pid: Any) -> Storage:
        """For pickles without storages."""
        raise pickle.UnpicklingError(f"unexpected persistent id {pid!r}")

    def storage(self, pid: Any) -> Any:
        """The object of a persistent id: memory, or a class pickled with its source code."""
        if self._trusted and type(pid) is tuple and pid[0] == "module":
            return pid[1]
        kind, key, location, numel, view = checked_pid(pid, 6)
        if key not in self._made:
            self._made[key] = kind, numel, self._make(kind, numel)
            self._moved[key] = self._restore(self._made[key][-1], location)
        storage = self._moved[key]
        if view is None:
            return storage
        if type(view) is not tuple or [type(part) for part in view] != [str, int, int]:
            raise pickle.UnpicklingError(f"unsupported view of a storage {view!r}")
        _, offset, size = view
        step = storage.dtype.itemsize if storage.dtype else 1
        part = memoryview(storage.buffer)[offset * step : (offset + size) * step]
        return Storage(part, storage.dtype)

    def _make(self, kind: StorageType, numel: int) -> Storage:
        nbytes = numel * kind.itemsize
        if not 0 <= nbytes <= self._left:  # checked before allocation
            raise EOFError(f"unexpected EOF, expected {nbytes - self._left} more bytes.")
        self._left -= nbytes
        return Storage(bytearray(nbytes), kind.dtype)

    def fill(self, keys: list[str], byteorder: str) -> None:
        """Read the memory of all storages, which is stored in the order of `keys`.

        Raises: RuntimeError if keys or lengths differ from those in the pickle.
        """
        if sorted(map(repr, keys)) != sorted(map(repr, self._made)):
            raise RuntimeError(f"the file has storages {keys}, its pickle {list(self._made)}")
        for key in keys:
            kind, numel, storage = self._made[key]
            length = bytearray(_LENGTH.size)
            read_into(self._file, length)
            if _LENGTH.unpack(length)[0] != numel:
                raise RuntimeError(
                    f"storage {key} should have {numel} elements, but has "
                    f"{_LENGTH.unpack(length)[0]}"
                )
            read_into(self._file, storage.buffer)
            if byteorder != sys.byteorder:
                storage.buffer[:] = in_native_order(storage.buffer, kind.dtype, byteorder)


def _bytes_left(file: Any) -> int:
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here
