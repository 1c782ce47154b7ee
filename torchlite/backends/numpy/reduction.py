"""Reductions, scans and sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy.quiet import local

_FLOAT32 = np.dtype(np.float32)


class Reductions:
    """`axis`: int, tuple or None (all) for reductions, int or None for argmax; else int."""

    def sum(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return _accumulated(np.add.reduce, x, axis, None, keepdims)

    def prod(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return _accumulated(np.multiply.reduce, x, axis, None, keepdims)

    def amax(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return local.run(np.maximum.reduce, x, axis, None, None, keepdims)

    def amin(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return local.run(np.minimum.reduce, x, axis, None, None, keepdims)

    def any(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return np.logical_or.reduce(x, axis, None, None, keepdims)

    def all(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return np.logical_and.reduce(x, axis, None, None, keepdims)

    def argmax(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return x.argmax(axis, keepdims=keepdims)

    def argmin(self, x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        return x.argmin(axis, keepdims=keepdims)

    def cumsum(self, x: np.ndarray, axis: int) -> np.ndarray:
        return _accumulated(np.add.accumulate, np.atleast_1d(x), axis).reshape(x.shape)

    def cumprod(self, x: np.ndarray, axis: int) -> np.ndarray:
        return _accumulated(np.multiply.accumulate, np.atleast_1d(x), axis).reshape(x.shape)

    def cummax(self, x: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
        return _running(np.maximum, x, axis)

    def cummin(self, x: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
        return _running(np.minimum, x, axis)

    def sort(self, x: np.ndarray, axis: int, descending: bool) -> tuple[np.ndarray, np.ndarray]:
        row = np.atleast_1d(x)
        if descending:  # reverse the ascending order of the reversed row: ties keep their order
            index = row.shape[axis] - 1 - np.flip(np.flip(row, axis).argsort(axis, "stable"), axis)
        else:
            index = row.argsort(axis, "stable")
        values = np.take_along_axis(row, index, axis)
        return values.reshape(x.shape), index.reshape(x.shape)

    def searchsorted(self, sequence: np.ndarray, values: Any, right: bool) -> Any:
        side: Any = "right" if right else "left"
        if sequence.ndim == 1:
            return sequence.searchsorted(values, side)
        out = np.empty(values.shape, np.int64)
        for row in np.ndindex(sequence.shape[:-1]):
            out[row] = sequence[row].searchsorted(values[row], side)
        return out

    def unique(self, x: np.ndarray, axis: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values, _, inverse, counts = np.unique(  # return_index makes its sort stable
            x, True, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
        )
        return values, inverse.reshape(x.shape if axis is None else -1), counts

    def nonzero(self, x: np.ndarray) -> np.ndarray:
        return np.argwhere(x)

    def bincount(self, x: np.ndarray, weights: np.ndarray | None, minlength: int) -> np.ndarray:
        """int64 counts; sums of weights in float64, or in float32 for float32 weights."""
        x = x.astype(np.int64, copy=False)
        counts = np.bincount(x, weights, minlength)
        return counts if weights is None or weights.dtype != _FLOAT32 else counts.astype(_FLOAT32)


def _accumulated(scan: Callable, x: np.ndarray, axis: Any, *rest: Any) -> Any:
    """``scan(x, axis)`` in x's dtype; NumPy would widen small integers."""
    dtype = x.dtype
    if dtype.char == "e":
        return local.run(local.run(scan, x, axis, _FLOAT32, *rest).astype, dtype)
    return local.run(scan, x, axis, dtype, *rest)


def _running(extreme: np.ufunc, x: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    row = np.atleast_1d(x)
    values = local.run(extreme.accumulate, row, axis)
    places = np.arange(row.shape[axis]).reshape([-1 if i == axis else 1 for i in range(row.ndim)])
    sets_it = (row == values) | (row != row)  # equal to the running extreme, or NaN
    index = np.maximum.accumulate(np.where(sets_it, places, 0), axis)
    return values.reshape(x.shape), index.reshape(x.shape)
