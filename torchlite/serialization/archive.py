"""`save` and `load`: objects with tensors, in PyTorch's file format.

A file is a zip archive, not compressed: ``data.pkl``, a pickle of the object, and ``data/0``,
``data/1``, ..., the memory of its tensors. PyTorch reads what `save` writes, and the other way.
"""

from __future__ import annotations

import mmap as memory_map
import os
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torchlite._tensor import device
from torchlite.serialization.pickling import Storage, StorageType, dump
from torchlite.serialization.unpickling import FullUnpickler, WeightsUnpickler

_ALIGNMENT = 64  # of the tensors' memory in the file, for those who map it
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_CHUNK = 1 << 20


# --- save ----------------------------------------------------------------------------------------


def save(obj: Any, f: Any) -> None:
    """Write `obj` to `f`, a path or a binary file.

    `obj` is anything that can be pickled, with tensors anywhere in it; those that share memory
    still do after `load`. A path is written in full or not at all: a file that stood there stays as
    it was until the new one is complete.
    Raises: RuntimeError if the folder does not exist, or if tensors of different dtypes share
    memory; AttributeError if `f` cannot be written to; what pickling raises.
    """
    if not isinstance(f, (str, os.PathLike)):
        if not hasattr(f, "write"):
            raise AttributeError(
                "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
            )
        _write_archive(f, "archive", *dump(obj))
        return
    path = os.path.realpath(os.fspath(f))
    if not os.path.isdir(os.path.dirname(path)):
        raise RuntimeError(f"Parent directory {os.path.dirname(os.fspath(f))} does not exist.")
    contents = dump(obj)
    with _replacing(path) as file:
        stem = os.path.splitext(os.path.basename(path))[0]
        _write_archive(file, stem or "archive", *contents)


@contextmanager
def _replacing(path: str) -> Iterator[Any]:
    """A file that takes the place of `path` when it is complete, and else leaves no trace."""
    if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout cannot be replaced
        with open(path, "wb") as file:
            yield file
        return
    draft = f"{path}.{os.urandom(4).hex()}.tmp"
    try:
        with open(draft, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(draft, os.stat(path).st_mode & 0o7777)
        os.replace(draft, path)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise


def _write_archive(file: Any, name: str, data: bytes, storages: list[Any]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _write_record(archive, f"{name}/data.pkl", data)
        _write_record(archive, f"{name}/.format_version", b"1")
        _write_record(archive, f"{name}/.storage_alignment", b"%d" % _ALIGNMENT)
        _write_record(archive, f"{name}/byteorder", sys.byteorder.encode())
        for i, storage in enumerate(storages):
            _write_record(archive, f"{name}/data/{i}", storage)
        _write_record(archive, f"{name}/version", b"3\n")


def _write_record(archive: zipfile.ZipFile, name: str, data: Any) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980: equal objects give equal files
    end = archive.start_dir + _LOCAL_HEADER.size + len(name.encode()) + 4
    padding = -end % _ALIGNMENT
    info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    archive.writestr(info, data)


# --- load ----------------------------------------------------------------------------------------


def load(
    f: Any,
    map_location: str | device | dict[str, str] | Callable | None = None,
    *,
    weights_only: bool = True,
    mmap: bool | None = None,
) -> Any:
    """Read what `save`, or PyTorch's, has written to `f`, a path or a binary file.

    Args:
        f: Path, or file with ``read`` and ``seek``.
        map_location: Where tensors go: always the CPU; needed for files saved from another device.
        weights_only: Refuse all but tensors and plain data. With False the file may run any code:
            only for files from someone you trust. Default: True.
        mmap: Map the file into memory instead of reading it; changes do not reach it.

    Raises: FileNotFoundError; RuntimeError or EOFError, with the name, for a file that is no such
    archive, truncated or damaged; pickle.UnpicklingError for contents that are not allowed.
    """
    is_path = isinstance(f, (str, os.PathLike))
    if mmap and not is_path:
        raise ValueError("f must be a file path in order to use the mmap argument")
    if not is_path and not (hasattr(f, "read") and hasattr(f, "seek")):
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only torch.load from a "
            "file that is seekable. Please pre-load the data into a buffer like io.BytesIO and try "
            "to load from it instead."
        )
    if isinstance(map_location, (str, device)):
        device(map_location)  # refuses all but the CPU
    if not is_path:
        return _load_open(f, getattr(f, "name", repr(f)), map_location, weights_only, None)
    with open(f, "rb") as file:
        name = os.fspath(f)
        mapped = memory_map.mmap(file.fileno(), 0, access=memory_map.ACCESS_COPY) if mmap else None
        return _load_open(file, name, map_location, weights_only, mapped)


def _load_open(file: Any, name: str, map_location: Any, weights_only: bool, mapped: Any) -> Any:
    _check_magic(file, name)
    try:
        with zipfile.ZipFile(file) as archive:
            reader = _Reader(archive, name, map_location, mapped)
            unpickler: Any = WeightsUnpickler if weights_only else FullUnpickler
            return unpickler(bytes(reader.read("data.pkl")), reader.storage).load()
    except (zipfile.BadZipFile, EOFError, struct.error) as error:
        raise RuntimeError(
            f"PytorchStreamReader failed reading zip archive: {error}\n"
            f"{name} is truncated or damaged."
        ) from error
    except pickle.UnpicklingError as error:
        if not weights_only:
            raise
        raise pickle.UnpicklingError(
            f"Weights only load failed. {name}: {error}\n"
            "If you trust whoever wrote the file, load it with weights_only=False: it may then "
            "run any code."
        ) from error


def _check_magic(file: Any, name: str) -> None:
    start = file.tell()
    magic = file.read(4)
    file.seek(start)
    if not magic:
        raise EOFError(f"Ran out of input: {name} is empty")
    if magic[:1] == b"\x80":
        raise RuntimeError(
            f"{name} has the format that PyTorch used before version 1.6 (or a plain pickle), "
            "which is not supported. Save it anew with PyTorch 1.6 or later."
        )
    if magic != b"PK\x03\x04":
        raise RuntimeError(
            f"{name} is not a PyTorch file: it starts with {magic!r}, not with b'PK\\x03\\x04'"
        )


class _Reader:
    """The records of an archive."""

    def __init__(
        self, archive: zipfile.ZipFile, name: str, map_location: Any, mapped: memory_map.mmap | None
    ) -> None:
        self._archive, self._name, self._mapped = archive, name, mapped
        self._map_location = map_location
        self._storages: dict[str, Any] = {}
        infos = archive.infolist()
        self._records = {i.filename.partition("/")[2]: i for i in infos}
        if len(self._records) != len(infos) or "data.pkl" not in self._records:
            raise RuntimeError(f"{name} is a zip archive, but not one of torch.save")
        if "constants.pkl" in self._records:
            raise RuntimeError(
                f"{name} is a TorchScript archive (of torch.jit.save), which is not supported"
            )
        if "byteorder" in self._records and self.read("byteorder") != sys.byteorder.encode():
            raise RuntimeError(f"{name} was written on a machine with another byte order")

    def read(self, record: str) -> Any:
        """The bytes of a record, in a buffer of their own."""
        info = self._records.get(record)
        if info is None:
            raise RuntimeError(f"{self._name} lacks the record {record!r}")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise RuntimeError(
                f"{self._name}: record {record!r} is compressed; torch.save never does"
            )
        if info.file_size > self._archive.start_dir:
            raise zipfile.BadZipFile(f"record {record!r} is larger than the file")
        buffer = bytearray(info.file_size)
        view, filled = memoryview(buffer), 0
        with self._archive.open(info) as source:
            while count := source.readinto(view[filled : filled + _CHUNK]):  # type: ignore[attr-defined]
                filled += count
        if filled != info.file_size:
            raise zipfile.BadZipFile(f"record {record!r} ends after {filled} bytes")
        return buffer

    def _map(self, record: str, mapped: memory_map.mmap) -> Any:
        """The bytes of a record, in the mapped file."""
        if record not in self._records:
            raise RuntimeError(f"{self._name} lacks the record {record!r}")
        info = self._records[record]
        header = _LOCAL_HEADER.unpack_from(mapped, info.header_offset)
        start = info.header_offset + _LOCAL_HEADER.size + header[-2] + header[-1]
        if start + info.file_size > len(mapped):
            raise zipfile.BadZipFile(f"record {record!r} is larger than the file")
        return memoryview(mapped)[start : start + info.file_size]

    def storage(self, pid: Any) -> Storage:
        """The memory that a persistent id of the pickle means.

        Raises: UnpicklingError if it is none of a storage, or if its length is not the record's.
        """
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage"
                and isinstance(pid[1], StorageType)):  # fmt: skip
            raise pickle.UnpicklingError(f"unsupported persistent id {pid!r}")
        kind, key, location, numel = pid[1:]
        self._check_location(location)
        if key not in self._storages:
            record = f"data/{key}"
            mapped = self._mapped
            self._storages[key] = self._map(record, mapped) if mapped else self.read(record)
        buffer = self._storages[key]
        if len(buffer) != numel * (kind.dtype.itemsize if kind.dtype else 1):
            raise pickle.UnpicklingError(
                f"storage {key} should have {numel} elements, its record has {len(buffer)} bytes"
            )
        return Storage(buffer, kind.dtype)

    def _check_location(self, location: str) -> None:
        wanted = self._map_location
        if isinstance(wanted, dict):
            wanted = wanted.get(location)
        if wanted is None and location != "cpu":
            raise RuntimeError(
                f"Attempting to deserialize object on device {location!r}, but torchlite computes "
                "on the CPU only. Please use torch.load with map_location=torch.device('cpu') to "
                "map your storages to the CPU."
            )


__all__ = ["load", "save"]
