"""Indexing with brackets: reads return views where possible, writes work with autograd.

An index has basic parts (int, slice, None, Ellipsis), which give a view, and advanced ones
(integer and bool tensors, lists). The basic parts are applied first, as in PyTorch.
"""

from __future__ import annotations

import operator
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.backends.wrapped import Batched
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor, alias, wrap
from torchlite.ops.core.inplace import assign, check_apart, check_no_overlap, check_writable, write
from torchlite.ops.core.methods import method
from torchlite.ops.core.nodes import unbroadcast
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.conversion import clone
from torchlite.ops.creation.factories import as_tensor
from torchlite.ops.shape.reshaping import expand

_getitem = declare(
    "getitem",
    title="Slice",
    x=lambda xp, g, x_shape, x_dtype, index: xp.getitem_backward(g, x_shape, x_dtype, index),
)
declare("getitem_backward", grad=lambda xp, g, index: xp.getitem(g, index))


def _index_get_x(xp: Any, g: Any, x_shape: tuple, x_dtype: Any, index: tuple) -> Any:
    return xp.index_put(xp.full(x_shape, 0, x_dtype), index, g, True)


index_get = declare("index_get", title="Index", x=_index_get_x)


def _index_put_value(xp: Any, g: Any, index: tuple, value_shape: tuple) -> Any:
    taken = xp.index_get(g, index)
    return taken if taken.shape == value_shape else unbroadcast(xp, taken, value_shape)


index_put = declare(
    "index_put",
    title="IndexPut",
    x=lambda xp, g, index, accumulate: g if accumulate else xp.index_put(g, index, 0, False),
    value=_index_put_value,
)

_ENDS = (int, type(None))
_BASIC = (int, slice, type(None), type(...))


@method(name="__getitem__")
def getitem(self: Tensor, index: Any) -> Tensor:
    """``self[index]``: a view for ints, slices, None and Ellipsis; a copy for tensors and lists.

    Raises: IndexError for an index out of range or too many indices.
    """
    place = _plain(index, self._data.shape)
    if place is not None:
        return run(_getitem, (self, place), (self._data, place))
    basic, advanced = split_index(self, index)
    result = self if _is_whole(basic) else run(_getitem, (self, basic), (self._data, basic))
    if advanced:
        picks = index_arrays(advanced, result._data.shape)
        return run(index_get, (result, picks), (result._data, picks))
    return alias_view(result) if result is self else result


def getitem_view(self: Tensor, index: tuple) -> Tensor:
    """The view at a basic `index` that is known to be valid."""
    return run(_getitem, (self, index), (self._data, index))


def _plain(index: Any, shape: tuple) -> tuple | None:
    """A checked index that has only ints and slices; None for all others."""
    kind = type(index)
    if kind is int:
        return (_in_range(index, 0, shape),)
    if kind is slice:
        return (_checked_slice(index),) if shape else None
    if kind is not tuple or len(index) > len(shape):
        return None
    place: list = []
    for dim, part in enumerate(index):
        if type(part) is int:
            place.append(_in_range(part, dim, shape))
        elif type(part) is slice:
            place.append(_checked_slice(part))
        else:
            return None
    return tuple(place)


def alias_view(self: Tensor) -> Tensor:
    """A view of the whole tensor."""
    return run(_getitem, (self, (...,)), (self._data, (...,)))


@method(name="__setitem__")
def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``: `value`, a scalar or tensor, is converted and broadcast."""
    basic, advanced = split_index(self, index)
    target = self if _is_whole(basic) else run(_getitem, (self, basic), (self._data, basic))
    check_writable(target)
    if not isinstance(value, Tensor):
        value = as_tensor(value, dtype=self.dtype)
    value = cast(value, self.dtype)
    if advanced:
        picks = index_arrays(advanced, target._data.shape)
        source = alias(target) if local.mode.grad and target._needs_grad else target
        assign(target, index_put(source, picks, fitting(value, picks, target), False))
    else:
        copy_(target, _without_leading_ones(value, target._data.ndim))


@method()
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write `src`, converted and broadcast, into this tensor; gradients flow to `src`."""
    check_writable(self)
    if not isinstance(src, Tensor):
        src = as_tensor(src)
    check_apart(self, src)
    if src._data.shape != self._data.shape:
        broadcast_shapes(self._data.shape, src._data.shape)
        src = expand(src, self._data.shape)
    if local.mode.grad and (src.requires_grad or self._needs_grad):
        return assign(self, clone(cast(src, self.dtype)))  # a leaf cannot be its own history
    check_no_overlap(self._data)
    write(self, src._data)
    return self


def _is_whole(basic: tuple) -> bool:
    return all(part is ... or part == slice(None) for part in basic if part is not None) and (
        None not in basic
    )


def split_index(self: Tensor, index: Any) -> tuple[tuple, dict[int, Tensor]]:
    """The basic index, and {dimension of the resulting view: advanced index}."""
    parts = _expanded(self, index)
    shape = self._data.shape
    basic: list = []
    advanced: dict[int, Tensor] = {}
    dim = out_dim = 0
    for part in parts:
        if part is None:
            basic.append(None)
            out_dim += 1
        elif isinstance(part, slice):
            basic.append(_checked_slice(part))
            dim, out_dim = dim + 1, out_dim + 1
        elif isinstance(part, Tensor):
            width = part._data.ndim if part.dtype is dtypes.bool_ else 1
            if part.dtype is dtypes.bool_ and width == 0:
                basic.append(None)
                advanced[out_dim] = part.reshape(1)
                out_dim += 1
                continue
            _check_mask(part, shape, dim)
            basic += [slice(None)] * width
            advanced[out_dim] = part
            dim, out_dim = dim + width, out_dim + width
        else:
            basic.append(_in_range(part, dim, shape))
            dim += 1
    return tuple(basic), advanced


def _expanded(self: Tensor, index: Any) -> list:
    """The parts of an index: the ellipsis becomes whole slices, sequences become tensors."""
    parts = [_part(p) for p in (index if isinstance(index, tuple) else (index,))]
    used = sum(
        (p._data.ndim if p.dtype is dtypes.bool_ else 1) if isinstance(p, Tensor)
        else p is not None and p is not ...
        for p in parts
    )  # fmt: skip
    ndim = self._data.ndim
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    gaps = [i for i, p in enumerate(parts) if p is ...]
    if gaps:
        i = gaps[0]
        parts[i : i + 1] = [slice(None)] * (ndim - used)
        parts = [p for p in parts if p is not ...]
    return parts


def _part(part: Any) -> Any:
    """One part of an index, normalised: int, slice, None, Ellipsis or an index tensor."""
    if isinstance(part, bool):
        return as_tensor(part)
    if isinstance(part, _BASIC):
        return part
    if not isinstance(part, Tensor):
        if hasattr(part, "__index__") and not getattr(part, "ndim", 0):
            return operator.index(part)
        if isinstance(part, range):
            part = list(part)
        if not hasattr(part, "__array__") and not isinstance(part, (list, tuple)):
            raise TypeError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                f"are valid indices (got {type(part).__name__})"
            )
        part = as_tensor(part) if len(part) else as_tensor(part, dtype=dtypes.int64)
    if part.dtype is dtypes.uint8:
        part = part.bool()
    if part.dtype.category >= dtypes.FLOAT:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if part._data.ndim or part.dtype is dtypes.bool_ or isinstance(part._data, Batched):
        return part
    return part.item()


def _in_range(i: int, dim: int, shape: tuple) -> int:
    if not shape:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    size = shape[dim]
    if not -size <= i < size:
        raise IndexError(f"index {i} is out of bounds for dimension {dim} with size {size}")
    return i


def _checked_slice(part: slice) -> slice:
    if part.step is None and type(part.start) in _ENDS and type(part.stop) in _ENDS:
        return part
    start, stop, step = (None if x is None else operator.index(x)
                         for x in (part.start, part.stop, part.step))  # fmt: skip
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return slice(start, stop, step)


def _check_mask(part: Tensor, shape: tuple, dim: int) -> None:
    if part.dtype is dtypes.bool_:
        for i, size in enumerate(part._data.shape):
            if size != shape[dim + i]:
                raise IndexError(
                    f"The shape of the mask {list(part.shape)} at index {i} does not match the "
                    f"shape of the indexed tensor {list(shape)} at index {dim + i}"
                )


def index_arrays(advanced: dict[int, Tensor], shape: tuple) -> tuple:
    """The index for primitives: an int64 array or slice(None) for each leading dimension."""
    xp = local.mode.xp
    picks: list = []
    for dim, part in advanced.items():
        picks += [slice(None)] * (dim - len(picks))
        if part.dtype is dtypes.bool_:
            places = xp.nonzero(part._data)
            picks += [xp.getitem(places, (slice(None), k)) for k in range(part._data.ndim)]
        else:
            picks.append(wrapped_index(part, dim, shape[dim]))
    _check_broadcast([p for p in picks if not isinstance(p, slice)])
    return tuple(picks)


def wrapped_index(part: Tensor, dim: int, size: int) -> Any:
    """Integer indices as int64, negative ones counted from the end."""
    xp = local.mode.xp
    data = part._data if part.dtype is dtypes.int64 else xp.astype(part._data, dtypes.int64)
    if data.size:
        low, high = xp.extremes(data)
        if low < -size or high >= size:
            wrong = low if low < -size else high
            raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")
        if low < 0:
            data = xp.where(xp.lt(data, 0), xp.add(data, size), data)
    return data


def _check_broadcast(arrays: list) -> None:
    try:
        broadcast_shapes(*(a.shape for a in arrays))
    except RuntimeError:
        shapes = ", ".join(str(list(a.shape)) for a in arrays)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None


def fitting(value: Tensor, picks: tuple, target: Tensor) -> Tensor:
    """`value` without superfluous leading dimensions of size 1.

    Raises: RuntimeError (as PyTorch) if it does not broadcast to the indexed elements.
    """
    probe = wrap(local.mode.xp.full((), 0, dtypes.int64))
    selected = index_get(expand(probe, target._data.shape), picks)._data.shape
    value = _without_leading_ones(value, len(selected))
    own = value._data.shape
    fits = len(own) <= len(selected) and all(
        n in (1, m) for n, m in zip(reversed(own), reversed(selected))
    )
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(own)} cannot be broadcast to indexing "
            f"result of shape {list(selected)}"
        )
    return value


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    shape = value._data.shape
    surplus = len(shape) - ndim
    if surplus > 0 and all(n == 1 for n in shape[:surplus]):
        return value.reshape(shape[surplus:])
    return value
