"""Arithmetic on shapes and dimensions, with PyTorch's error messages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any


class Size(tuple):
    """The shape of a tensor: a tuple of ints that prints like PyTorch's."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __reduce__(self) -> tuple:
        return Size, (tuple(self),)


def broadcast_shapes(*shapes: Sequence[int] | int) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to; an int stands for a one-dimensional shape.

    Raises: RuntimeError (as PyTorch), naming the two sizes and the dimension.
    """
    result: tuple[int, ...] = ()
    for shape in shapes:
        result = _broadcast_two(result, (shape,) if isinstance(shape, int) else tuple(shape))
    return result


def _broadcast_two(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    if a == b:
        return a
    ndim = max(len(a), len(b))
    out = []
    for i in range(ndim):
        x = a[i - ndim + len(a)] if i - ndim + len(a) >= 0 else 1
        y = b[i - ndim + len(b)] if i - ndim + len(b) >= 0 else 1
        if x != y and x != 1 and y != 1:
            raise RuntimeError(
                f"The size of tensor a ({x}) must match the size of tensor b ({y}) "
                f"at non-singleton dimension {i}"
            )
        out.append(y if x == 1 else x)
    return tuple(out)


def normalize_dim(dim: int, ndim: int) -> int:
    """`dim` counted from the front; a 0-d tensor has the dimensions 0 and -1.

    Raises: IndexError (as PyTorch) if there is no such dimension.
    """
    bound = ndim or 1
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], "
            f"but got {dim})"
        )
    return dim % bound


def normalize_dims(dim: int | Iterable[int] | None, ndim: int) -> tuple[int, ...]:
    """`dim` as a tuple of dimensions counted from the front; None or () means all of them."""
    if dim is None:
        return tuple(range(ndim))
    dims = (dim,) if isinstance(dim, int) or not isinstance(dim, Iterable) else tuple(dim)
    if not dims:
        return tuple(range(ndim))
    result = tuple(normalize_dim(d, ndim) for d in dims)
    if len(set(result)) != len(result):
        repeated = next(d for d in result if result.count(d) > 1)
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
    return result if ndim else ()


def infer_size(shape: Sequence[int], numel: int) -> tuple[int, ...]:
    """`shape` with its one -1 replaced, for `numel` elements.

    Raises: RuntimeError (as PyTorch) if no size fits.
    """
    shape = tuple(shape)
    known = 1
    for size in shape:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size}")
        known *= size if size != -1 else 1
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if -1 in shape:
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of {numel} elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        if numel % known == 0:
            return tuple(numel // known if size == -1 else size for size in shape)
    elif known == numel:
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides, in elements, of a row-major array of `shape`."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def view_strides(
    shape: Sequence[int], strides: Sequence[int], new: Sequence[int]
) -> tuple[int, ...] | None:
    """Strides (in elements) that view memory of `shape` and `strides` as shape `new`.

    None if that requires a copy. Both shapes have the same number of elements.
    """
    if 0 in shape:
        return contiguous_strides(new)
    runs = _memory_runs(shape, strides)
    result: list[int] = []
    sizes = list(new)
    for run_size, run_stride in reversed(runs):
        filled = 1
        while sizes and (filled < run_size or sizes[-1] == 1):
            result.append(filled * run_stride)
            filled *= sizes.pop()
        if filled != run_size:
            return None
    result += [1] * len(sizes)
    return tuple(reversed(result))


def _memory_runs(shape: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring dimensions merged where they are evenly spaced: (size, inner stride)."""
    runs: list[tuple[int, int]] = []
    for size, stride in zip(shape, strides):
        if size == 1:
            continue
        if runs and runs[-1][1] == size * stride:
            runs[-1] = (runs[-1][0] * size, stride)
        else:
            runs.append((size, stride))
    return runs or [(1, 1)]


def reduced_shape(shape: Sequence[int], axis: Any, keepdims: bool = True) -> tuple[int, ...]:
    """`shape` with size 1 in the reduced axes (None: all), or without them."""
    axes = _axes(shape, axis)
    sizes = (1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes)
    return tuple(sizes)


def reduced_count(shape: Sequence[int], axis: Any) -> int:
    """How many elements are reduced to one."""
    return math.prod(shape[a] for a in _axes(shape, axis))


def _axes(shape: Sequence[int], axis: Any) -> Sequence[int]:
    return range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
