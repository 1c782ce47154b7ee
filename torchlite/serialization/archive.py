"""The file format since PyTorch 1.6: an uncompressed zip archive.

It contains ``data.pkl``, a pickle of the object, and ``data/0``, ``data/1``, ..., the memory of
its tensors.
"""

from __future__ import annotations

import pickle
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from torchlite.serialization.options import default_byteorder
from torchlite.serialization.pickling import Memory
from torchlite.serialization.rebuilding import Storage, StorageType, in_native_order

MAGIC = b"PK\x03\x04"
_ALIGNMENT = 64  # of the tensors' memory in the file, for mmap
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_CHUNK = 1 << 20  # small enough to stay in the cache until its checksum is computed


# --- writing -------------------------------------------------------------------------------------


def write_archive(file: Any, name: str, data: bytes, memory: Memory) -> None:
    """Write an archive with top-level folder `name`, the pickle `data` and its storages."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _write_record(archive, f"{name}/data.pkl", data)
        _write_record(archive, f"{name}/.format_version", b"1")
        _write_record(archive, f"{name}/.storage_alignment", b"%d" % _ALIGNMENT)
        _write_record(archive, f"{name}/byteorder", sys.byteorder.encode())
        for record, buffer in zip(memory.records, memory.buffers):
            _write_record(archive, f"{name}/data/{record.key}", buffer)
        _write_record(archive, f"{name}/version", b"3\n")


def _write_record(archive: zipfile.ZipFile, name: str, data: Any) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980: equal objects give equal files
    end = archive.start_dir + _LOCAL_HEADER.size + len(name.encode()) + 4
    padding = -end % _ALIGNMENT
    info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    archive.writestr(info, data)


# --- reading -------------------------------------------------------------------------------------


class Reader:
    """The records of an archive open as `file`; storages are views of `mapped` if it is given.

    ``restore(storage, location)`` moves a storage to its destination.
    Raises: RuntimeError, with the name, for an archive not written by `save`; zipfile.BadZipFile
    for one that is damaged.
    """

    def __init__(
        self, archive: zipfile.ZipFile, file: Any, name: str,
        restore: Callable[[Storage, str], Storage], mapped: Any = None,
    ) -> None:  # fmt: skip
        self._archive, self._file, self._name = archive, file, name
        self._restore, self._mapped = restore, mapped
        self._storages: dict[str, Storage] = {}
        self._left = archive.start_dir  # bytes that the storages can have in total
        infos = archive.infolist()
        self._records = {i.filename.partition("/")[2]: i for i in infos}
        if len(self._records) != len(infos) or "data.pkl" not in self._records:
            raise RuntimeError(f"{name} is a zip archive, but was not written by torch.save")
        if "constants.pkl" in self._records:
            raise RuntimeError(
                f"{name} is a TorchScript archive (from torch.jit.save), which is not supported"
            )
        self._byteorder = self._read_byteorder()

    def _read_byteorder(self) -> str:
        if "byteorder" not in self._records:
            return default_byteorder()
        byteorder = bytes(self.read("byteorder"))
        if byteorder not in (b"little", b"big"):
            raise ValueError(f"Unknown endianness type: {byteorder.decode(errors='replace')}")
        return byteorder.decode()

    def read(self, record: str) -> bytearray:
        """The bytes of a record, in a new buffer."""
        start, size = self._place(record)
        self._file.seek(start)
        buffer, checksum = bytearray(size), 0
        with memoryview(buffer) as view:
            for i in range(0, size, _CHUNK):
                part = view[i : i + _CHUNK]
                read_into(self._file, part)
                checksum = zlib.crc32(part, checksum)
        if checksum != self._records[record].CRC:
            raise zipfile.BadZipFile(f"record {record!r} has a wrong checksum")
        return buffer

    def _place(self, record: str) -> tuple[int, int]:
        """The offset in the file of a record's bytes, and their number."""
        info = self._records.get(record)
        if info is None:
            raise RuntimeError(f"{self._name} lacks the record {record!r}")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise RuntimeError(
                f"{self._name}: record {record!r} is compressed; torch.save never compresses"
            )
        header = bytearray(_LOCAL_HEADER.size)
        self._file.seek(info.header_offset)
        read_into(self._file, header)
        magic, *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if magic != MAGIC or start + info.file_size > self._archive.start_dir:
            raise zipfile.BadZipFile(f"record {record!r} is larger than the file")
        return start, info.file_size

    def storage(self, pid: Any) -> Storage:
        """The memory that a persistent id in the pickle refers to.

        Raises: UnpicklingError if it is not that of a storage, or its length is not the record's.
        """
        kind, key, location, numel = checked_pid(pid, 5)
        if key not in self._storages:
            self._storages[key] = self._load(kind, key, location, numel)
        return self._storages[key]

    def _load(self, kind: StorageType, key: str, location: str, numel: int) -> Storage:
        start, size = self._place(f"data/{key}")
        if size != numel * kind.itemsize:
            raise pickle.UnpicklingError(
                f"storage {key} should have {numel} elements, its record has {size} bytes"
            )
        self._left -= size
        if self._left < 0:
            raise zipfile.BadZipFile("records overlap")
        raw = memoryview(self._mapped)[start:][:size] if self._mapped else self.read(f"data/{key}")
        buffer = in_native_order(raw, kind.dtype, self._byteorder)
        return self._restore(Storage(buffer, kind.dtype), location)


def checked_pid(pid: Any, length: int) -> Any:
    """The parts of a storage's persistent id, except for the first.

    Raises: UnpicklingError if it is anything else.
    """
    if type(pid) is not tuple:
        raise pickle.UnpicklingError(f"persistent_load id must be a tuple, but got {type(pid)}")
    parts = [part.decode("ascii") if isinstance(part, bytes) else part for part in pid]
    if [type(part) for part in parts[:1]] != [str] or parts[0] != "storage":
        raise pickle.UnpicklingError(f"Only persistent_load of storage is allowed, but got {pid!r}")
    if len(pid) != length or [type(part) for part in parts[1:5]] != [StorageType, str, str, int]:
        raise pickle.UnpicklingError(f"unsupported persistent id {pid!r}")
    return parts[1:]


def read_into(file: Any, buffer: Any) -> None:
    """Fill `buffer` from a binary file.

    Raises: EOFError if the file ends too early.
    """
    with memoryview(buffer) as view:
        filled = 0
        while filled < len(view):
            count = _read_some(file, view[filled:])
            if not count:
                raise EOFError(f"unexpected EOF, expected {len(view) - filled} more bytes.")
            filled += count


def _read_some(file: Any, view: memoryview) -> int:
    if hasattr(file, "readinto"):
        return file.readinto(view)
    part = file.read(len(view))
    view[: len(part)] = part
    return len(part)
