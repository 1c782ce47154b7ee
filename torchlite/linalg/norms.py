"""Matrix norms, condition numbers and ranks."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.linalg.checks import check_float, matrix_of, square_of, written
from torchlite.linalg.inverses import inv_ex
from torchlite.linalg.least_squares import tolerance_of
from torchlite.linalg.spectra import eigvalsh, svdvals
from torchlite.ops.core.promotion import cast
from torchlite.ops.reduce.extremes import amax, amin
from torchlite.ops.reduce.norms import vector_norm


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
    dtype: dtypes.dtype | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A norm of each matrix in two dimensions. `ord`: "fro" (Frobenius), "nuc" (sum of singular
    values), inf and -inf (largest and smallest absolute row sum), 1 and -1 (of columns), 2 and -2
    (largest and smallest singular value).

    Raises: RuntimeError (as PyTorch) for another `ord`, or one undefined for empty matrices.
    """
    matrix_of("linalg.matrix_norm", A, half=ord not in ("nuc", 2, -2))
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError("linalg.matrix_norm: dim must be a 2-tuple")
    rows, columns = (normalize_dim(d, A._data.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if dtype is not None:
        A = cast(A, dtype)
    if ord == "fro":
        result = vector_norm(A, 2, (rows, columns), keepdim)
    elif ord == "nuc" or (ord in (2, -2) and not isinstance(ord, str)):
        result = _spectral(A, ord, rows, columns, keepdim)
    elif ord in (1, -1, math.inf, -math.inf):
        result = _greatest_sum(A, ord, rows, columns, keepdim)
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    return written("linalg_matrix_norm", result, out)


def _spectral(A: Tensor, ord: Any, rows: int, columns: int, keepdim: bool) -> Tensor:
    values = svdvals(A.movedim((rows, columns), (-2, -1)))
    result = values.sum(-1) if ord == "nuc" else _extreme(values, ord, -1)
    return _restored(result, rows, columns) if keepdim else result


def _extreme(x: Tensor, ord: float, dim: int, keepdim: bool = False) -> Tensor:
    """The maximum (0 if empty) for positive `ord`, the minimum for negative `ord`."""
    if ord > 0 and not x._data.shape[dim]:
        return x.sum(dim, keepdim)
    return (amax if ord > 0 else amin)(x, dim, keepdim)


def _restored(x: Tensor, *axes: int) -> Tensor:
    for axis in sorted(axes):
        x = x.unsqueeze(axis)
    return x


def _greatest_sum(A: Tensor, ord: float, rows: int, columns: int, keepdim: bool) -> Tensor:
    summed, other = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = A.abs().sum(summed, True)
    result = _extreme(sums, ord, other, True)
    return result if keepdim else result.squeeze((rows, columns))


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
         dtype: dtypes.dtype | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The norm of vectors along one `dim`, or of matrices along two.

    Without `dim`: the 2-norm of all elements, or, if `ord` is given, the norm of A itself, 1-d or
    2-d. Raises: RuntimeError (as PyTorch) for an invalid `ord` or `dim`.
    """
    if isinstance(A, Tensor):
        check_float("linalg.norm", A, half=True)
    count = A._data.ndim if dim is None else 1 if isinstance(dim, int) else len(dim)
    if dim is not None and count not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is specified, it must be of length 1 or 2. Got "
            f"[{', '.join(map(str, dim))}]"
        )
    if dim is None and ord is not None and count not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{count}D."
        )
    if ord is None or (count == 1 and not isinstance(ord, str)):
        return vector_norm(A, 2.0 if ord is None else ord, dim, keepdim, dtype=dtype, out=out)
    axes = (-2, -1) if dim is None else dim
    return matrix_norm(A, ord, axes, keepdim, dtype=dtype, out=out)


def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number: the product of the `p`-norms of A and its inverse. (*, m, n) -> (*).

    `p`: like `ord` of `matrix_norm`; None means 2. Infinite for singular matrices. Raises:
    RuntimeError (as PyTorch) if A is not square and p is not 2 or -2.
    """
    matrix_of("linalg.cond", A)
    if 0 in A._data.shape[-2:]:
        return written("linalg_cond", A.new_zeros(A.shape[:-2], dtype=A.dtype.to_real()), out)
    if p in (None, 2, -2):
        values = svdvals(A)
        ends = values[..., 0], values[..., -1]
        result = ends[1] / ends[0] if p == -2 else ends[0] / ends[1]
        return written("linalg_cond", result, out)
    square_of("linalg.cond", A)
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    inverse, info = inv_ex(A)
    result = (matrix_norm(A, p) * matrix_norm(inverse, p)).where(info == 0, math.inf)
    return written("linalg_cond", result, out)


def matrix_rank(A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None,
                rtol: Any = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The number of singular values above ``max(atol, rtol * largest)``. (*, m, n) -> (*).

    By default ``rtol = max(m, n) * eps``; `tol` is an old name for `atol` (with rtol 0).
    `hermitian`: uses the eigenvalues of the lower triangle.
    """
    matrix_of("linalg.matrix_rank", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    detached = A.detach()
    values = eigvalsh(detached).abs() if hermitian else svdvals(detached)
    if not A._data.size:
        return written("matrix_rank", A.new_zeros(A.shape[:-2], dtype=dtypes.int64), out)
    limit = tolerance_of(A, values.amax(-1), atol, rtol)
    result = (values > limit.unsqueeze(-1)).sum(-1)
    return written("linalg_matrix_rank", result, out)


__all__ = ["cond", "matrix_norm", "matrix_rank", "norm", "vector_norm"]
