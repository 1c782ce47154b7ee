"""Changing shapes: views where the memory allows it, and joining and splitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite._tensor import Tensor
from torchlite.ops.family import operation
from torchlite.ops.op import declare, run
from torchlite.shapes import infer_size, normalize_dims


def sizes(args: tuple) -> tuple:
    """The sizes in ``f(2, 3)`` or ``f((2, 3))``."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


def _inverse(axes: Sequence[int]) -> tuple[int, ...]:
    order = [0] * len(axes)
    for i, axis in enumerate(axes):
        order[axis] = i
    return tuple(order)


_reshape = declare("reshape", "x shape", view=True, title="View",
                   x=lambda xp, g, x_shape: xp.reshape(g, x_shape))  # fmt: skip
_permute = declare("permute", "x axes", view=True,
                   x=lambda xp, g, axes: xp.permute(g, _inverse(axes)))  # fmt: skip


def _broadcast_x(xp: Any, g: Any, x_shape: tuple) -> Any:
    lead = len(g.shape) - len(x_shape)
    axes = tuple(i for i, n in enumerate(g.shape) if i < lead or x_shape[i - lead] != n)
    return xp.reshape(xp.sum(g, axes, True), x_shape) if axes or lead else g


_broadcast_to = declare("broadcast_to", "x shape", view=True, title="Expand", x=_broadcast_x)


@operation
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape; one size may be -1. A view where possible."""
    new = infer_size(sizes(shape), input._data.size)
    return run(_reshape, (input, new), (input._data, new))


@operation
def permute(input: Tensor, *dims: Any) -> Tensor:
    """A view with the dimensions in the order `dims`."""
    axes = normalize_dims(sizes(dims), input._data.ndim)
    return run(_permute, (input, axes), (input._data, axes))


__all__ = ["permute", "reshape"]
