"""Writing into tensors: what in-place operations do to memory, history and views."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.graph import Node, next_number
from torchlite.core.tensor import INFERENCE, UNWRITTEN, Tensor, alias, refresh
from torchlite.errors import (
    INFERENCE_IN_PLACE,
    LEAF_IN_PLACE,
    SHARED_WITH_OPERAND,
    VIEW_OF_LEAF_IN_PLACE,
)
from torchlite.ops.core import op
from torchlite.ops.core.promotion import cast

OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single "
    "memory location. Please clone() the tensor before performing the operation."
)


def check_castable(kind: dtypes.dtype, to: dtypes.dtype) -> None:
    """Raise RuntimeError (as PyTorch) if a result of dtype `kind` may not be stored as `to`."""
    if kind.category > to.category:
        raise RuntimeError(
            f"result type {kind.legacy} can't be cast to the desired output type {to.legacy}"
        )


def check_writable(tensor: Tensor) -> None:
    """Raise RuntimeError (as PyTorch) if an in-place operation on `tensor` is not allowed."""
    if tensor._cell is INFERENCE and not local.mode.inference:
        raise RuntimeError(INFERENCE_IN_PLACE)
    if local.mode.grad:
        refresh(tensor)
        if tensor._needs_grad and tensor._node is None:
            raise RuntimeError(LEAF_IN_PLACE)
        if tensor._view is not None and tensor._view.base._needs_grad:
            _check_recorded(tensor)
            if tensor._view.base._node is None:
                raise RuntimeError(VIEW_OF_LEAF_IN_PLACE)


def _check_recorded(tensor: Tensor) -> None:
    if tensor._view is not None and tensor._view.refusal is not None:
        raise RuntimeError(tensor._view.refusal.format(_maker(tensor)))


def _maker(tensor: Tensor) -> str:
    return "an operation" if tensor._node is None else tensor._node.name().removesuffix("0")


def check_no_overlap(data: Any) -> None:
    """Raise RuntimeError (as PyTorch) if two elements of the array share memory."""
    if local.mode.xp.owns_memory(data):
        return
    strides = local.mode.xp.strides(data)
    if any(step == 0 and size > 1 for size, step in zip(data.shape, strides)):
        raise RuntimeError(OVERLAP)


def check_apart(tensor: Tensor, operand: Any) -> None:
    """Raise RuntimeError (as PyTorch) if `operand` overlaps `tensor` but is not the same view."""
    if operand is tensor or not isinstance(operand, Tensor):
        return
    if operand._cell is not tensor._cell or tensor._cell is UNWRITTEN:
        return  # tensors that share memory share the write counter
    xp, mine, other = local.mode.xp, tensor._data, operand._data
    if not (_is_dense(xp, mine) and _is_dense(xp, other)):
        return
    start, begin = xp.data_ptr(mine), xp.data_ptr(other)
    whole = (start, mine.shape, xp.strides(mine)) == (begin, other.shape, xp.strides(other))
    size = dtypes.of(mine).itemsize
    if not whole and start < begin + other.size * size and begin < start + mine.size * size:
        raise RuntimeError(SHARED_WITH_OPERAND)


def _is_dense(xp: Any, array: Any) -> bool:
    """Whether the elements fill their memory without gaps, in any order of the axes."""
    expected = 1
    for step, size in sorted(zip(xp.strides(array), array.shape)):
        if size > 1 and step != expected:
            return False
        expected *= size
    return True


def write(tensor: Tensor, data: Any) -> None:
    """Copy an array into the memory of `tensor` and count the write; its history is unchanged."""
    local.mode.xp.copyto(tensor._data, data)
    tensor._bump()


def resize_output(out: Tensor, shape: Sequence[int]) -> None:
    """Give `out` new memory if its shape is not `shape`."""
    if out._data.shape != tuple(shape):
        out._data = local.mode.xp.empty(tuple(shape), dtypes.of(out._data))


class Rebase(Node):
    """The history of a base tensor after a write through one of its views.

    The gradient goes to the old base where the view did not write, and to the values written.
    """

    __slots__ = ("steps", "shape", "parts")

    def __init__(self, base: Tensor, written: Tensor, steps: tuple) -> None:
        sources = [t for t in (base, written) if t._needs_grad]
        super().__init__([t if t._node is None else t._node for t in sources])
        self.parts = [t is base for t in sources]
        self.steps, self.shape = steps, base._data.shape

    def gradients(self, xp: Any, g: Any, differentiable: bool) -> Sequence[Any]:
        return [self._outside(xp, g) if is_base else self._inside(xp, g) for is_base in self.parts]

    def _inside(self, xp: Any, g: Any) -> Any:
        for primitive, parameters in self.steps:
            g = getattr(xp, primitive.name)(g, *parameters)
        return g

    def _outside(self, xp: Any, g: Any) -> Any:
        arrays = local.mode.xp
        count = math.prod(self.shape)
        places = arrays.reshape(arrays.arange(0, count, 1, dtypes.int64), self.shape)
        written = arrays.reshape(self._inside(arrays, places), (-1,))
        untouched = arrays.full((count,), True, dtypes.bool_)
        untouched = arrays.index_put(untouched, (written,), False, False)
        return xp.where(arrays.reshape(untouched, self.shape), g, 0)

    def name(self) -> str:
        return "CopySlices"


def assign(tensor: Tensor, result: Tensor) -> Tensor:
    """Write `result`, computed in place from `tensor`, into `tensor` and return it."""
    kind = dtypes.of(tensor._data)
    if dtypes.of(result._data) is not kind:
        check_castable(result.dtype, kind)
        result = cast(result, kind)
    if result._data.shape != tensor._data.shape:
        raise RuntimeError(
            f"output with shape {list(tensor.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)}"
        )
    check_no_overlap(tensor._data)
    recording = local.mode.grad and (result._needs_grad or tensor._needs_grad)
    if recording:
        _check_recorded(tensor)
    write(tensor, result._data)
    if recording:
        take_history(tensor, result)
    return tensor


def take_history(tensor: Tensor, result: Tensor) -> None:
    """Give `tensor`, or its base if it is a view, the history of the `result` written to it."""
    if hasattr(result._node, "rebind_result"):
        result._node.rebind_result(tensor)
    view = tensor._view
    if view is None:
        # A constant overwrote a tensor that has a history: zeros flow back to it.
        node = result._node or (None if result._needs_grad else Rebase(tensor, result, ()))
        tensor._take_history(node)
        tensor._needs_grad = True
        return
    view.base._take_history(Rebase(view.base, result, view.steps))
    view.base._needs_grad = True


def _keep_old_values(source: Tensor, result: Tensor, before: int) -> None:
    """Make nodes newer than `before` keep a copy of `source`, which will be overwritten."""
    stack, seen = [result._node], set()
    while stack:
        node = stack.pop()
        if node is None or node._number <= before or node in seen:
            continue
        seen.add(node)
        stack += node.edges
        for k, saved in enumerate(getattr(node, "sources", ())):
            if saved is source:
                if source._cell is not UNWRITTEN:
                    source._data, source._cell = local.mode.xp.copy(source._data), UNWRITTEN
                    source._view = None
                node.values[k], node.versions[k] = source._data, 0


def in_place(function: Callable, name: str | None = None) -> Callable:
    """The in-place form of an operation: ``x.mul_(y)`` of ``mul(x, y)``."""

    @functools.wraps(function)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_writable(self)
        for operand in args:
            check_apart(self, operand)
        if not local.mode.grad:
            return assign(self, function(self, *args, **kwargs))
        source, before = alias(self), next_number()
        if op.observe is not None:  # hooks see saved values before they are overwritten
            source._data = local.mode.xp.copy(self._data)
        args = tuple(source if a is self else a for a in args)
        result = function(source, *args, **kwargs)
        _keep_old_values(source, result, before)
        return assign(self, result)

    method.__name__ = name or f"{function.__name__}_"
    method.__doc__ = f"In-place form of `{function.__name__}`."
    return method
