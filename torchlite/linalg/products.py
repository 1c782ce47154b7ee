"""Products and powers of matrices and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.linalg.checks import adjoint, identity_like, part, square_of, written
from torchlite.linalg.inverses import inv
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import cast
from torchlite.ops.linalg import distance
from torchlite.ops.linalg.products import matmul
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.slicing import diagonal as diagonal_


def cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The cross product of vectors of 3 elements along `dim`; shapes broadcast."""
    return distance.cross(input, other, dim, out=out)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A view of the diagonals of matrices. (*, m, n) -> (*, k)."""
    return diagonal_(A, offset, dim1, dim2)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """``sum(conj(x) * y)`` along `dim`; shapes broadcast."""
    for tensor in (x, y):
        if tensor.dtype.category < FLOAT:
            raise RuntimeError(
                "linalg.vecdot: Expected a floating point or complex tensor as input. Got "
                f"{tensor.dtype.legacy}"
            )
    return written("linalg_vecdot", (x.conj() * y).sum(dim), out)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 to N-1 (n-1 by default) of each element. (*, n) -> (*, n, N)."""
    x = x.reshape(1) if not x._data.ndim else x
    count = x._data.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    ones = x.new_ones((*x.shape, 1))
    ones = ones if x.dtype is not dtypes.bool_ else cast(ones, dtypes.int64)
    powers = x.unsqueeze(-1).expand(*x.shape, count - 1).cumprod(-1)
    return cat((ones, powers), -1)


# --- chains ---------------------------------------------------------------------------------------


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices in the cheapest order; the first and last may be vectors.

    Raises: RuntimeError (as PyTorch) if the shapes are incompatible.
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    _check_chain(tensors)
    chain = list(tensors)
    vectors = chain[0]._data.ndim == 1, chain[-1]._data.ndim == 1
    chain[0] = chain[0].unsqueeze(0) if vectors[0] else chain[0]
    chain[-1] = chain[-1].unsqueeze(1) if vectors[1] else chain[-1]
    for i in range(len(chain) - 1):
        a, b = chain[i]._data.shape, chain[i + 1]._data.shape
        if a[1] != b[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(a)} and {list(b)} cannot "
                "be multiplied"
            )
    sizes = [x._data.shape[0] for x in chain] + [chain[-1]._data.shape[1]]
    result = _chained(chain, _cheapest_splits(sizes), 0, len(chain) - 1)
    kept = [n for n, dropped in zip(result.shape, vectors) if not dropped]
    return written("multi_dot", result.reshape(kept), out)


def _check_chain(tensors: Sequence[Tensor]) -> None:
    last = len(tensors) - 1
    for i, x in enumerate(tensors):
        end = i in (0, last)
        if x._data.ndim not in ((1, 2) if end else (2,)):
            place = "the first tensor" if i == 0 else "the last tensor" if end else f"tensor {i}"
            wanted = "1D or 2D" if end else "2D"
            raise RuntimeError(f"multi_dot(): {place} must be {wanted} but got {x._data.ndim}D")
        if x.dtype is not tensors[0].dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{tensors[0].dtype.legacy} and tensor {i} {x.dtype.legacy}"
            )


def _cheapest_splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to split each subchain (i, j) (Cormen et al., Introduction to Algorithms)."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    splits = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = {
                k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            }
            splits[i, j] = min(options, key=options.__getitem__)
            cost[i, j] = options[splits[i, j]]
    return splits


def _chained(chain: Sequence[Tensor], splits: dict, i: int, j: int) -> Tensor:
    if i == j:
        return chain[i]
    k = splits[i, j]
    return matmul(_chained(chain, splits, i, k), _chained(chain, splits, k + 1, j))


# --- powers ---------------------------------------------------------------------------------------


def matrix_power(A: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The `n`-th power of square matrices by repeated squaring; of the inverse for negative `n`."""
    if A._data.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_power: The input tensor A must have at least 2 dimensions."
        )
    if A._data.shape[-1] != A._data.shape[-2]:
        raise RuntimeError(
            "linalg.matrix_power: A must be batches of square matrices, but they are "
            f"{A._data.shape[-2]} by {A._data.shape[-1]} matrices"
        )
    if n < 0:
        return matrix_power(inv(A), -n, out=out)
    result, square = None, A
    while n:
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        square = matmul(square, square) if n else square
    if result is None:
        result = identity_like(A)
    return written("linalg_matrix_power", result.clone() if result is A else result, out)


def _matrix_exp_x(xp: Any, g: Any, x: Any) -> Any:
    """The derivative along g at x.mH is a block of one exponential (Najfeld and Havel 1995)."""
    n, adj, ndim = x.shape[-1], adjoint(xp, x), len(x.shape)
    nothing = xp.full(tuple(x.shape), 0, dtypes.of(x))
    top = xp.concatenate((adj, g), ndim - 1)
    below = xp.concatenate((nothing, adj), ndim - 1)
    both = xp.matrix_exp(xp.concatenate((top, below), ndim - 2))
    return part(xp, both, slice(0, n), slice(n, None))


_matrix_exp = declare("matrix_exp", title="LinalgMatrixExp",
                      x=_matrix_exp_x)  # fmt: skip


def matrix_exp(A: Tensor) -> Tensor:
    """``e**A`` for square matrices: ``I + A + A @ A / 2 + ...``. (*, n, n)."""
    square_of("linalg.matrix_exp", A, half=True)
    return _matrix_exp(A)


__all__ = [
    "cross", "diagonal", "matmul", "matrix_exp", "matrix_power", "multi_dot", "vander", "vecdot",
]  # fmt: skip
