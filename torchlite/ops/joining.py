"""Tensors put together: along a dimension, repeated, or combined with each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, refresh, wrap
from torchlite.backends.registry import local
from torchlite.graph import Node
from torchlite.ops.conversion import clone
from torchlite.ops.family import functional, operation, write_out
from torchlite.ops.gather import check_apart, index_select
from torchlite.ops.op import Recorded, declare
from torchlite.ops.promotion import cast, result_type
from torchlite.ops.shape import expand, reshape, sizes_of, unsqueeze
from torchlite.ops.views import atleast_1d, atleast_2d, atleast_3d
from torchlite.shapes import normalize_dim

_ALL = slice(None)
_pad = declare(
    "pad",
    "x widths value",
    x=lambda xp, g, x_shape, widths: xp.getitem(
        g, tuple(slice(before, before + n) for n, (before, _) in zip(x_shape, widths))
    ),
)


class Joined(Node):
    """The history of joined tensors: `parts` are the places of the operands in the result."""

    __slots__ = ("parts", "title")

    def __init__(self, tensors: Sequence[Tensor], parts: Sequence[tuple], title: str) -> None:
        kept = [(t, part) for t, part in zip(tensors, parts) if t._needs_grad]
        super().__init__([t if t._node is None else t._node for t, _ in kept])
        self.parts, self.title = [part for _, part in kept], title

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        return [xp.getitem(g, part) for part in self.parts]

    def name(self) -> str:
        return f"{self.title}Backward0"


def _concatenate(tensors: Sequence[Tensor], axis: int) -> Tensor:
    return _joined("concatenate", "Cat", tensors, axis, _slices)


def _stack(tensors: Sequence[Tensor], axis: int) -> Tensor:
    return _joined("stack", "Stack", tensors, axis, _rows)


def _joined(name: str, title: str, tensors: Sequence[Tensor], axis: int, parts: Callable) -> Tensor:
    mode = local.mode
    out = wrap(getattr(mode.xp, name)([t._data for t in tensors], axis))
    if mode.grad:
        for t in tensors:
            refresh(t)
        if any(t._needs_grad for t in tensors):
            out._node, out._needs_grad = Joined(tensors, parts(tensors, axis), title), True
    return out


def _slices(tensors: Sequence[Tensor], axis: int) -> list[tuple]:
    stops = list(itertools.accumulate(t._data.shape[axis] for t in tensors))
    return [(_ALL,) * axis + (slice(a, b),) for a, b in zip([0, *stops], stops)]


def _rows(tensors: Sequence[Tensor], axis: int) -> list[tuple]:
    return [(_ALL,) * axis + (i,) for i in range(len(tensors))]


Recorded.concatenate = staticmethod(_concatenate)  # type: ignore[method-assign]
Recorded.stack = staticmethod(_stack)  # type: ignore[method-assign]


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
    """The tensors joined along `dim`; their other sizes are equal, their dtypes promote.

    Empty tensors of one dimension are skipped, as in PyTorch.
    Raises: RuntimeError for other sizes, or no tensors.
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
    """Tensors of one shape joined along a new dimension `dim`."""
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
    """Tensors joined along dimension 1 (0 of vectors)."""
    rows = [atleast_1d(t) for t in _checked("hstack", tensors)]
    return cat(rows, 0 if rows[0]._data.ndim == 1 else 1, out=out)


@functional
def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors, vectors taken for rows, joined along dimension 0."""
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
    """Tensors, vectors taken for columns, joined along dimension 1."""
    tensors = _checked("column_stack", tensors)
    return cat([reshape(t, -1, 1) if t._data.ndim < 2 else t for t in tensors], 1, out=out)


@functional
def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given matrices on its diagonal; vectors are rows."""
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


# --- repeated -----------------------------------------------------------------------------------


def repeat(self: Tensor, *args: Any, repeats: Any = None) -> Tensor:
    """The tensor copied so often along each dimension; new dimensions go in front."""
    times, shape = sizes_of(args) if repeats is None else tuple(repeats), self._data.shape
    if len(times) < len(shape):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    if any(n < 0 for n in times):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(times)}")
    shape = (1,) * (len(times) - len(shape)) + tuple(shape)
    apart = [size for n in shape for size in (1, n)]
    spread = [size for pair in zip(times, shape) for size in pair]
    result = expand(reshape(self, apart), *spread)
    result = reshape(result, [n * size for n, size in zip(times, shape)])
    return clone(result) if result._is_view() else result


@operation
def tile(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """`repeat` that takes missing counts in front for 1."""
    times = sizes_of(args) if dims is None else tuple(dims)
    return repeat(input, (1,) * (input._data.ndim - len(times)) + tuple(times))


@operation
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *,
                      output_size: int | None = None) -> Tensor:  # fmt: skip
    """Each element (along `dim`; of the flat input by default) `repeats` times in a row.

    With one integer tensor alone: the place of each count, as often as it says.
    """
    if repeats is None:
        return _counted(input)
    if dim is None:
        input, dim = reshape(input, -1), 0
    dim, shape = normalize_dim(dim, input._data.ndim), input._data.shape
    if isinstance(repeats, Tensor) and repeats._data.size != 1:
        if repeats._data.ndim != 1 or repeats._data.size != shape[dim]:
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{repeats._data.size} and input.size({dim}) = {shape[dim]}"
            )
        return index_select(input, dim, _counted(repeats))
    times = int(repeats)
    if times < 0:
        raise RuntimeError("repeats can not be negative")
    spread = expand(unsqueeze(input, dim + 1), *shape[: dim + 1], times, *shape[dim + 1 :])
    return reshape(spread, *shape[:dim], shape[dim] * times, *shape[dim + 1 :])


def _counted(repeats: Tensor) -> Tensor:
    """``[0] * repeats[0] + [1] * repeats[1] + ...``."""
    if repeats._data.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if repeats.dtype not in (dtypes.int32, dtypes.int64):
        raise RuntimeError("repeats has to be Long or Int tensor")
    counts = repeats.tolist()
    if any(n < 0 for n in counts):
        raise RuntimeError("repeats can not be negative")
    xp = local.mode.xp
    ends = xp.array(list(itertools.accumulate(counts)), dtypes.int64)
    places = xp.arange(0, sum(counts), 1, dtypes.int64)
    return cast(wrap(xp.searchsorted(ends, places, True)), repeats.dtype)


# --- combined -----------------------------------------------------------------------------------


@functional
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Vectors expanded to a grid: result i varies along dimension i.

    indexing: "ij" (default), or "xy" to exchange the first two dimensions, as plots have them.
    """
    vectors = sizes_of(tensors)
    if not vectors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            'torch.meshgrid: indexing must be one of "xy" or "ij", but received: ' + str(indexing)
        )
    for v in vectors:
        if v._data.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{list(v.shape)}"
            )
    if any(v._data.dtype != vectors[0]._data.dtype for v in vectors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(vectors) > 1
    vectors = (vectors[1], vectors[0], *vectors[2:]) if swap else vectors
    shape = [v._data.size for v in vectors]
    ones = [1] * len(shape)
    grids = [expand(reshape(v, [*ones[:i], -1, *ones[i + 1 :]]), *shape)
             for i, v in enumerate(vectors)]  # fmt: skip
    if swap:
        grids[:2] = reversed(grids[:2])
    return tuple(grids)


@functional
def cartesian_prod(*tensors: Any) -> Tensor:
    """All choices of one element of each vector, as rows; a single vector stays as it is."""
    vectors = sizes_of(tensors)
    for v in vectors:
        if v._data.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(v.shape)}")
    if len(vectors) == 1:
        return vectors[0]
    return _stack([reshape(grid, -1) for grid in meshgrid(*vectors, indexing="ij")], 1)


@operation
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of `r` elements of a vector, in order, as rows."""
    if input._data.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input._data.size), r))
    places = wrap(local.mode.xp.array([i for row in rows for i in row], dtypes.int64))
    picked = index_select(input, 0, places)
    return reshape(picked, len(rows), r) if r else picked


METHODS = {"repeat": repeat}

__all__ = [
    "block_diag", "cartesian_prod", "cat", "column_stack", "combinations", "concat",
    "concatenate", "dstack", "hstack", "meshgrid", "repeat_interleave", "row_stack", "stack",
    "tile", "vstack",
]  # fmt: skip
