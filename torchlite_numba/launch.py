"""Drivers: they call a compiled kernel by its address, once or once a thread.

Two drivers serve all kernels, so a new kernel costs one cheap compilation and none of a parallel
function, which takes five times as long.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
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

from torchlite_numba.codegen import cached

# Sizes from which two threads beat one on two cores: medians of `small` and of `parallel` over
# float32 arrays of 2**10 ... 2**21 elements. relu: 23 and 28 us at 2**18, 48 and 39 at 2**19;
# sigmoid: 9 and 10 us at 2**15, 18 and 15 at 2**16, 71 and 43 at 2**18.
CHEAP_FROM = 1 << 18  # elements of a kernel limited by memory
COSTLY_FROM = 1 << 16  # elements of a kernel with an exponential in it


@intrinsic
def _call(context, address, arguments, lo, hi):
    """Call the C function at `address`; see `kernel._SIGNATURE`."""

    def generate(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, arguments, lo, hi = args
        function = ir.FunctionType(ir.VoidType(), [lo.type] * 5)
        pointer = builder.inttoptr(address, function.as_pointer())
        builder.call(pointer, [arguments] * 3 + [lo, hi])
        return cx.get_dummy_value()

    return types.void(*[types.intp] * 4), generate


@functools.partial(cached, numba.njit)
def _serial(address, arguments, count):
    _call(address, arguments, 0, count)


@functools.partial(cached, numba.njit, parallel=True, nogil=True)
def _parallel(address, arguments, count, threads):
    parts = min(threads, count)
    for part in numba.prange(parts):
        _call(address, arguments, part * count // parts, (part + 1) * count // parts)


@functools.cache
def serial() -> Callable[[int, int, int], None]:
    """The driver for one thread, without the search for its types at each call."""
    return _serial.compile((types.intp,) * 3)


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


def parallel(address: int, arguments: int, count: int) -> None:
    """Call the kernel at `address` once a thread, each time with a part of `count`."""
    if _threads == 1 or count == 1:
        serial()(address, arguments, count)
        return
    with _guard or _starting:
        if _guard is None:
            _load_layer()
        _parallel(address, arguments, count, _threads)
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
