"""Reordering elements; triangles and diagonals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim, normalize_dims
from torchlite.core.tensor import Tensor
from torchlite.core.tensor import wrap as _wrap
from torchlite.ops.core.family import functional, operation, write_out
from torchlite.ops.core.methods import method
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.conversion import clone
from torchlite.ops.indexing.brackets import index_put
from torchlite.ops.indexing.masking import unravel_index
from torchlite.ops.shape import slicing
from torchlite.ops.shape.dimensions import movedim
from torchlite.ops.shape.reshaping import reshape, sizes_of, transpose

_ALL = slice(None)
_flip = declare("flip", x=lambda xp, g, axes: xp.flip(g, axes))
_roll = declare("roll", x=lambda xp, g, shifts, axes: xp.roll(g, tuple(-n for n in shifts), axes))
_tril = declare("tril", x=lambda xp, g, diagonal: xp.tril(g, diagonal))
_triu = declare("triu", x=lambda xp, g, diagonal: xp.triu(g, diagonal))


@operation
def flip(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """A copy with the order along `dims` reversed: ``flip(x, 0, 1)`` or ``flip(x, (0, 1))``."""
    dims = sizes_of(args) if dims is None else tuple(dims)
    if not dims or not input._data.ndim:
        normalize_dims(dims, input._data.ndim)
        return clone(input)
    axes = normalize_dims(dims, input._data.ndim)
    return run(_flip, (input, axes), (input._data, axes))


@operation
def fliplr(input: Tensor) -> Tensor:
    """A copy with the columns in reverse order."""
    if input._data.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


@operation
def flipud(input: Tensor) -> Tensor:
    """A copy with the rows in reverse order."""
    if input._data.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


@operation
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements shifted circularly along `dims`; in the flattened tensor if `dims` is not given."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        return reshape(roll(reshape(input, -1), shifts, 0), input._data.shape)
    if len(shifts) != len(dims):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    axes = tuple(normalize_dim(d, input._data.ndim) for d in dims)
    if not input._data.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return run(_roll, (input, shifts, axes), (input._data, shifts, axes))


@operation
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """A copy rotated by `k` quarter turns in the plane of `dims`, from the first to the second."""
    ndim = input._data.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    a, b = (normalize_dim(d, ndim) for d in dims)
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    k %= 4
    if k == 2:
        return flip(input, a, b)
    if k == 0:
        return clone(input)
    return transpose(flip(input, b if k == 1 else a), a, b)


def _triangle(primitive: Any, input: Tensor, diagonal: int, out: Tensor | None) -> Tensor:
    if input._data.ndim < 2:
        raise RuntimeError(f"{primitive.name}: input tensor must have at least 2 dimensions")
    result = run(primitive, (input, diagonal), (input._data, diagonal))
    return result if out is None else write_out(primitive.name, out, result)


@operation(in_place=True)
def tril(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The matrices in `input` with zeros above the diagonal."""
    return _triangle(_tril, input, diagonal, out)


@operation(in_place=True)
def triu(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The matrices in `input` with zeros below the diagonal."""
    return _triangle(_triu, input, diagonal, out)


def _triangle_indices(cut: Any, row: int, col: int, offset: int, kind: dtypes.dtype) -> Tensor:
    if row < 0 or col < 0:
        label, size = ("row", row) if row < 0 else ("col", col)
        raise RuntimeError(f"{label} must be non-negative, got {size}")
    xp = local.mode.xp
    places = xp.nonzero(cut(xp, xp.full((row, col), True, dtypes.bool_), offset))
    return cast(_wrap(xp.copy(xp.permute(places, (1, 0)))), kind)


@functional
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype = dtypes.int64,
                 device: Any = None, layout: Any = None) -> Tensor:  # fmt: skip
    """The indices (2, count) of the lower triangle of a (row, col) matrix, row by row."""
    return _triangle_indices(lambda xp, x, k: xp.tril(x, k), row, col, offset, dtype)


@functional
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype = dtypes.int64,
                 device: Any = None, layout: Any = None) -> Tensor:  # fmt: skip
    """The indices (2, count) of the upper triangle of a (row, col) matrix, row by row."""
    return _triangle_indices(lambda xp, x, k: xp.triu(x, k), row, col, offset, dtype)


@operation
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix."""
    if input._data.ndim != 2:
        raise RuntimeError("trace: expected a matrix")
    return slicing.diagonal(input).sum()


@operation
def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """A matrix with a vector on its diagonal, or a copy of the diagonal of a matrix."""
    ndim = input._data.ndim
    if ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    result = diag_embed(input, diagonal) if ndim == 1 else clone(slicing.diagonal(input, diagonal))
    return result if out is None else write_out("diag", out, result)


@operation
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Zeros with the last dimension of `input` on the diagonal of new dimensions `dim1`, `dim2`."""
    ndim = input._data.ndim + 1
    a, b = normalize_dim(dim1, ndim), normalize_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    xp, length = local.mode.xp, input._data.shape[-1]
    size = length + abs(offset)
    rows = xp.arange(max(-offset, 0), max(-offset, 0) + length, 1, dtypes.int64)
    columns = xp.add(rows, offset)
    zeros = _wrap(xp.full((*input._data.shape[:-1], size, size), 0, input.dtype))
    result = index_put(zeros, (_ALL,) * (ndim - 2) + (rows, columns), input, False)
    return result if (a, b) == (ndim - 2, ndim - 1) else movedim(result, (-2, -1), (a, b))


@operation
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements of `input` on its diagonal."""
    return diag_embed(reshape(input, -1), offset)


@functional
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The matrix whose columns are the powers of a vector, descending unless `increasing`."""
    if x._data.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x._data.size if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    kind = x.dtype if x.dtype.category >= dtypes.FLOAT else dtypes.int64
    powers = _wrap(local.mode.xp.arange(0, count, 1, dtypes.int64))
    table = cast(x, kind).reshape(-1, 1) ** powers
    return table if increasing else flip(table, 1)


@method()
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Fill the main diagonal in place; if `wrap`, it starts over in the rows of a tall matrix.

    Raises: RuntimeError for fewer than 2 dimensions, or more than 2 of different sizes.
    """
    shape = self._data.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(math.prod(shape[d + 1 :]) for d in range(len(shape)))
    limit = math.prod(shape) if wrap else min(min(shape) * step, math.prod(shape))
    places = local.mode.xp.arange(0, limit, step, dtypes.int64)
    where = unravel_index(_wrap(places), shape)
    self[where] = fill_value
    return self


@method(name="__reversed__")
def _reversed(self: Tensor) -> Tensor:
    """``reversed(x)``: a copy with the first dimension in reverse order."""
    return flip(self, 0) if self._data.ndim else self


__all__ = [
    "diag", "diag_embed", "diagflat", "flip", "fliplr", "flipud", "roll", "rot90", "tril",
    "trace", "tril_indices", "triu", "triu_indices", "vander",
]  # fmt: skip
