"""Functions from generated source, in real files so that Numba can cache them on disk."""

from __future__ import annotations

import functools
import hashlib
import linecache
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np

_files: set[str] = set()


def register(file: str) -> None:
    """Compile all kernels anew when `file`, which holds functions that they call, has changed."""
    _files.add(file)


@functools.cache
def _digest_of(file: str) -> bytes:
    return hashlib.sha256("".join(linecache.getlines(file)).encode()).digest()


def _stamp(source: str, options: dict[str, Any], file: str) -> str:
    """Differs whenever the compiled form of a kernel whose body is in `file` may differ.

    Numba's own cache notices changes neither of options nor of the functions that a kernel calls.
    """
    versions = f"{numba.__version__} {np.__version__} {sys.version}"
    digest = hashlib.sha256(f"{source}\0{options}\0{versions}".encode())
    for name in sorted({file, __file__, *_files}):
        digest.update(_digest_of(name))
    return digest.hexdigest()[:16]


def folder() -> Path:
    """Where generated source and its compiled form go; it need not exist or be writable."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen) / "torchlite_numba"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "torchlite_numba"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torchlite_numba"


def define(name: str, source: str, scope: dict[str, Any]) -> Any:
    """The function `name` that `source` defines; tracebacks and `inspect` show its lines."""
    file = f"<torchlite_numba {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), scope)
    return scope[name]


def compile_kernel(name: str, source: str, body: Callable, *args: Any, **options: Any) -> Any:
    """The function `kernel` of `source`, which calls `body`, compiled by ``numba.cfunc``."""
    stem = f"torchlite_numba_{name}_{_stamp(source, options, body.__code__.co_filename)}"
    try:
        file, cache = str(_write(folder() / f"{stem}.py", source)), True
    except (OSError, RuntimeError):  # read-only, or no home: every process compiles anew
        file, cache = f"<{stem}>", False
    module = sys.modules[stem] = ModuleType(stem)  # where Numba's cache looks for its globals
    exec(compile(source, file, "exec"), module.__dict__)
    module.__dict__["body"] = numba.njit(inline="always")(body)
    return cached(numba.cfunc, module.__dict__["kernel"], *args, cache=cache, **options)


def _write(path: Path, source: str) -> Path:
    """Write `source` in one step (other processes may do the same), unless it is there already."""
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.replace(temporary, path)
    return path


def cached(decorator: Callable, function: Callable, *args: Any, cache: bool = True,
           **options: Any) -> Any:  # fmt: skip
    """`function` compiled by a decorator of Numba, cached on disk where a folder is writable."""
    try:
        return decorator(*args, error_model="numpy", cache=cache, **options)(function)
    except RuntimeError as error:
        if not cache or "cannot cache" not in str(error):
            raise
        return decorator(*args, error_model="numpy", **options)(function)
