"""Creation, conversion and memory; NumPy's dtypes for PyTorch's."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from torchlite import dtypes
from torchlite.backends.capsules import BFloatAsUint
from torchlite.backends.numpy import bfloat16
from torchlite.backends.numpy.quiet import local
from torchlite.core.shapes import contiguous_strides


class _NumpyDtypes(dict):
    def __missing__(self, kind: dtypes.dtype) -> np.dtype:
        if kind is dtypes.bfloat16:
            found = self[kind] = bfloat16.load()
            dtypes.register(kind, found)
            return found
        raise TypeError(
            f"the numpy backend does not support {kind!r}; supported: {', '.join(map(repr, self))}"
        )


#: torchlite's dtype -> NumPy's; bfloat16 is added on first use.
#: TypeError for those that NumPy lacks.
NUMPY_DTYPES = _NumpyDtypes({
    kind: np.dtype(kind.name)
    for kind in dtypes.DTYPES
    if kind not in (dtypes.bfloat16, dtypes.complex32)
})  # fmt: skip
_SUPPORTED = frozenset(NUMPY_DTYPES.values())
_ORDER_IN_MESSAGES = "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, "
_ORDER_IN_MESSAGES += "uint64, uint32, uint16, uint8, and bool"

for _kind, _numpy_dtype in NUMPY_DTYPES.items():
    dtypes.register(_kind, _numpy_dtype)


class Creation:
    """New arrays, and conversions between arrays, NumPy and Python."""

    asarray = staticmethod(np.asarray)
    to_numpy = staticmethod(np.asarray)
    item = staticmethod(operator.methodcaller("item"))
    tolist = staticmethod(operator.methodcaller("tolist"))
    copy = staticmethod(operator.methodcaller("copy"))
    contiguous = staticmethod(partial(np.asarray, order="C"))

    def from_numpy(self, array: np.ndarray) -> np.ndarray:
        """`array` itself, or a view of it as a plain ``numpy.ndarray``.

        Raises: TypeError or ValueError (as PyTorch) if tensors do not support its dtype or memory.
        """
        if not isinstance(array, np.ndarray):
            raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
        if not array.dtype.isnative:
            raise ValueError(
                "given numpy array has byte order different from the native byte order. "
                "Conversion between byte orders is currently not supported."
            )
        if array.dtype not in _SUPPORTED and not _is_bfloat16(array.dtype):
            raise TypeError(
                f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}. "
                f"The only supported types are: {_ORDER_IN_MESSAGES}."
            )
        _check_strides(array)
        return np.asarray(array)

    def from_buffer(self, buffer: Any, dtype: dtypes.dtype, shape: Sequence[int]) -> np.ndarray:
        return np.ndarray(shape, NUMPY_DTYPES[dtype], buffer)

    def from_dlpack(self, x: Any) -> np.ndarray:
        """An array that shares the memory of `x`, an object with ``__dlpack__``."""
        source = BFloatAsUint(x)
        array = np.from_dlpack(source)
        return self.from_numpy(self.view_dtype(array, dtypes.bfloat16) if source.changed else array)

    def owns_memory(self, x: np.ndarray) -> bool:
        return x.base is None

    def strides(self, x: np.ndarray) -> tuple[int, ...]:
        if not x.size:  # NumPy's are 0
            return contiguous_strides(x.shape)
        itemsize = x.itemsize
        return tuple([step // itemsize for step in x.strides])

    def data_ptr(self, x: np.ndarray) -> int:
        return x.__array_interface__["data"][0]

    def array(self, data: Any, dtype: dtypes.dtype) -> np.ndarray:
        """Negative numbers wrap around in unsigned dtypes.

        Raises: RuntimeError (as PyTorch) for a number that does not fit.
        """
        try:
            with np.errstate(all="ignore"):  # not `local.run`: objects in `data` may call back
                return np.array(data, NUMPY_DTYPES[dtype])
        except (OverflowError, ValueError):
            return _wrapped(data, dtype)

    def empty(self, shape: Sequence[int], dtype: dtypes.dtype) -> np.ndarray:
        return np.empty(shape, NUMPY_DTYPES[dtype])

    def full(self, shape: Sequence[int], value: complex, dtype: dtypes.dtype) -> np.ndarray:
        if isinstance(value, int) and not value:  # not 0.0, which may be -0.0
            return np.zeros(shape, NUMPY_DTYPES[dtype])
        out = np.empty(shape, NUMPY_DTYPES[dtype])
        try:
            local.run(out.fill, value)
        except (OverflowError, ValueError):
            out[...] = _wrapped(value, dtype)
        return out

    def arange(self, start: float, stop: float, step: float, dtype: dtypes.dtype) -> np.ndarray:
        if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
            points = np.arange(start, stop, step)
        else:  # rounds each element once: np.arange accumulates a rounded step
            points = np.arange(math.ceil((stop - start) / step)) * step + start
        return local.run(points.astype, NUMPY_DTYPES[dtype], copy=False)

    def linspace(self, start: Any, stop: Any, steps: int, dtype: dtypes.dtype) -> np.ndarray:
        if dtype.category == dtypes.INTEGER:
            start, stop = int(start), int(stop)
        if dtype is dtypes.float32:
            start, stop = np.float32(start), np.float32(stop)
        points = local.run(_evenly, start, stop, steps)
        return local.run(points.astype, NUMPY_DTYPES[dtype])

    def eye(self, n: int, m: int, dtype: dtypes.dtype) -> np.ndarray:
        return np.eye(n, m, dtype=NUMPY_DTYPES[dtype])

    def astype(self, x: np.ndarray, dtype: dtypes.dtype) -> np.ndarray:
        if dtype.category < dtypes.COMPLEX and x.dtype.kind == "c" and dtype is not dtypes.bool_:
            x = x.real  # NumPy would warn
        return local.run(x.astype, NUMPY_DTYPES[dtype])

    def copyto(self, dst: np.ndarray, src: Any) -> None:
        if getattr(src, "dtype", dst.dtype) != dst.dtype:
            src = self.astype(src, dtypes.of(dst))
        dst[...] = src

    def view_dtype(self, x: np.ndarray, dtype: dtypes.dtype) -> np.ndarray:
        return x.view(NUMPY_DTYPES[dtype])


def _evenly(start: Any, stop: Any, steps: int) -> np.ndarray:
    """`steps` numbers from `start` to `stop`; float32 is exact but for the step, as in PyTorch."""
    step = (stop - start) / max(steps - 1, 1)
    if isinstance(step, np.float32):
        start, stop, step = float(start), float(stop), float(step)
    i = np.arange(steps)
    # Counts from the nearer end, so that both ends are exact and the sequence is symmetric.
    first_half = i < max(steps // 2, 1)
    return np.where(first_half, start + step * i, stop - step * (steps - 1 - i))


def _is_bfloat16(kind: np.dtype) -> bool:
    """Whether it is ml_dtypes' bfloat16, which the program may have imported itself."""
    return kind.name == "bfloat16" and kind == NUMPY_DTYPES[dtypes.bfloat16]


def _check_strides(array: np.ndarray) -> None:
    if any(step < 0 for step in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    if any(step % array.itemsize for step in array.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. "
            "Copy the numpy array to reallocate the memory."
        )


def _wrapped(data: Any, dtype: dtypes.dtype) -> np.ndarray:
    """Numbers wrapped to the range of an unsigned dtype.

    Raises: RuntimeError for a number above the range; ValueError (as PyTorch) for ragged lists.
    """
    numbers = np.array(data, object)
    lengths = [len(n) for n in numbers.flat if isinstance(n, list)]
    if lengths:
        other = next((n for n in lengths if n != lengths[0]), 0)
        raise ValueError(
            f"expected sequence of length {lengths[0]} at dim {numbers.ndim} (got {other})"
        )
    size = 2 ** (8 * dtype.itemsize)
    if dtype.is_signed or not all(-size < n < size for n in numbers.flat):
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    wrapped = [int(n) % size for n in numbers.flat]
    return np.array(wrapped, NUMPY_DTYPES[dtype]).reshape(numbers.shape)
