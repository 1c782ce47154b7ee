"""Parts of tensors along dimensions: views, and copies of a tensor with one part replaced."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, wrap
from torchlite.backends.registry import local
from torchlite.errors import VIEW_OF_MANY_IN_PLACE
from torchlite.ops.conversion import clone, is_contiguous
from torchlite.ops.family import operation
from torchlite.ops.indexing import getitem_view, index_put
from torchlite.ops.op import declare, run
from torchlite.ops.promotion import cast
from torchlite.ops.shape import permute, reshape
from torchlite.shapes import normalize_dim

_ALL = slice(None)


def _places(shape: tuple, view: Callable) -> Any:
    """The flat places in a row-major array of `shape` that ``view(xp, array)`` shows."""
    xp, count = local.mode.xp, 1
    for size in shape:
        count *= size
    places = view(xp, xp.reshape(xp.arange(0, count, 1, dtypes.int64), shape))
    return xp.reshape(xp.asarray(places), (-1,))


def _spread(xp: Any, g: Any, shape: tuple, dtype: dtypes.dtype, view: Callable) -> Any:
    """Zeros of `shape` to which `g` is added where ``view(xp, array)`` shows them."""
    count = 1
    for size in shape:
        count *= size
    zeros, places = xp.full((count,), 0, dtype), _places(shape, view)
    return xp.reshape(xp.index_put(zeros, (places,), xp.reshape(g, (-1,)), True), shape)


_diagonal = declare(
    "diagonal",
    "x offset axis1 axis2",
    view=True,
    x=lambda xp, g, x_shape, x_dtype, offset, axis1, axis2: _spread(
        xp, g, x_shape, x_dtype, lambda p, x: p.diagonal(x, offset, axis1, axis2)
    ),
)
_strided_view = declare(
    "strided_view",
    "x shape strides offset",
    view=True,
    title="AsStrided",
    x=lambda xp, g, x_shape, x_dtype, shape, strides, offset: _spread(
        xp, g, x_shape, x_dtype, lambda p, x: p.as_strided(x, shape, strides, offset)
    ),
)


def sliced(input: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """The view ``input[..., start:stop]`` along `dim`, which are valid."""
    return getitem_view(input, (_ALL,) * dim + (slice(start, stop),))


@operation
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The view at `index` of dimension `dim`, which is dropped."""
    shape = input._data.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = normalize_dim(dim, len(shape))
    index = int(index)
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at "
            f"dimension {dim}"
        )
    return getitem_view(input, (_ALL,) * dim + (index,))


@operation
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """The view of `length` elements of dimension `dim` from `start` on."""
    shape = input._data.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start._data.ndim or start.dtype.category != dtypes.INTEGER):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    dim, start = normalize_dim(dim, len(shape)), int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -shape[dim] <= start <= shape[dim]:
        raise IndexError(
            f"start out of range (expected to be in range of [{-shape[dim]}, {shape[dim]}], "
            f"but got {start})"
        )
    start += shape[dim] if start < 0 else 0
    if start + length > shape[dim]:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({shape[dim]})."
        )
    return sliced(input, dim, start, start + length)


@operation
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The views along `dim`, one for each of its places."""
    shape = input._data.shape
    dim = normalize_dim(dim, len(shape))
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    lead = (_ALL,) * dim
    return _many([getitem_view(input, lead + (i,)) for i in range(shape[dim])])


def _many(views: list[Tensor]) -> tuple[Tensor, ...]:
    """The views of one tensor that an operation returns: a write to them is not recorded."""
    for one in views:
        if one._view is not None and one._view.refusal is None:
            one._view.refusal = VIEW_OF_MANY_IN_PLACE
    return tuple(views)


@operation
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of `split_size_or_sections` places along `dim`, the last shorter; or of those sizes."""
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
    """Views of these sizes along `dim`, which they must add up to."""
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
    """At most `chunks` views along `dim`, of equal size but for the last."""
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
    """Views along `dim`: as many as told and as equal as can be, or cut at these indices."""
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
    """`tensor_split` into equal parts along dimension 1 (0 of vectors)."""
    return _split_along(input, indices_or_sections, int(input._data.ndim > 1), "hsplit", 1)


@operation
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts along dimension 0."""
    return _split_along(input, indices_or_sections, 0, "vsplit", 2)


@operation
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts along dimension 2."""
    return _split_along(input, indices_or_sections, 2, "dsplit", 3)


@operation
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The view of the diagonal of two dimensions, which becomes the last dimension."""
    ndim = input._data.ndim
    a, b = normalize_dim(dim1, ndim), normalize_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return run(_diagonal, (input, offset, a, b), (input._data, offset, a, b))


@operation
def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int],
               storage_offset: int | None = None) -> Tensor:  # fmt: skip
    """A view of the memory of `input`: `size`, `stride` and `storage_offset` count elements.

    Raises: RuntimeError (as PyTorch) if it reaches out of that memory.
    """
    xp, size, stride = local.mode.xp, tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(stride)}"
        )
    if storage_offset is not None and storage_offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {storage_offset}")
    start = xp.storage_offset(input._data) if storage_offset is None else storage_offset
    reach = sum((n - 1) * step for n, step in zip(size, stride)) if 0 not in size else 0
    source, origin = _holder(input, start, start + reach)
    args = size, stride, start - origin
    return run(_strided_view, (source, *args), (source._data, *args))


def _holder(input: Tensor, first: int, last: int) -> tuple[Tensor, int]:
    """What holds, in row-major order, the elements `first` to `last` of the memory of `input`.

    `input`, or a permutation of it, or else the tensor that it is a view of; and where in the
    memory of `input` that begins.
    """
    xp, input = local.mode.xp, _row_major(input)
    start = xp.storage_offset(input._data)
    whole = is_contiguous(input) and start <= first and last < start + max(input._data.size, 1)
    if not whole and input._view is not None:
        input = _row_major(input._view.base)
        start = xp.storage_offset(input._data)
    return (input if is_contiguous(input) else _flat_memory(input)), start


def _flat_memory(input: Tensor) -> Tensor:
    """The memory of `input`, with its gaps, in one dimension; a copy where a gradient flows."""
    xp, steps, shape = local.mode.xp, local.mode.xp.strides(input._data), input._data.shape
    count = 1 + sum((n - 1) * step for n, step in zip(shape, steps))
    flat = wrap(xp.as_strided(input._data, (count,), (1,), 0))
    if not (local.mode.grad and input.requires_grad):
        flat._cell = input._shared_cell()
        return flat
    places = xp.as_strided(xp.arange(0, count, 1, dtypes.int64), shape, steps, 0)
    return index_put(flat, (xp.reshape(places, (-1,)),), reshape(input, -1), False)


def _row_major(tensor: Tensor) -> Tensor:
    """The dimensions of `tensor` in the order in which they lie in memory."""
    if is_contiguous(tensor):
        return tensor
    steps = local.mode.xp.strides(tensor._data)
    return permute(tensor, sorted(range(len(steps)), key=lambda d: -steps[d]))


def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """A view of windows of `size` places, `step` apart, along `dimension`; the window goes last."""
    shape = self._data.shape
    dim = normalize_dim(dimension, len(shape))
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    limit = shape[dim] if shape else 1
    if not 0 <= size <= limit:
        raise RuntimeError(
            f"maximum size for tensor at dimension {dim} is {limit} but size is {size}"
        )
    strides = list(local.mode.xp.strides(self._data)) or [1]
    if 0 in strides and local.mode.grad and self.requires_grad:
        return unfold(clone(self), dim, size, step)  # what shares memory has gradients of its own
    sizes = list(shape) or [1]
    sizes[dim] = (limit - size) // step + 1
    window = strides[dim]
    strides[dim] *= step
    if not shape:
        sizes, strides = [], []
    return as_strided(self, (*sizes, size), (*strides, window))


# --- one part replaced --------------------------------------------------------------------------


def _replaced(input: Tensor, src: Tensor, view: Callable, part: tuple) -> Tensor:
    """A copy of `input` with `src` where ``view(xp, array)`` shows it; `part` is its shape."""
    if src._data.shape != part:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = "
            f"{list(src.shape)}, slice size = {list(part)}"
        )
    places = _places(input._data.shape, view)
    flat = reshape(cast(src, input.dtype), -1)
    return reshape(index_put(reshape(input, -1), (places,), flat, False), input._data.shape)


@operation
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of `input` with `src` in place of ``select(dim, index)``."""
    part = select(input, dim, index)._data.shape
    where = (_ALL,) * normalize_dim(dim, input._data.ndim) + (index,)
    return _replaced(input, src, lambda xp, x: xp.getitem(x, where), part)


@operation
def slice_scatter(input: Tensor, src: Tensor, dim: int = 0, start: int | None = None,
                  end: int | None = None, step: int = 1) -> Tensor:  # fmt: skip
    """A copy of `input` with `src` in place of ``start:end:step`` along `dim`."""
    where = (_ALL,) * normalize_dim(dim, input._data.ndim) + (slice(start, end, step),)
    part = local.mode.xp.getitem(input._data, where).shape
    return _replaced(input, src, lambda xp, x: xp.getitem(x, where), part)


@operation
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0,
                     dim2: int = 1) -> Tensor:  # fmt: skip
    """A copy of `input` with `src` in place of its `diagonal`."""
    part = diagonal(input, offset, dim1, dim2)._data.shape
    a, b = normalize_dim(dim1, input._data.ndim), normalize_dim(dim2, input._data.ndim)
    return _replaced(input, src, lambda xp, x: xp.diagonal(x, offset, a, b), part)


@operation
def as_strided_scatter(input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int],
                       storage_offset: int | None = None) -> Tensor:  # fmt: skip
    """A copy of `input` with `src` in place of ``as_strided`` of a row-major `input`."""
    geometry = tuple(size), tuple(stride), storage_offset or 0
    part = lambda xp, x: xp.as_strided(x, *geometry)  # noqa: E731
    return _replaced(input, src, part, tuple(size))


METHODS = {"unfold": unfold, "split": split}

__all__ = [
    "as_strided", "as_strided_scatter", "chunk", "diagonal", "diagonal_scatter", "dsplit",
    "hsplit", "narrow", "select", "select_scatter", "slice_scatter", "split", "split_with_sizes",
    "tensor_split", "unbind", "vsplit",
]  # fmt: skip
