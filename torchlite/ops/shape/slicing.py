"""Parts of tensors as views, and copies of tensors with one part replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.ops.core.family import operation
from torchlite.ops.core.methods import method
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.conversion import clone, is_contiguous
from torchlite.ops.indexing.brackets import getitem_view, index_put
from torchlite.ops.shape.reshaping import permute, reshape

_ALL = slice(None)


def _places(shape: tuple, view: Callable) -> Any:
    """The flat indices, in a row-major array of `shape`, of the elements of ``view(xp, array)``."""
    xp, count = local.mode.xp, 1
    for size in shape:
        count *= size
    places = view(xp, xp.reshape(xp.arange(0, count, 1, dtypes.int64), shape))
    return xp.reshape(xp.asarray(places), (-1,))


def _spread(xp: Any, g: Any, shape: tuple, dtype: dtypes.dtype, view: Callable) -> Any:
    """Zeros of `shape`, with `g` added to the elements of ``view(xp, array)``."""
    count = 1
    for size in shape:
        count *= size
    zeros, places = xp.full((count,), 0, dtype), _places(shape, view)
    return xp.reshape(xp.index_put(zeros, (places,), xp.reshape(g, (-1,)), True), shape)


_diagonal = declare(
    "diagonal",
    x=lambda xp, g, x_shape, x_dtype, offset, axis1, axis2: _spread(
        xp, g, x_shape, x_dtype, lambda p, x: p.diagonal(x, offset, axis1, axis2)
    ),
)
_strided_view = declare(
    "strided_view",
    title="AsStrided",
    x=lambda xp, g, x_shape, x_dtype, shape, strides, offset: _spread(
        xp, g, x_shape, x_dtype, lambda p, x: p.as_strided(x, shape, strides, offset)
    ),
)


def sliced(input: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """The view ``input[..., start:stop]`` along `dim`; all must be valid."""
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
    """A view of `length` elements of dimension `dim`, beginning at `start`."""
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
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of the diagonal of two dimensions, which becomes the last dimension."""
    ndim = input._data.ndim
    a, b = normalize_dim(dim1, ndim), normalize_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return run(_diagonal, (input, offset, a, b), (input._data, offset, a, b))


@operation
def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int],
               storage_offset: int | None = None) -> Tensor:  # fmt: skip
    """A view of the memory of `input`: `size`, `stride` and `storage_offset` count elements.

    Raises: RuntimeError (as PyTorch) if it extends beyond that memory.
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
    """A row-major tensor that holds the elements `first` to `last` of the memory of `input`.

    It is `input`, its base or a permutation of either; if those have gaps, their memory. Also
    returns its offset in the memory of `input`.
    """
    xp, input = local.mode.xp, _row_major(input)
    start = xp.storage_offset(input._data)
    whole = is_contiguous(input) and start <= first and last < start + max(input._data.size, 1)
    if not whole and input._view is not None:
        input = _row_major(input._view.base)
        start = xp.storage_offset(input._data)
    return (input if is_contiguous(input) else _flat_memory(input)), start


def _flat_memory(input: Tensor) -> Tensor:
    """The memory of `input`, gaps included, in one dimension; a copy where a gradient flows."""
    xp, steps, shape = local.mode.xp, local.mode.xp.strides(input._data), input._data.shape
    count = 1 + sum((n - 1) * step for n, step in zip(shape, steps))
    flat = wrap(xp.as_strided(input._data, (count,), (1,), 0))
    if not (local.mode.grad and input.requires_grad):
        flat._cell = input._shared_cell()
        return flat
    places = xp.as_strided(xp.arange(0, count, 1, dtypes.int64), shape, steps, 0)
    return index_put(flat, (xp.reshape(places, (-1,)),), reshape(input, -1), False)


def _row_major(tensor: Tensor) -> Tensor:
    """`tensor` with its dimensions in memory order."""
    if is_contiguous(tensor):
        return tensor
    steps = local.mode.xp.strides(tensor._data)
    return permute(tensor, sorted(range(len(steps)), key=lambda d: -steps[d]))


@method()
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """A view of windows of `size` elements, `step` apart, along `dimension`; windows come last."""
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
        return unfold(clone(self), dim, size, step)  # expanded elements share memory, not gradients
    sizes = list(shape) or [1]
    sizes[dim] = (limit - size) // step + 1
    window = strides[dim]
    strides[dim] *= step
    if not shape:
        sizes, strides = [], []
    return as_strided(self, (*sizes, size), (*strides, window))


# --- one part replaced --------------------------------------------------------------------------


def _replaced(input: Tensor, src: Tensor, view: Callable, part: tuple) -> Tensor:
    """A copy of `input` with `src` in place of ``view(xp, array)``, whose shape is `part`."""
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


__all__ = [
    "as_strided", "as_strided_scatter", "diagonal", "diagonal_scatter", "narrow", "select",
    "select_scatter", "slice_scatter",
]  # fmt: skip
