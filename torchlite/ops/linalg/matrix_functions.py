"""PyTorch's top-level matrix functions: those of `torchlite.linalg`, with `input` first."""

from __future__ import annotations

import math
from typing import Any

from torchlite import linalg
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor, wrap
from torchlite.linalg import elimination, factors, solvers
from torchlite.linalg.checks import check_same_dtype, matrix_of, square_of, written
from torchlite.ops.core.family import functional, operation
from torchlite.ops.core.methods import method

# --- aliases of `linalg` ------------------------------------------------------------------------


@operation
def det(input: Tensor) -> Tensor:
    """The determinant of square matrices: `linalg.det`."""
    return linalg.det(input)


@operation
def slogdet(input: Tensor, *, out: Any = None) -> return_types.slogdet:
    """``(sign, logabsdet)`` of the determinant: `linalg.slogdet`."""
    return written("slogdet", return_types.slogdet(*linalg.slogdet(input)), out)


@operation
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant: NaN if it is negative, -inf if it is 0."""
    sign, size = linalg.slogdet(input)
    if input.dtype.is_complex:
        return sign.log() + size
    return size.where(sign != -1, math.nan)


@operation
def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of square matrices: `linalg.inv`."""
    return linalg.inv(input, out=out)


@operation
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse: `linalg.pinv`."""
    return linalg.pinv(input, rcond)


@operation
def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The `n`-th power of square matrices: `linalg.matrix_power`."""
    return linalg.matrix_power(input, n, out=out)


@operation
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of square matrices: `linalg.matrix_exp`."""
    return linalg.matrix_exp(input)


@functional
def chain_matmul(*matrices: Any, out: Tensor | None = None) -> Tensor:
    """The product of matrices in the cheapest order: `linalg.multi_dot`."""
    if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)):
        matrices = tuple(matrices[0])
    for x in matrices:
        if x._data.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {x._data.ndim}, expected 2 instead.")
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    if len(matrices) == 1:
        return written("chain_matmul", matrices[0], out)
    return linalg.multi_dot(matrices, out=out)


# --- Cholesky -----------------------------------------------------------------------------------


@operation
def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The triangular factor of positive definite matrices: `linalg.cholesky`."""
    square_of("cholesky", input)
    return linalg.cholesky(input, upper=upper, out=out)


def _check_system(name: str, A: Tensor, B: Tensor) -> None:
    for label, x in (("b", B), ("u", A)):
        if x._data.ndim < 2:
            raise RuntimeError(
                f"{label} should have at least 2 dimensions, but has {x._data.ndim} dimensions "
                "instead"
            )
    square_of(name, A)
    if A._data.shape[-2] != B._data.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {A._data.shape[-1]} by "
            f"{A._data.shape[-1]} but each b matrix is {B._data.shape[-2]} by {B._data.shape[-1]}"
        )
    check_same_dtype(name, A, B)


@operation
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False, *,
                   out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The X such that ``L @ L.mH @ X == input``; `input2` is L, or ``L.mH`` if `upper`.

    (*, n, k), (*, n, n) -> (*, n, k).
    """
    _check_system("cholesky_solve", input2, input)
    broadcast_shapes(input._data.shape[:-2], input2._data.shape[:-2])
    return written("cholesky_solve", solvers.cholesky_solve(input, input2, bool(upper)), out)


def _matrix(A: Tensor, B: Tensor) -> Tensor:
    """B with as many dimensions as A: here, it is never a batch of vectors."""
    return B.unsqueeze(0) if B._data.ndim < A._data.ndim else B


@operation
def cholesky_inverse(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``L @ L.mH``; `input` is L, or ``L.mH`` if `upper`. (*, n, n)."""
    size = square_of("cholesky_inverse", input)
    eye = wrap(local.mode.xp.eye(size, size, input.dtype)).expand(input.shape)
    return cholesky_solve(eye, input, upper, out=out)


# --- QR, singular values ------------------------------------------------------------------------


@operation
def qr(input: Tensor, some: bool = True, *, out: Any = None) -> return_types.qr:
    """``(Q, R)`` as in `linalg.qr`; mode "complete" if not `some`."""
    result = return_types.qr(*linalg.qr(input, "reduced" if some else "complete"))
    return written("qr", result, out)


geqrf = operation(factors.geqrf)
ormqr = operation(factors.ormqr)


@operation
def orgqr(input: Tensor, input2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of Householder reflectors: `linalg.householder_product`."""
    return linalg.householder_product(input, input2, out=out)


@operation
def svd(
    input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None
) -> return_types.svd:
    """``input = U diag(S) V.mH``: `linalg.svd`, but with V; U and V are 0 unless `compute_uv`."""
    if compute_uv:
        u, s, vh = linalg.svd(input, not some)
        return written("svd", return_types.svd(u, s, vh.mH), out)
    m, n = matrix_of("linalg.svd", input)
    batch, s = input.shape[:-2], linalg.svdvals(input)
    u, v = input.new_zeros((*batch, m, m)), input.new_zeros((*batch, n, n))
    return written("svd", return_types.svd(u, s, v), out)


def _range_basis(A: Tensor, q: int, niter: int, M: Tensor | None) -> Tensor:
    """An orthonormal basis (*, m, q) that approximates the range of ``A - M``.

    Source: Halko, Martinsson and Tropp 2009, https://arxiv.org/abs/0909.4061
    """
    from torchlite.ops.creation.random import randn

    adjoint = A.mH
    if M is None:
        forward, back = (lambda x: A @ x), (lambda x: adjoint @ x)
    else:
        forward, back = (lambda x: A @ x - M @ x), (lambda x: adjoint @ x - M.mH @ x)
    basis = linalg.qr(forward(randn(A.shape[-1], q, dtype=A.dtype))).Q
    for _ in range(niter):
        basis = linalg.qr(back(basis)).Q
        basis = linalg.qr(forward(basis)).Q
    return basis


@functional
def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2,
                M: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """``(U, S, V)``: roughly the `q` largest singular values of ``A - M``, by random projection.

    (*, m, n) -> (*, m, q), (*, q), (*, n, q); `niter` power iterations improve it. Source: Halko,
    Martinsson and Tropp 2009, https://arxiv.org/abs/0909.4061
    """
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    M = None if M is None else M.broadcast_to(A.shape)
    m, n = A._data.shape[-2:]
    wide = m < n
    if wide:
        A, M = A.mH, None if M is None else M.mH
    basis = _range_basis(A, q, niter, M)
    rest = basis.mH @ A if M is None else basis.mH @ A - basis.mH @ M
    u, s, vh = linalg.svd(rest, False)
    u, v = basis @ u, vh.mH
    return (v, s, u) if wide else (u, s, v)


@functional
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True,
                niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """`svd_lowrank` of the rows of A minus their mean (if `center`): ``(U, S, V)``.

    `q` defaults to ``min(6, m, n)``. Raises: ValueError if it is out of range.
    """
    m, n = A._data.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, True) if center else A, q, niter)


# --- LU, triangular systems ---------------------------------------------------------------------


@operation
def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *,
             out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The X such that ``A @ X == input``, given the LU factors of A: `linalg.lu_solve`."""
    return linalg.lu_solve(LU_data, LU_pivots, input, out=out)


lu_unpack = functional(elimination.lu_unpack)


@functional
def lu(
    A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None
) -> tuple[Tensor, ...]:
    """``(LU, pivots)`` as in `linalg.lu_factor_ex`, and ``info`` if `get_infos`."""
    lu_data, pivots, info = linalg.lu_factor_ex(A, pivot=pivot)
    result = (lu_data, pivots, info) if get_infos else (lu_data, pivots)
    if out is None:
        return result
    return tuple(written("lu", r, o) for r, o in zip(result, out))


@method(name="lu")
def _lu_method(self: Tensor, pivot: bool = True, get_infos: bool = False) -> tuple[Tensor, ...]:
    """`lu` of this tensor."""
    return lu(self, pivot, get_infos)


@operation
def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False,
    unitriangular: bool = False, *, out: Any = None,
) -> return_types.triangular_solve:
    """``(solution, cloned_coefficient)`` of ``A @ X == input`` for triangular A (or ``A.mT``).

    (*, n, k), (*, n, n). Superseded by `linalg.solve_triangular`.
    """
    _check_system("triangular_solve", A, input)
    matrix, reads_upper = (A.mT, not upper) if transpose else (A, upper)
    solution = linalg.solve_triangular(
        matrix, _matrix(A, input), upper=reads_upper, unitriangular=unitriangular
    )
    batch = solution.shape[:-2]
    clone = A.expand((*batch, *A.shape[-2:])).clone()
    return written("triangular_solve", return_types.triangular_solve(solution, clone), out)


# --- norms --------------------------------------------------------------------------------------


@functional
def frobenius_norm(input: Tensor, dim: Any = (), keepdim: bool = False, *,
                   out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The 2-norm over one or two dimensions, all by default."""
    return linalg.vector_norm(input, 2, dim or None if dim != 0 else 0, keepdim, out=out)


@functional
def nuclear_norm(input: Tensor, dim: Any = None, keepdim: bool = False, *,
                 out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The sum of the singular values of matrices in two dimensions."""
    if isinstance(dim, bool):
        dim, keepdim = None, dim
    return linalg.matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, out=out)


__all__ = [
    "chain_matmul", "cholesky", "cholesky_inverse", "cholesky_solve", "det", "frobenius_norm",
    "geqrf", "inverse", "logdet", "lu", "lu_solve", "lu_unpack", "matrix_exp", "matrix_power",
    "nuclear_norm", "orgqr", "ormqr", "pca_lowrank", "pinverse", "qr", "slogdet", "svd",
    "svd_lowrank", "triangular_solve",
]  # fmt: skip
