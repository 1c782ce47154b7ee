"""`load`: reads files written by `save` or PyTorch, in any of the formats."""

from __future__ import annotations

import io
import mmap as memory_map
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torchlite.serialization import options, safetensors
from torchlite.serialization.archive import MAGIC, Reader
from torchlite.serialization.legacy import read_legacy
from torchlite.serialization.locations import MapLocation, restore
from torchlite.serialization.unpickling import WeightsUnpickler, full_unpickler, unsafe_globals


def load(f: Any, map_location: MapLocation = None, pickle_module: Any = None, *,
         weights_only: bool | None = None, mmap: bool | None = None,
         **pickle_load_args: Any) -> Any:  # fmt: skip
    """Read an object that `save` or PyTorch's `save` wrote to `f`, a path or a binary file.

    Args:
        f: Path, or file with ``read`` and ``seek``. A path ending in ``.safetensors`` is read by
            `torchlite.serialization.safetensors`.
        map_location: Where tensors go: always the CPU; needed for files saved on another device.
            A name or device; a dict from names in the file; or ``function(storage, name)`` that
            returns a storage or None. Default: where they were.
        pickle_module: Provides the ``Unpickler``; not with `weights_only`. Default: pickle.
        weights_only: Refuse all but tensors, plain data and what `add_safe_globals` allows. If
            False the file may run any code: only for files from someone you trust. Default: True
            unless `pickle_module` is given.
        mmap: Map the file into memory instead of reading it; changes are not written back.
        pickle_load_args: For the ``Unpickler``, e.g. ``encoding`` of Python 2 strings ("utf-8").

    Raises: FileNotFoundError; RuntimeError, EOFError or pickle.UnpicklingError for a file in
    another format, truncated or damaged; pickle.UnpicklingError for contents not allowed.
    """
    weights_only = _decide_weights_only(weights_only, pickle_module)
    if weights_only and pickle_load_args:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=2)
    if isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(f, map_location)
    unpickler = _unpickler(weights_only, pickle_module or pickle, pickle_load_args)
    move = partial(restore, wanted=map_location)
    with _opened(f) as (file, name):
        archived = _is_archive(file, name)
        mapped = _map(f, name, archived) if mmap else None
        with _explained(name, weights_only):
            if archived:
                return _load_archive(file, name, unpickler, move, mapped)
            return read_legacy(file, unpickler, move, trusted=not weights_only)


def _decide_weights_only(weights_only: bool | None, pickle_module: Any) -> bool:
    """The caller's choice, unless PyTorch's environment variables override it."""
    forced, lifted = (
        os.environ.get(f"TORCH_FORCE_{name}", "0").lower() in ("1", "y", "yes", "true")
        for name in ("WEIGHTS_ONLY_LOAD", "NO_WEIGHTS_ONLY_LOAD")
    )
    if forced and lifted:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` "
            "should be set, but both were set."
        )
    if weights_only is None:
        weights_only = pickle_module is None and not lifted
    weights_only = weights_only or forced
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    return weights_only


def _unpickler(weights_only: bool, pickle_module: Any, arguments: dict[str, Any]) -> Callable:
    arguments = {"encoding": "utf-8", **arguments}
    if weights_only:
        return partial(WeightsUnpickler, encoding=arguments["encoding"])
    return partial(full_unpickler(pickle_module), **arguments)


def _load_safetensors(f: Any, map_location: Any) -> dict[str, Any]:
    if isinstance(map_location, dict) or callable(map_location):
        kind = "dict" if isinstance(map_location, dict) else "callable"
        raise RuntimeError(
            f"Loading safetensors file with {kind} map_location is not supported. Use a device "
            "string or torch.device instead."
        )
    return safetensors.load_file(f, device=map_location or "cpu")


# --- the file ------------------------------------------------------------------------------------


@contextmanager
def _opened(f: Any) -> Iterator[tuple[Any, str]]:
    """`f` as a readable file, and its name for messages."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield file, os.fspath(f)
    elif hasattr(f, "read") and hasattr(f, "seek"):
        yield f, str(getattr(f, "name", repr(f)))
    else:
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only torch.load from a "
            "file that is seekable. Please pre-load the data into a buffer like io.BytesIO and try "
            "to load from it instead."
        )


def _is_archive(file: Any, name: str) -> bool:
    """Whether the file is a zip archive rather than a pickle; raises if it is neither."""
    start = file.tell()
    magic = file.read(len(MAGIC))
    file.seek(start)
    if not isinstance(magic, bytes):
        raise TypeError(f"{name} is open in text mode; open it in binary mode, with 'rb'")
    if not magic:
        raise EOFError(f"Ran out of input: {name} is empty")
    if magic != MAGIC and magic[:1] != pickle.PROTO:
        raise pickle.UnpicklingError(
            f"invalid load key, {magic[:1].decode('latin-1')!r}.\n{name} is not a PyTorch file: it "
            f"starts with {magic!r}, not with {MAGIC!r}"
        )
    return magic == MAGIC


def _load_archive(file: Any, name: str, unpickler: Callable, move: Callable, mapped: Any) -> Any:
    with zipfile.ZipFile(file) as archive:
        reader = Reader(archive, file, name, move, mapped)
        return unpickler(io.BytesIO(reader.read("data.pkl")), reader.storage).load()


def _map(f: Any, name: str, archived: bool) -> memory_map.mmap:
    if not isinstance(f, (str, os.PathLike)):
        raise ValueError("f must be a file path in order to use the mmap argument")
    if not archived:
        raise RuntimeError(
            "mmap can only be used with files saved with "
            f"`torch.save({name}, _use_new_zipfile_serialization=True), please torch.save your "
            "checkpoint with this option in order to use mmap."
        )
    shared = options.get_default_mmap_options() != options.MAP_PRIVATE
    access = memory_map.ACCESS_WRITE if shared else memory_map.ACCESS_COPY
    with open(f, "r+b" if shared else "rb") as file:
        return memory_map.mmap(file.fileno(), 0, access=access)


@contextmanager
def _explained(name: str, weights_only: bool) -> Iterator[None]:
    """Re-raise errors in the file as PyTorch does, with the file's name."""
    try:
        yield
    except (zipfile.BadZipFile, struct.error) as error:
        raise RuntimeError(
            f"PytorchStreamReader failed reading zip archive: {error}\n"
            f"{name} is truncated or damaged."
        ) from error
    except EOFError as error:
        raise RuntimeError(f"{error} The file might be corrupted.\n{name} is truncated.") from error
    except pickle.UnpicklingError as error:
        if not weights_only:
            raise
        raise pickle.UnpicklingError(_refusal(str(error), name)) from error


def _refusal(message: str, name: str) -> str:
    if "was not an allowed global" not in message:
        return f"Weights only load failed. {name}: {message}\n{_TRUST}"
    return (
        "Weights only load failed. This file can still be loaded, to do so you have two options, "
        f"do those steps only if you trust the source of the checkpoint {name}.\n\t(1) {_TRUST}\n"
        "\t(2) Alternatively, to load with `weights_only=True` please check the recommended steps "
        f"in the following error message.\n\tWeightsUnpickler error: {message}"
    )


_TRUST = (
    "Re-running `torch.load` with `weights_only` set to `False` will likely succeed, but it can "
    "result in arbitrary code execution. Do it only if you got the file from a trusted source."
)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names ("module.name") for which `load` would refuse a file; the file is not executed.

    Raises: ValueError if it is not a file from `save` in the format since PyTorch 1.6.
    """
    with _opened(f) as (file, name):
        if not _is_archive(file, name):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        with _explained(name, weights_only=False), zipfile.ZipFile(file) as archive:
            return unsafe_globals(bytes(Reader(archive, file, name, restore).read("data.pkl")))
