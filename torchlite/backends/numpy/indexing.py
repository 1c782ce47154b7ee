"""Indexing with int64 arrays, whose elements are all in range."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlite import dtypes
from torchlite.backends.numpy.creation import NUMPY_DTYPES
from torchlite.backends.numpy.quiet import quiet

_add_at = quiet(np.add.at)
_multiply_at = quiet(np.multiply.at)


class Indexing:
    """Mixin of `NumpyBackend`; the scatter family writes to a copy of `x`."""

    def getitem_backward(
        self, g: np.ndarray, shape: tuple, dtype: dtypes.dtype, index: tuple
    ) -> np.ndarray:
        out = np.zeros(shape, NUMPY_DTYPES[dtype])
        out[index] = g
        return out

    def take(self, x: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
        return x.take(index, axis)

    def gather(self, x: np.ndarray, index: np.ndarray, axis: int) -> Any:
        return x[_places(index, axis)]

    def scatter(self, x: np.ndarray, index: np.ndarray, source: Any, axis: int) -> np.ndarray:
        out = x.copy()
        out[_places(index, axis)] = _corner(source, index.shape)
        return out

    def scatter_add(self, x: np.ndarray, index: np.ndarray, source: Any, axis: int) -> np.ndarray:
        out = x.copy()
        _add_at(out, _places(index, axis), _corner(source, index.shape))
        return out

    def scatter_reduce(self, x: np.ndarray, index: np.ndarray, source: Any, axis: int, reduce: str,
                       include_self: bool) -> np.ndarray:  # fmt: skip
        out, places, source = x.copy(), _places(index, axis), _corner(source, index.shape)
        if not include_self:  # the initial value of the reduction
            out[places] = {"sum": 0, "mean": 0, "prod": 1}.get(reduce, source)
        _REDUCE_AT[reduce](out, places, source)
        return _divided(out, places, include_self) if reduce == "mean" else out

    def index_get(self, x: np.ndarray, index: tuple) -> Any:
        return x[index]

    def index_put(self, x: np.ndarray, index: tuple, value: Any, accumulate: bool) -> np.ndarray:
        out = x.copy()
        if accumulate:
            _add_at(out, index, value)
        else:
            out[index] = value
        return out


_REDUCE_AT = {
    "sum": _add_at,
    "mean": _add_at,
    "prod": _multiply_at,
    "amax": quiet(np.maximum.at),
    "amin": quiet(np.minimum.at),
}


def _places(index: np.ndarray, axis: int) -> tuple:
    """The index tuple for ``[i][index[i][j]]`` (axis 1), for all i and j of `index`."""
    ndim = index.ndim
    grid: list = [
        np.arange(size).reshape((-1,) + (1,) * (ndim - 1 - i)) for i, size in enumerate(index.shape)
    ]
    grid[axis : axis + 1] = [index] if ndim else []
    return tuple(grid)


def _corner(source: Any, shape: tuple[int, ...]) -> Any:
    """The part of `source` that an index of `shape` reads."""
    return source[tuple(map(slice, shape))] if getattr(source, "shape", ()) else source


def _divided(sums: np.ndarray, places: tuple, include_self: bool) -> np.ndarray:
    """Each of `sums` divided by the number of its terms; integers round down."""
    counts = np.full(sums.shape, int(include_self))
    np.add.at(counts, places, 1)
    counts = np.maximum(counts, 1)
    quotient = sums // counts if sums.dtype.kind in "iu" else sums / counts
    return quotient.astype(sums.dtype)
