"""Views: the same memory in another shape. `reshape` copies only where it has to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import infer_size, normalize_dim, normalize_dims, view_strides
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import operation
from torchlite.ops.core.methods import method
from torchlite.ops.core.op import declare, run


def sizes_of(args: tuple) -> tuple:
    """The sizes given as ``f(2, 3)`` or ``f((2, 3))``."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


def inverse(axes: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes ``permute(axes)``."""
    order = [0] * len(axes)
    for i, axis in enumerate(axes):
        order[axis] = i
    return tuple(order)


def _broadcast_x(xp: Any, g: Any, x_shape: tuple) -> Any:
    lead = len(g.shape) - len(x_shape)
    axes = tuple(i for i, n in enumerate(g.shape) if i < lead or x_shape[i - lead] != n)
    return xp.reshape(xp.sum(g, axes, True), x_shape) if axes or lead else g


_reshape = declare("reshape", title="View", x=lambda xp, g, x_shape: xp.reshape(g, x_shape))
_permute = declare("permute", x=lambda xp, g, axes: xp.permute(g, inverse(axes)))
_view_dtype = declare("view_dtype")
_broadcast_to = declare("broadcast_to", title="Expand", x=_broadcast_x)


@operation
def reshape(input: Tensor, *args: Any, shape: Any = None) -> Tensor:
    """The same elements in another shape; one size may be -1. A view where possible."""
    new = infer_size(sizes_of(args) if shape is None else shape, input._data.size)
    return run(_reshape, (input, new), (input._data, new))


@method()
def view(self: Tensor, *shape: Any, dtype: dtypes.dtype | None = None, size: Any = None) -> Tensor:
    """`reshape` that never copies; with a dtype, the same bytes read as that dtype.

    Raises: RuntimeError (as PyTorch) if that shape would take a copy.
    """
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], dtypes.dtype)):
        return view_dtype(self, dtype or shape[0])
    data = self._data
    new = infer_size(sizes_of(shape) if size is None else size, data.size)
    xp = local.mode.xp
    in_rows = xp.contiguous(data) is data  # then any shape is a view
    if not in_rows and view_strides(data.shape, xp.strides(data), new) is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return run(_reshape, (self, new), (data, new))


def view_dtype(self: Tensor, dtype: dtypes.dtype) -> Tensor:
    """The bytes of a tensor read as another dtype; the last dimension shrinks or grows."""
    if self.dtype.itemsize != dtype.itemsize:
        _check_last_dimension(self, dtype)
    return run(_view_dtype, (self, dtype), (self._data, dtype))


def _check_last_dimension(tensor: Tensor, kind: dtypes.dtype) -> None:
    data = tensor._data
    task = f"to view {tensor.dtype.legacy} as {kind.legacy} (different element sizes)"
    if not data.ndim:
        raise RuntimeError(f"self.dim() cannot be 0 {task}")
    strides = local.mode.xp.strides(data)
    if strides[-1] != 1:
        raise RuntimeError(f"self.stride(-1) must be 1 {task}, but got {strides[-1]}")
    ratio = kind.itemsize // tensor.dtype.itemsize
    if ratio > 1 and any(n % ratio for n in (data.shape[-1], *strides[:-1])):
        raise RuntimeError(
            f"self.size(-1) must be divisible by {ratio} {task}, but got {data.shape[-1]}"
        )


@operation
def permute(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """A view with the dimensions in the order `dims`: ``permute(x, 1, 0)`` or a sequence."""
    dims = sizes_of(args) if dims is None else tuple(dims)
    ndim = input._data.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal "
            f"to len(dims) = {len(dims)}"
        )
    axes = tuple(normalize_dim(d, ndim) for d in dims)
    if len(set(axes)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return run(_permute, (input, axes), (input._data, axes))


@operation
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged."""
    ndim = input._data.ndim
    a, b = normalize_dim(dim0, ndim), normalize_dim(dim1, ndim)
    axes = list(range(ndim))
    if ndim:
        axes[a], axes[b] = b, a
    return run(_permute, (input, tuple(axes)), (input._data, tuple(axes)))


@operation
def t(input: Tensor) -> Tensor:
    """A matrix transposed; tensors with fewer dimensions are unchanged."""
    ndim = input._data.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return transpose(input, 0, 1) if ndim == 2 else transpose(input, 0, 0)


@operation
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A view with a new dimension of size 1 at `dim`."""
    shape = list(input._data.shape)
    shape.insert(normalize_dim(dim, len(shape) + 1), 1)
    return run(_reshape, (input, tuple(shape)), (input._data, tuple(shape)))


@operation
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """A view without the dimensions of size 1 (only those in `dim`, if given)."""
    shape = input._data.shape
    dims = range(len(shape)) if dim is None else normalize_dims(dim, len(shape))
    if isinstance(dim, (tuple, list)) and not dim:
        dims = ()
    new = tuple(size for i, size in enumerate(shape) if size != 1 or i not in dims)
    return run(_reshape, (input, new), (input._data, new))


@method()
def expand(self: Tensor, *size: Any, implicit: bool = False) -> Tensor:
    """A view with dimensions of size 1 repeated; -1 keeps a size, new dimensions come first."""
    size, shape = sizes_of(size), self._data.shape
    lead = len(size) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.{self.dtype.legacy}Tensor{{{list(shape)}}}, size={list(size)}): the "
            f"number of sizes provided ({len(size)}) must be greater or equal to the number of "
            f"dimensions in the tensor ({len(shape)})"
        )
    new = []
    for i, n in enumerate(size):
        old = shape[i - lead] if i >= lead else None
        if n == -1 and old is None:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing "
                f"dimension {i}"
            )
        if old not in (None, 1, n) and n != -1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({old}) at "
                f"non-singleton dimension {i}.  Target sizes: {list(size)}.  "
                f"Tensor sizes: {list(shape)}"
            )
        new.append(old if n == -1 else n)
    return run(_broadcast_to, (self, tuple(new)), (self._data, tuple(new)))


@operation
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """`input` expanded to `size`."""
    return expand(input, *size)


@operation
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` merged into one."""
    shape = input._data.shape
    start, end = normalize_dim(start_dim, len(shape)), normalize_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    merged = 1
    for size in shape[start : end + 1]:
        merged *= size
    new = (*shape[:start], merged, *shape[end + 1 :])
    return input if new == shape else run(_reshape, (input, new), (input._data, new))


__all__ = [
    "broadcast_to", "flatten", "permute", "reshape", "squeeze", "t", "transpose", "unsqueeze",
]  # fmt: skip
