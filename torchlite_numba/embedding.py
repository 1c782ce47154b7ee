"""The gradient of an embedding: rows that add up where an index repeats."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba.codegen import jit

Array = Any
_FLOATS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))


@jit(nogil=True)
def _add_rows(out, index, rows):
    for i in range(index.size):
        row, source = out[index[i]], rows[i]
        for j in range(source.size):
            row[j] += source[j]


class Embedding(NumpyBackend):
    """float32 and float64."""

    def embedding_backward(self, g: Array, index: Array, count: int) -> Array:
        """Rows of g (*, D) added up, in order, at index (*) -> (count, D)."""
        if g.dtype not in _FLOATS or not g.size:
            return super().embedding_backward(g, index, count)
        out = np.zeros((count, g.shape[-1]), g.dtype)
        _add_rows(out, index.ravel(), np.ascontiguousarray(g).reshape(-1, g.shape[-1]))
        return out
