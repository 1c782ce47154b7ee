"""Distances and angles between vectors; cross products."""

from __future__ import annotations

from typing import Any

from torchlite.core.shapes import broadcast_shapes, normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.ops.core.family import functional, operation, write_out
from torchlite.ops.core.promotion import cast, result_type
from torchlite.ops.math.arithmetic import add, div, mul, sub
from torchlite.ops.math.clamping import clamp
from torchlite.ops.reduce.norms import vector_norm
from torchlite.ops.shape.rearranging import triu_indices


@functional
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`; norms are at least `eps`.

    Shapes broadcast, and `dim` is dropped. Raises: RuntimeError for integers.
    """
    kind = result_type(x1, x2)
    if kind.category != FLOAT:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {kind.legacy}"
        )
    shape = broadcast_shapes(x1._data.shape, x2._data.shape)
    directions = []
    for x in (x1, x2):
        x = cast(x, kind).expand(shape)
        directions.append(div(x, clamp(vector_norm(x, 2, dim, True), eps)))
    return mul(*directions).sum(dim)


@functional
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6,
                      keepdim: bool = False) -> Tensor:  # fmt: skip
    """The `p`-norm of ``x1 - x2 + eps`` along the last dimension. Shapes broadcast."""
    return vector_norm(add(sub(x1, x2), eps), p, -1, keepdim)


@functional
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0,
          compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary") -> Tensor:  # fmt: skip
    """The `p`-norm distance between each pair of rows. (*, P, M), (*, R, M) -> (*, P, R).

    `compute_mode` is ignored: distances are always computed without a matrix product.
    Raises: RuntimeError (as PyTorch) for shapes that do not match or a negative `p`.
    """
    for label, x in (("X1", x1), ("X2", x2)):
        if x._data.ndim < 2:
            raise RuntimeError(
                f"cdist only supports at least 2D tensors, {label} got: {x._data.ndim}D"
            )
    columns = x1._data.shape[-1], x2._data.shape[-1]
    if columns[0] != columns[1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {columns[0]} X2: {columns[1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if x1.dtype is not x2.dtype:
        raise RuntimeError(f"expected scalar type {x1.dtype.legacy} but found {x2.dtype.legacy}")
    difference = sub(x1.unsqueeze(-2), x2.unsqueeze(-3))
    return difference.sum(-1) if not columns[0] else vector_norm(difference, p, -1)


@functional
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The `p`-norm distance of each row to each later row. (N, M) -> (N * (N - 1) / 2,).

    Raises: RuntimeError (as PyTorch) for other shapes, integers or a negative `p`.
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if input.dtype.category != FLOAT:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    rows, columns = input.shape
    first, second = triu_indices(rows, rows, 1)
    difference = sub(input[first], input[second])
    return vector_norm(difference, p, -1) if columns else difference.sum(-1)


@operation
def cross(input: Tensor, other: Tensor, dim: int | None = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The cross product of vectors along `dim`, by default the first dimension of size 3.

    Shapes broadcast. Raises: RuntimeError (as PyTorch) if `dim` does not have size 3.
    """
    a, b = input._data.shape, other._data.shape
    if len(a) != len(b):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if dim is None:
        if 3 not in a:
            raise RuntimeError("no dimension of size 3 in input")
        dim = a.index(3)
    dim = normalize_dim(dim, len(a))
    if a[dim] != 3 or b[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {a[dim]} and {b[dim]}"
        )
    shape = broadcast_shapes(a, b)
    x, y = input.expand(shape), other.expand(shape)
    result = sub(_turned(x, -1, dim, y, -2), _turned(x, -2, dim, y, -1))
    return result if out is None else write_out("cross", out, result)


def _turned(x: Tensor, i: int, dim: int, y: Tensor, j: int) -> Any:
    return mul(x.roll(i, dim), y.roll(j, dim))


__all__ = ["cdist", "cosine_similarity", "cross", "pairwise_distance", "pdist"]
