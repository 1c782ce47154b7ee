"""From generated source to a compiled kernel: real files, so that Numba can cache them on disk.

A *kernel* is a C function over a range of its work: `lo` to `hi` of elements or rows. Its address
goes to a driver of `torchlite_numba.launch`, which calls it once a thread.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba import types

# Numba's cache notices neither a change of what a kernel calls nor of its options: names tell it
_NAMES = ("codegen", "launch", "random", "sampling", "vector", "convolution")
_SHARED = [Path(__file__).with_name(f"{name}.py") for name in _NAMES]
_STAMP = hashlib.sha256(b"".join(path.read_bytes() for path in _SHARED)).hexdigest()[:12]
_alive: list[Any] = []  # a compiled function is freed with its object; addresses must stay valid


def folder() -> Path:
    """Where generated source and its compiled form go; it need not exist or be writable."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen) / "torchlite_numba"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "torchlite_numba"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torchlite_numba"


def load(name: str, source: str) -> tuple[Callable, bool]:
    """The function `kernel` that `source` defines, and whether its compiled form can be cached."""
    if os.environ.get("TORCHLITE_DEBUG"):
        print(source, file=sys.stderr)
    versions = f"{numba.__version__} {np.__version__} {sys.version}"
    digest = hashlib.sha256("\0".join((source, versions, _STAMP)).encode()).hexdigest()[:16]
    stem = f"torchlite_numba_{name}_{digest}"
    try:
        file, cache = str(_write(folder() / f"{stem}.py", source)), True
    except (OSError, RuntimeError):  # read-only, or no home: every process compiles anew
        file, cache = f"<{stem}>", False
    module = sys.modules[stem] = ModuleType(stem)  # where Numba's cache looks for its globals
    exec(compile(source, file, "exec"), module.__dict__)
    return module.kernel, cache


def _write(path: Path, source: str) -> Path:
    """Write `source` in one step (other processes may do the same), unless it stands there."""
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.replace(temporary, path)
    return path


def compile_kernel(
    function: Callable, arrays: Sequence[Any], cache: bool = True, reassociate: bool = False
) -> int:
    """The address of `function(a, b, c, o, lo, hi, n, m, p, q, r)`, compiled.

    `arrays` holds the element types of a, b, c and o, which arrive as pointers; lo, hi, n and m are
    sizes; p, q and r doubles. `reassociate`: sums may be vectorised.
    """
    pointers = [types.CPointer(numba.from_dtype(np.dtype(kind))) for kind in arrays]
    signature = types.void(*pointers, *[types.intp] * 4, *[types.float64] * 3)
    options: dict[str, Any] = {"error_model": "numpy"}
    if reassociate:
        options["fastmath"] = {"reassoc"}
    function.__qualname__ += f"_{_STAMP}"
    try:
        compiled = numba.cfunc(signature, cache=cache, **options)(function)
    except RuntimeError as error:
        if not cache or "cannot cache" not in str(error):
            raise
        compiled = numba.cfunc(signature, **options)(function)
    _alive.append(compiled)
    return compiled.address


def jit(function: Callable | None = None, **options: Any) -> Any:
    """`numba.njit` with NumPy's division, cached on disk where a folder for it is writable."""
    if function is None:
        return lambda f: jit(f, **options)
    function.__qualname__ += f"_{_STAMP}"
    try:
        return numba.njit(error_model="numpy", cache=True, **options)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return numba.njit(error_model="numpy", **options)(function)
