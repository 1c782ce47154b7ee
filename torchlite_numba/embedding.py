"""The gradient of an embedding: the rows of a repeated index add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba.kernel import I64, REALS, Real, kernel, row_of

Array = Any
_I64 = np.dtype(np.int64)


@kernel
def _add_rows(rows: Real, index: I64, out: Real, lo: int, hi: int, width: int) -> None:
    for i in range(lo, hi):
        place = index[i] if index[i] >= 0 else index[i] + out.size // width
        row, source = row_of(out, place, width), row_of(rows, i, width)
        for j in range(width):
            row[j] += source[j]


class Embedding(NumpyBackend):
    """float32 and float64."""

    def embedding_backward(self, g: Array, index: Array, count: int) -> Array:
        """Rows of g (*, D), added in order to the rows at index (*) -> (count, D)."""
        if g.dtype not in REALS or index.dtype != _I64 or not g.size:
            return super().embedding_backward(g, index, count)
        out = np.zeros((count, g.shape[-1]), g.dtype)
        _add_rows.launch(g, index, out, index.size, g.shape[-1])
        return out
