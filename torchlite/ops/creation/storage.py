"""The memory of a tensor: inspecting, replacing and filling it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, overload

from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, alias, wrap
from torchlite.ops.core.family import operation
from torchlite.ops.core.inplace import assign, check_writable, write
from torchlite.ops.core.methods import attribute, method, put
from torchlite.ops.core.promotion import checked_number
from torchlite.ops.creation.conversion import clone
from torchlite.ops.creation.factories import size_of
from torchlite.ops.indexing.brackets import copy_
from torchlite.ops.shape import dimensions
from torchlite.ops.shape import reshaping as shapes
from torchlite.ops.shape.slicing import as_strided


@overload
def stride(self: Tensor) -> tuple[int, ...]: ...
@overload
def stride(self: Tensor, dim: int) -> int: ...
@method()
def stride(self: Tensor, dim: int | None = None) -> Any:
    """The strides, in elements, of all dimensions or of one."""
    steps = local.mode.xp.strides(self._data)
    return steps if dim is None else steps[normalize_dim(dim, len(steps))]


@method()
def storage_offset(self: Tensor) -> int:
    """The offset of the first element in its memory, in elements."""
    return local.mode.xp.storage_offset(self._data)


@method("const_data_ptr")
@method()
def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return local.mode.xp.data_ptr(self._data)


@attribute(name="itemsize")
@method()
def element_size(self: Tensor) -> int:
    """The size of one element in bytes."""
    return self.dtype.itemsize


@attribute()
def nbytes(self: Tensor) -> int:
    """The size of all elements in bytes."""
    return self._data.size * self.dtype.itemsize


@method()
def is_same_size(self: Tensor, other: Tensor) -> bool:
    """Whether `other` has the same shape."""
    return self._data.shape == other._data.shape


@method()
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether `tensor` has the same memory, shape and strides."""
    xp, a, b = local.mode.xp, self._data, tensor._data
    same = a.shape == b.shape and xp.strides(a) == xp.strides(b)
    return same and xp.data_ptr(a) == xp.data_ptr(b)


@method()
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is non-zero."""
    if input._data.size != 1:
        kind = "more than one value" if input._data.size else "no values"
        raise RuntimeError(f"Boolean value of Tensor with {kind} is ambiguous")
    return bool(input.item())


# --- filling ------------------------------------------------------------------------------------


@method()
def fill_(self: Tensor, value: Any) -> Tensor:
    """Fill with a scalar or a 0-d tensor, to which gradients flow."""
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value._data.ndim} dimensions."
            )
        return copy_(self, value)
    check_writable(self)
    number, xp = checked_number(value, self.dtype), local.mode.xp
    if local.mode.grad and self._needs_grad:
        return assign(self, wrap(xp.full(self._data.shape, number, self.dtype)))
    write(self, number)
    return self


@operation
def fill(input: Tensor, value: Any) -> Tensor:
    """`value`, a scalar or 0-d tensor, in the shape and dtype of `input`."""
    return fill_(clone(input), value)


@method()
def zero_(self: Tensor) -> Tensor:
    """Fill with zeros."""
    return fill_(self, 0)


# --- other memory or another view of it, in place -----------------------------------------------


@method()
def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Change the shape in place; elements keep their order, new ones are uninitialised."""
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    xp, shape = local.mode.xp, size_of(sizes)
    count, old = math.prod(shape), xp.reshape(self._data, (-1,))
    if count != self._data.size:
        kept = (slice(0, min(count, self._data.size)),)
        new = xp.empty((count,), self.dtype)
        xp.copyto(xp.getitem(new, kept), xp.getitem(old, kept))
        old = new
    self._data = xp.reshape(old, shape)
    return self


@method()
def resize_as_(self: Tensor, the_template: Tensor, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of another tensor."""
    return resize_(self, the_template._data.shape)


@method()
def set_(self: Tensor, source: Tensor | None = None) -> Tensor:
    """Take the memory and shape of `source`; without it, become empty."""
    if source is not None and source.dtype is not self.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}"
        )
    self._data = local.mode.xp.empty((0,), self.dtype) if source is None else source._data
    self._bump()
    return self


def _undo(step: tuple, shape: tuple) -> tuple | None:
    """The view step that undoes `step`, which was applied to a tensor of `shape`."""
    primitive, parameters = step
    if primitive.name == "permute":
        return primitive, (shapes.inverse(parameters[0]),)
    return (primitive, (shape,)) if primitive.name == "reshape" else None


def _in_place_view(name: str, operation: Callable) -> Callable:
    """``x.squeeze_()`` for ``squeeze(x)``: the tensor becomes a view of itself."""

    @functools.wraps(operation)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_writable(self)
        seen = operation(alias(self), *args, **kwargs)
        if self._view is not None:
            self._view = seen._view
        elif seen._view is not None:
            self._turns += (_undo(seen._view.steps[-1], self._data.shape),)
        self._data = seen._data
        if seen._node is not None:
            self._node = seen._node
        self._bump()
        return self

    method.__name__, method.__doc__ = f"{name}_", f"In-place form of `{name}`."
    return method


for _view in (
    as_strided, shapes.squeeze, dimensions.swapaxes, dimensions.swapdims, shapes.t,
    shapes.transpose, shapes.unsqueeze,
):  # fmt: skip
    put(f"{_view.__name__}_", _in_place_view(_view.__name__, _view))

__all__ = ["fill", "fill_", "is_nonzero", "is_same_size", "resize_as_", "zero_"]
