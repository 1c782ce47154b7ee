"""Drivers: they call a compiled kernel by its address, once or once per thread.

Two drivers serve all kernels: a new kernel is compiled as a C function, in a fifth of the time that
a parallel function of Numba takes.
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
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from torchlite_numba.codegen import cached

# Sizes from which two threads beat one on two cores: medians of one and of two, over
# float32 arrays of 2**10 ... 2**21 elements. relu: 23 and 28 us at 2**18, 48 and 39 at 2**19;
# sigmoid: 9 and 10 us at 2**15, 18 and 15 at 2**16, 71 and 43 at 2**18.
CHEAP_FROM = 1 << 18  # elements of a kernel limited by memory
COSTLY_FROM = 1 << 16  # elements of a kernel with an exponential in it

# The drivers read objects where CPython and NumPy's C API (PyArrayObject) keep their fields, since
# asking each array for its address takes longer than the rest of a launch.
_HEADER = object.__basicsize__  # the type of an object is the last word of its header
_ITEMS = tuple.__basicsize__  # after the header and the number of items
_BYTES = bytes.__basicsize__ - 1  # before a final zero
_NDIM, _SHAPE, _FLAGS = _HEADER + 8, _HEADER + 16, _HEADER + 48  # after the address of the elements
_FLATTEN, _LARGE = 1, 2  # why the serial driver refuses


@intrinsic
def _read(context, address):
    """The word at `address`."""

    def generate(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], args[0].type.as_pointer()))

    return types.intp(types.intp), generate


@intrinsic
def _write(context, word, address):
    def generate(cx: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[0], builder.inttoptr(args[1], args[0].type.as_pointer()))
        return cx.get_dummy_value()

    return types.void(types.intp, types.intp), generate


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
def _serial(address, arrays, packed, count, threshold):
    """Write the address and size of each array into `packed`, then run the kernel.

    `arrays` is the id of a tuple, the type ndarray and the arrays; `packed` that of a bytes object.
    Returns a reason if it has refused, else 0.
    """
    ndarray, to, largest = _read(arrays + _ITEMS), packed + _BYTES, 0
    for place in range(1, _read(arrays + _HEADER)):
        array, size = _read(arrays + _ITEMS + 8 * place), 1
        if _read(array + _HEADER - 8) != ndarray or not _read(array + _FLAGS) & 1:
            return _FLATTEN
        for axis in range(_read(array + _NDIM) & 0xFF):
            size *= _read(_read(array + _SHAPE) + 8 * axis)
        _write(_read(array + _HEADER), to)
        _write(size, to + 8)
        to, largest = to + 16, max(size, largest)
    if largest >= threshold:
        return _LARGE
    _call(address, packed + _BYTES, 0, count)
    return 0


@functools.partial(cached, numba.njit, parallel=True, nogil=True)
def _parallel(address, packed, count, threads):
    parts = min(threads, count)
    for part in numba.prange(parts):
        _call(address, packed + _BYTES, part * count // parts, (part + 1) * count // parts)


@functools.cache
def serial() -> Callable[[int, int, int, int, int], int]:
    """The driver for one thread, which skips Numba's dispatch on the types of arguments."""
    return _serial.compile((types.intp,) * 5)


def again(refused: int, address: int, arrays: tuple, packed: bytes, count: int,
          threshold: int) -> None:  # fmt: skip
    """Launch what the serial driver has refused: flatten arrays, or use several threads."""
    if refused == _FLATTEN:
        arrays = (np.ndarray, *map(np.ascontiguousarray, arrays[1:]))
        refused = serial()(address, id(arrays), id(packed), count, threshold)
    if refused and (_threads == 1 or count == 1):
        serial()(address, id(arrays), id(packed), count, sys.maxsize)
    elif refused:
        _in_parallel(address, id(packed), count, _threads)


_threads: int = numba.config.NUMBA_NUM_THREADS
_starting = threading.RLock()
_guard: Any = None  # what a launch holds, as soon as the threading layer is known


def get_num_threads() -> int:
    """The number of threads that large kernels use."""
    return _threads


def set_num_threads(n: int) -> None:
    """Let large kernels use `n` threads, at most as many as there were at the start."""
    global _threads
    if n < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _threads = min(n, numba.config.NUMBA_NUM_THREADS)


def _in_parallel(*args: int) -> None:
    with _guard or _starting:
        if _guard is None:
            _load_layer()
        _parallel(*args)
        if _guard is None:
            _guard_launches()


def _load_layer() -> None:
    """Offer tbb, if it is installed, to Numba, which prefers it to OpenMP and its work queue."""
    if numba.config.THREADING_LAYER in ("omp", "workqueue") or not _load_tbb():
        # GNU's OpenMP spins at its barriers: that costs milliseconds when other programs run
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        os.environ.setdefault("GOMP_SPINCOUNT", "0")


def _guard_launches() -> None:
    """See which threading layer the first launch has started, and guard it as needed."""
    global _guard
    layer = numba.threading_layer()
    if layer == "omp" and hasattr(os, "register_at_fork"):
        # GNU's OpenMP kills a forked child that launches
        os.register_at_fork(after_in_child=lambda: set_num_threads(1))
    # the work queue aborts the process when two threads launch at a time
    _guard = _starting if layer == "workqueue" else contextlib.nullcontext()


def _load_tbb() -> bool:
    """Load the library from the wheel of tbb, where Numba does not look for it."""
    names = {"win32": "Library/bin/tbb12.dll", "darwin": "lib/libtbb.12.dylib"}
    path = Path(sys.prefix) / names.get(sys.platform, "lib/libtbb.so.12")
    if not path.is_file():
        return False
    ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    return True
