"""Reductions over dimensions, with their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor
from torchlite.dtypes import FLOAT, dtype
from torchlite.ops.family import not_a_tensor, operation, write_out
from torchlite.ops.op import declare, run
from torchlite.ops.promotion import cast
from torchlite.shapes import normalize_dims

Dims = Any  # int | Sequence[int] | None


def restore(xp: Any, g: Any, x_shape: tuple, axis: Any, keepdims: bool) -> Any:
    """`g` with the reduced axes of `x_shape` put back as axes of size 1."""
    if keepdims:
        return g
    dropped = range(len(x_shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    kept = tuple(1 if i in dropped else size for i, size in enumerate(x_shape))
    return xp.reshape(g, kept)


def _sum_x(xp: Any, g: Any, x_shape: tuple, axis: Any, keepdims: bool) -> Any:
    return xp.broadcast_to(restore(xp, g, x_shape, axis, keepdims), x_shape)


_sum = declare("sum", "x axis keepdims", x=_sum_x)


@operation
def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The sum over `dim` (all by default); integers and bool sum in int64."""
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor("sum", 1, "input", input)
    kind = dtypes.of(data)
    if dtype is not None or kind.category < FLOAT:
        input = cast(input, dtype or dtypes.int64)
        data = input._data
    axes = None if dim is None else normalize_dims(dim, data.ndim)
    result = run(_sum, (input, axes, keepdim), (data, axes, keepdim))
    return result if out is None else write_out("sum", out, result)


__all__ = ["sum"]
