"""Joining tensors along a dimension."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional, write_out
from torchlite.ops.core.op import Joint, declare
from torchlite.ops.core.promotion import cast, result_type
from torchlite.ops.indexing.gather import check_apart
from torchlite.ops.shape.dimensions import atleast_1d, atleast_2d, atleast_3d
from torchlite.ops.shape.reshaping import reshape, sizes_of

_ALL = slice(None)
_pad = declare(
    "pad",
    x=lambda xp, g, x_shape, widths: xp.getitem(
        g, tuple(slice(before, before + n) for n, (before, _) in zip(x_shape, widths))
    ),
)


def _slices(arrays: Sequence[Any], axis: int) -> list[tuple]:
    stops = list(itertools.accumulate(x.shape[axis] for x in arrays))
    return [(_ALL,) * axis + (slice(a, b),) for a, b in zip([0, *stops], stops)]


def _rows(arrays: Sequence[Any], axis: int) -> list[tuple]:
    return [(_ALL,) * axis + (i,) for i in range(len(arrays))]


_concatenate = Joint("concatenate", "Cat", _slices)
_stack = Joint("stack", "Stack", _rows)


def _checked(name: str, tensors: Any) -> tuple:
    """The tensors as a tuple, in the dtype that they promote to."""
    if isinstance(tensors, Tensor):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor"
        )
    tensors = tuple(tensors)
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}"
            )
    if not tensors:
        if name == "cat":
            raise ValueError("torch.cat(): expected a non-empty list of Tensors")
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    first = tensors[0]._data.dtype
    if all(t._data.dtype == first for t in tensors):
        return tensors
    kind = result_type(*tensors)
    return tuple(cast(t, kind) for t in tensors)


@functional
def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors joined along `dim`; their other sizes must match, dtypes are promoted.

    Empty one-dimensional tensors are skipped, as in PyTorch.
    Raises: RuntimeError if sizes do not match; ValueError if there are no tensors.
    """
    tensors = _checked("cat", tensors)
    kept = [t for t in tensors if t._data.shape != (0,)] or tensors[:1]
    shape = kept[0]._data.shape
    if not all(t._data.shape for t in tensors):
        i = next(i for i, t in enumerate(tensors) if not t._data.shape)
        raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    dim = normalize_dim(dim, len(shape))
    for i, t in enumerate(kept):
        _check_sizes(shape, t._data.shape, dim, i)
    result = _concatenate(kept, dim)
    if out is None:
        return result
    check_apart(out, *tensors)
    return write_out("cat", out, result)


def _check_sizes(shape: tuple, other: tuple, dim: int, i: int) -> None:
    if shape == other:
        return
    if len(shape) != len(other):
        raise RuntimeError(
            f"Tensors must have same number of dimensions: got {len(shape)} and {len(other)}"
        )
    for d, (size, got) in enumerate(zip(shape, other)):
        if size != got and d != dim:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {dim}. Expected size {size} but "
                f"got size {got} for tensor number {i} in the list."
            )


@functional
def concat(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """`cat` under another name."""
    return cat(tensors, dim, out=out)


@functional
def concatenate(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """`cat` under NumPy's name."""
    return cat(tensors, dim, out=out)


@functional
def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors of the same shape joined along a new dimension `dim`."""
    tensors = _checked("stack", tensors)
    shape = tensors[0]._data.shape
    dim = normalize_dim(dim, len(shape) + 1)
    for i, t in enumerate(tensors):
        if t._data.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 "
                f"and {list(t.shape)} at entry {i}"
            )
    result = _stack(tensors, dim)
    return result if out is None else write_out("stack", out, result)


@functional
def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors joined along dimension 1 (0 for vectors)."""
    rows = [atleast_1d(t) for t in _checked("hstack", tensors)]
    return cat(rows, 0 if rows[0]._data.ndim == 1 else 1, out=out)


@functional
def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors joined along dimension 0; vectors are treated as rows."""
    return cat([atleast_2d(t) for t in _checked("vstack", tensors)], 0, out=out)


@functional
def row_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """`vstack` under another name."""
    return vstack(tensors, out=out)


@functional
def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors joined along dimension 2."""
    return cat([atleast_3d(t) for t in _checked("dstack", tensors)], 2, out=out)


@functional
def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors joined along dimension 1; vectors are treated as columns."""
    tensors = _checked("column_stack", tensors)
    return cat([reshape(t, -1, 1) if t._data.ndim < 2 else t for t in tensors], 1, out=out)


@functional
def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given matrices on its diagonal; vectors are treated as rows."""
    blocks = [atleast_2d(t) for t in sizes_of(tensors)]
    for i, block in enumerate(blocks):
        if block._data.ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{i} has {block._data.ndim} dimensions"
            )
    kind = result_type(*blocks)
    width, left, rows = sum(b._data.shape[1] for b in blocks), 0, []
    for block in blocks:
        n = block._data.shape[1]
        rows.append(_pad(cast(block, kind), ((0, 0), (left, width - left - n)), 0))
        left += n
    return _concatenate(rows, 0)


__all__ = [
    "block_diag", "cat", "column_stack", "concat", "concatenate", "dstack", "hstack", "row_stack",
    "stack", "vstack",
]  # fmt: skip
