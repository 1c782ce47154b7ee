"""Splitting tensors into views along a dimension."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.errors import VIEW_OF_MANY_IN_PLACE
from torchlite.ops.core.family import operation
from torchlite.ops.core.methods import method
from torchlite.ops.indexing.brackets import getitem_view
from torchlite.ops.shape.slicing import sliced


@operation
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of all slices along `dim`, which is dropped."""
    shape = input._data.shape
    dim = normalize_dim(dim, len(shape))
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    lead = (slice(None),) * dim
    return _many([getitem_view(input, lead + (i,)) for i in range(shape[dim])])


def _many(views: list[Tensor]) -> tuple[Tensor, ...]:
    """The views of one tensor that an operation returns: recorded writes to them are refused."""
    for one in views:
        if one._view is not None and one._view.refusal is None:
            one._view.refusal = VIEW_OF_MANY_IN_PLACE
    return tuple(views)


@operation
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views along `dim` of size `split_size_or_sections` (the last smaller), or of these sizes."""
    shape = tensor._data.shape
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = normalize_dim(dim, len(shape))
    if not isinstance(split_size_or_sections, int):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    size, total = split_size_or_sections, shape[dim]
    if size < 0 or (not size and total):
        reason = f"split expects split_size be non-negative, but got split_size={size}"
        if not size:
            reason = "split_size can only be 0 if dimension size is 0, but got dimension size of "
            reason += str(total)
        raise RuntimeError(reason)
    starts = range(0, total, size) if total else (0,)
    return _many([sliced(tensor, dim, i, min(i + size, total)) for i in starts])


@operation
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of these sizes along `dim`; they must add up to its size."""
    dim = normalize_dim(dim, input._data.ndim)
    total, sizes = input._data.shape[dim], [int(size) for size in split_sizes]
    if min(sizes, default=0) < 0 or sum(sizes) != total:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size "
            f"at dimension {dim}), but got split_sizes={sizes}"
        )
    stops = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return _many([sliced(input, dim, stop - size, stop) for size, stop in zip(sizes, stops)])


@operation
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views along `dim`, of equal size except for the last."""
    if not input._data.shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    total = input._data.shape[normalize_dim(dim, input._data.ndim)]
    if not total:
        return split_with_sizes(input, [0] * chunks, dim)
    return split(input, -(-total // chunks), dim)


@operation
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views along `dim`: so many of nearly equal size, or split at these indices."""
    shape = input._data.shape
    if not shape:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    dim = normalize_dim(dim, len(shape))
    cuts = indices_or_sections
    if isinstance(cuts, Tensor):
        cuts = cuts.tolist()
    total = shape[dim]
    if isinstance(cuts, int):
        if cuts <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {cuts}")
        size, longer = divmod(total, cuts)
        cuts = [i * size + min(i, longer) for i in range(1, cuts)]
    bounds = [0, *(slice(None, cut).indices(total)[1] for cut in cuts), total]
    return tuple(sliced(input, dim, a, max(a, b)) for a, b in itertools.pairwise(bounds))


def _split_along(input: Tensor, cuts: Any, dim: int, name: str, least: int) -> tuple[Tensor, ...]:
    ndim = input._data.ndim
    if ndim < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension"
            f"{'s' if least > 1 else ''}, but got a tensor with {ndim} dimensions!"
        )
    if isinstance(cuts, int) and (cuts <= 0 or input._data.shape[dim] % cuts):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
            f"{input._data.shape[dim]} is not divisible by the split_size {cuts}!"
        )
    return tensor_split(input, cuts, dim)


@operation
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts along dimension 1 (0 for vectors)."""
    return _split_along(input, indices_or_sections, int(input._data.ndim > 1), "hsplit", 1)


@operation
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts along dimension 0."""
    return _split_along(input, indices_or_sections, 0, "vsplit", 2)


@operation
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts along dimension 2."""
    return _split_along(input, indices_or_sections, 2, "dsplit", 3)


@method(name="split")
def _split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    return split(self, split_size, dim)


_split_method.__doc__ = split.__doc__

__all__ = [
    "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit",
]  # fmt: skip
