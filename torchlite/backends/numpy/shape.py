"""Shapes: views where memory layout allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib import stride_tricks

from torchlite.core.shapes import infer_size, view_strides


class Shapes:
    """Views are writable if the array is; some of NumPy's functions return read-only ones."""

    concatenate = staticmethod(np.concatenate)
    stack = staticmethod(np.stack)

    def reshape(self, x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
        if x.flags.c_contiguous:
            return x.reshape(shape)
        shape = infer_size(shape, x.size)
        if view_strides(x.shape, [n // x.itemsize for n in x.strides], shape) is not None:
            return x.reshape(shape)
        out = np.empty(shape, x.dtype)  # NumPy would return a view of its copy
        out.reshape(x.shape)[...] = x
        return out

    def permute(self, x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
        return x.transpose(axes)

    def broadcast_to(self, x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
        x = np.asarray(x)
        new = len(shape) - x.ndim
        strides = [0] * new
        for old, size, step in zip(x.shape, shape[new:], x.strides):
            strides.append(step if old == size else 0)
        if x.flags.c_contiguous:  # several times faster than np.broadcast_to
            return np.ndarray(shape, x.dtype, x, 0, strides)
        return stride_tricks.as_strided(x, shape, strides)

    def getitem(self, x: np.ndarray, index: tuple) -> np.ndarray:
        view = x[index]
        # A full integer index would copy; an ellipsis makes the result a 0-d view.
        return view if isinstance(view, np.ndarray) else x[index + (...,)]

    def as_strided(
        self, x: np.ndarray, shape: Sequence[int], strides: Sequence[int], offset: int
    ) -> np.ndarray:
        """Can reach all memory of the array that x views, like PyTorch's storage.

        Raises: RuntimeError (as PyTorch) for elements outside it.
        """
        memory, itemsize = _memory(x), x.itemsize
        start = _address(x) - _address(memory) + offset * itemsize
        reach = sum((size - 1) * step for size, step in zip(shape, strides)) + 1
        if 0 in shape:  # touches nothing, wherever it starts
            start = reach = 0
        needed = start + reach * itemsize
        if start < 0 or needed > memory.nbytes:
            raise RuntimeError(
                f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset "
                f"{start // itemsize}, and itemsize {itemsize} requiring a storage size of "
                f"{needed} are out of bounds for storage of size {memory.nbytes}"
            )
        return np.ndarray(shape, x.dtype, memory, start, [step * itemsize for step in strides])

    def storage_offset(self, x: np.ndarray) -> int:
        return (_address(x) - _address(_memory(x))) // x.itemsize

    def diagonal(self, x: np.ndarray, offset: int, axis1: int, axis2: int) -> np.ndarray:
        view = x.diagonal(offset, axis1, axis2)
        view.setflags(write=x.flags.writeable)
        return view

    def flip(self, x: np.ndarray, axes: int | tuple[int, ...]) -> np.ndarray:
        return np.flip(x, axes).copy()

    def roll(self, x: np.ndarray, shifts: Sequence[int], axes: Sequence[int]) -> np.ndarray:
        return np.roll(x, shifts, axes)

    def tril(self, x: np.ndarray, diagonal: int) -> np.ndarray:
        return np.tril(x, diagonal)

    def triu(self, x: np.ndarray, diagonal: int) -> np.ndarray:
        return np.triu(x, diagonal)

    def pad(self, x: np.ndarray, widths: Sequence[tuple[int, int]], value: Any) -> np.ndarray:
        shape = [before + size + after for size, (before, after) in zip(x.shape, widths)]
        out = np.full(shape, value, x.dtype)
        out[tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths))] = x
        return out


def _address(x: np.ndarray) -> int:
    return x.__array_interface__["data"][0]


def _memory(x: np.ndarray) -> np.ndarray:
    """The array whose memory x views, in row-major order."""
    root = np.asarray(x)
    while isinstance(root.base, np.ndarray):
        root = root.base
    if root.flags.c_contiguous:
        return root
    return root.transpose(sorted(range(root.ndim), key=lambda axis: -root.strides[axis]))
