"""Drivers: they call a compiled kernel by its address, once or once a thread.

Three drivers serve all kernels, so a new kernel costs one cheap compilation (50 ms) and none of a
parallel function (300 ms). A kernel computes the same whatever range it gets: results do not
depend on the number of threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from torchlite_numba.codegen import jit

# Sizes from which two threads beat one on two cores: medians of `small` and of `parallel` over
# float32 arrays of 2**10 ... 2**21 elements. relu: 23 and 28 us at 2**18, 48 and 39 at 2**19;
# sigmoid: 9 and 10 us at 2**15, 18 and 15 at 2**16, 71 and 43 at 2**18.
CHEAP_FROM = 1 << 18  # elements of a kernel limited by memory
COSTLY_FROM = 1 << 16  # elements of a kernel with an exponential in it


@intrinsic
def _call(context, address, a, b, c, o, lo, hi, n, m, p, q, r):
    """Call the C function at `address`."""
    sizes, numbers = [types.intp] * 8, [types.float64] * 3

    def generate(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = [cx.get_value_type(kind) for kind in (*sizes, *numbers)]
        function = ir.FunctionType(ir.VoidType(), kinds)
        builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])
        return cx.get_dummy_value()

    return types.void(types.intp, *sizes, *numbers), generate


@jit
def small(address, a, b, o):
    """An elementwise kernel without numbers."""
    pa, pb, po = a.ctypes.data, b.ctypes.data, o.ctypes.data
    _call(address, pa, pb, pb, po, 0, o.size, 1, 1, 0.0, 0.0, 0.0)


@jit
def serial(address, a, b, c, o, count, n, m, p, q, r):
    """Any kernel over `count` elements or rows."""
    pa, pb, pc, po = a.ctypes.data, b.ctypes.data, c.ctypes.data, o.ctypes.data
    _call(address, pa, pb, pc, po, 0, count, n, m, p, q, r)


@jit(parallel=True, nogil=True)
def _parallel(address, a, b, c, o, count, n, m, p, q, r, threads):
    parts = min(threads, count)
    pa, pb, pc, po = a.ctypes.data, b.ctypes.data, c.ctypes.data, o.ctypes.data
    for part in numba.prange(parts):
        lo, hi = part * count // parts, (part + 1) * count // parts
        _call(address, pa, pb, pc, po, lo, hi, n, m, p, q, r)


_threads: int = numba.config.NUMBA_NUM_THREADS
_starting = threading.RLock()
_guard: Any = None  # what a launch holds, once the threading layer is known


def get_num_threads() -> int:
    """The number of threads that large kernels use."""
    return _threads


def set_num_threads(n: int) -> None:
    """Let large kernels use `n` threads, at most as many as there were at the start."""
    global _threads
    if n < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _threads = min(n, numba.config.NUMBA_NUM_THREADS)


def parallel(*args: Any) -> None:
    """`serial`, in several threads."""
    if _threads == 1:
        serial(*args)
    else:
        launch(_parallel, *args, _threads)


def launch(function: Callable, *args: Any) -> None:
    """Call a function that was compiled with ``parallel=True``."""
    with _guard or _starting:
        if _guard is None:
            _load_layer()
        function(*args)
        if _guard is None:
            _guard_launches()


def _load_layer() -> None:
    """Offer tbb, if it is installed, to Numba, which prefers it to OpenMP and its work queue."""
    if numba.config.THREADING_LAYER in ("omp", "workqueue") or not _load_tbb():
        # GNU's OpenMP spins in its barriers: milliseconds, when something else runs
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        os.environ.setdefault("GOMP_SPINCOUNT", "0")


def _guard_launches() -> None:
    """Look which threading layer the first launch has started, and guard it as it needs."""
    global _guard
    layer = numba.threading_layer()
    if layer == "omp" and hasattr(os, "register_at_fork"):
        # GNU's OpenMP kills a forked child that launches
        os.register_at_fork(after_in_child=lambda: set_num_threads(1))
    # the work queue aborts the process when two threads launch at a time
    _guard = _starting if layer == "workqueue" else contextlib.nullcontext()


def _load_tbb() -> bool:
    """Load the library of the wheel of tbb, which Numba does not find by itself."""
    names = {"win32": "Library/bin/tbb12.dll", "darwin": "lib/libtbb.12.dylib"}
    path = Path(sys.prefix) / names.get(sys.platform, "lib/libtbb.so.12")
    if not path.is_file():
        return False
    ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    return True
