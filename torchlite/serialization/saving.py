"""`save`: writes a file completely or not at all."""

from __future__ import annotations

import glob
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from torchlite.serialization.archive import write_archive
from torchlite.serialization.legacy import write_legacy
from torchlite.serialization.pickling import Memory, dump


def save(obj: Any, f: Any, pickle_module: Any = pickle, pickle_protocol: int = 2,
         _use_new_zipfile_serialization: bool = True) -> None:  # fmt: skip
    """Write `obj` to `f`, a path or a binary file.

    `obj` is anything picklable, with tensors anywhere in it; those that share memory still do
    after `load`. A path is written atomically: an existing file stays intact until then.

    Args:
        obj: The object to save.
        f: Path, or file with ``write`` and ``flush``.
        pickle_module: Provides the ``Pickler``, derived from the pure-Python one. Default: pickle.
        pickle_protocol: Protocols other than 2, the default, need ``weights_only=False`` to load.
        _use_new_zipfile_serialization: False: write the format before PyTorch 1.6.

    Raises: RuntimeError if the folder does not exist, or if tensors of different dtypes share
    memory; AttributeError if `f` is not writable; anything that pickling raises.
    """
    contents = pickle_module, pickle_protocol, _use_new_zipfile_serialization
    if not isinstance(f, (str, os.PathLike)):
        if not hasattr(f, "write"):
            raise AttributeError(
                "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
            )
        data, memory = dump(obj, *contents)
        _write(f, "archive", data, memory, *contents[1:])
        return
    path = os.path.realpath(os.fspath(f))
    if not os.path.isdir(os.path.dirname(path)):
        raise RuntimeError(f"Parent directory {os.path.dirname(os.fspath(f))} does not exist.")
    data, memory = dump(obj, *contents)
    with replacing(path) as file:
        stem = os.path.splitext(os.path.basename(path))[0]
        _write(file, stem or "archive", data, memory, *contents[1:])


def _write(
    file: Any, name: str, data: bytes, memory: Memory, protocol: int, in_archive: bool
) -> None:
    if in_archive:
        write_archive(file, name, data, memory)
    else:
        write_legacy(file, data, memory, protocol)


# --- atomic writes --------------------------------------------------------------------------------


@contextmanager
def replacing(path: str) -> Iterator[Any]:
    """A file that replaces `path` when it is complete, and otherwise leaves no trace.

    Only a killed process leaves its draft behind; the next write to `path` removes it.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout cannot be replaced
        with open(path, "wb") as file:
            yield file
        return
    _remove_drafts(path)
    file = _new_draft(path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.path.exists(path):
                os.chmod(file.name, os.stat(path).st_mode & 0o7777)
            if fcntl:  # while the lock still marks the draft as in use
                os.replace(file.name, path)
        if not fcntl:  # Windows cannot rename open files
            os.replace(file.name, path)
    except BaseException:
        if os.path.exists(file.name):
            os.unlink(file.name)
        raise


def _new_draft(path: str) -> Any:
    """A new file next to `path`, locked while it is open."""
    while True:
        file = open(f"{path}.{os.urandom(4).hex()}.tmp", "xb")  # noqa: SIM115
        if not _lock(file, wait=True) or os.path.exists(file.name):
            return file
        file.close()  # another process took it for abandoned before it was locked


def _remove_drafts(path: str) -> None:
    """Remove the abandoned drafts of `path`: those that no process has locked."""
    for draft in glob.glob(f"{glob.escape(path)}.{'[0-9a-f]' * 8}.tmp"):
        try:
            with open(draft, "rb") as file:
                if _lock(file, wait=False):
                    os.unlink(draft)
        except OSError:  # it was just completed, or belongs to another user
            continue


def _lock(file: Any, wait: bool) -> bool:
    """Lock `file` until it is closed; False if it is locked, or if locks are unavailable."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
