"""`save`: a file is written in full or not at all."""

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


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write `obj` to `f`, a path or a binary file.

    `obj` is anything that can be pickled, with tensors anywhere in it; those that share memory
    still do after `load`. A path is written in full or not at all: a file that stood there stays as
    it was until the new one is complete.

    Args:
        obj: What to save.
        f: Path, or file with ``write`` and ``flush``.
        pickle_module: Has the ``Pickler`` to use, derived from Python's own. Default: pickle.
        pickle_protocol: Files of other protocols than 2, the default, need ``weights_only=False``.
        _use_new_zipfile_serialization: False: write what PyTorch before 1.6 reads.

    Raises: RuntimeError if the folder does not exist, or if tensors of different dtypes share
    memory; AttributeError if `f` cannot be written to; what pickling raises.
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


# --- a file that is complete, or not there --------------------------------------------------------


@contextmanager
def replacing(path: str) -> Iterator[Any]:
    """A file that takes the place of `path` when it is complete, and else leaves no trace.

    Only a process that is killed leaves its draft, which the next to write `path` removes.
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
            if fcntl:  # the lock still says that the draft is in use
                os.replace(file.name, path)
        if not fcntl:  # Windows renames no open file
            os.replace(file.name, path)
    except BaseException:
        if os.path.exists(file.name):
            os.unlink(file.name)
        raise


def _new_draft(path: str) -> Any:
    """A new file beside `path`, locked as long as it is open."""
    while True:
        file = open(f"{path}.{os.urandom(4).hex()}.tmp", "xb")  # noqa: SIM115
        if not _lock(file, wait=True) or os.path.exists(file.name):
            return file
        file.close()  # another process took it for a draft of a dead one, before it was locked


def _remove_drafts(path: str) -> None:
    """Remove the drafts of `path` whose writers are dead: nobody locks them."""
    for draft in glob.glob(f"{glob.escape(path)}.{'[0-9a-f]' * 8}.tmp"):
        try:
            with open(draft, "rb") as file:
                if _lock(file, wait=False):
                    os.unlink(draft)
        except OSError:  # it was just finished, or is another user's
            continue


def _lock(file: Any, wait: bool) -> bool:
    """Lock `file` until it is closed; False if another has, or if there are no locks here."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
