"""Eigenvalues and singular values.

Sources of the gradients: Giles 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf;
Boeddeker et al. 2017, https://arxiv.org/abs/1701.00392; Wan and Zhang 2019,
https://arxiv.org/abs/1909.02659. Gradients of vectors are finite only for distinct values.
"""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.core import return_types
from torchlite.core.tensor import Tensor
from torchlite.linalg.checks import (
    adjoint,
    as_like,
    column,
    diagonal_of,
    embedded,
    gaps,
    matrix_of,
    product,
    quotient,
    row,
    square_of,
    written,
)
from torchlite.ops.core.op import declare

# --- gradients ------------------------------------------------------------------------------------


def _off_diagonal(xp: Any, x: Any) -> Any:
    return xp.sub(x, xp.mul(x, xp.eye(x.shape[-1], x.shape[-1], dtypes.of(x))))


def _eigh_x(xp: Any, g: Any, out0: Any, out1: Any) -> Any:
    adj, kind = adjoint(xp, out1), dtypes.of(out1)
    inner = xp.matmul(adj, g[1])
    inner = xp.mul(xp.sub(inner, adjoint(xp, inner)), 0.5)  # vectors only rotate
    turned = _off_diagonal(xp, quotient(xp, inner, xp.astype(gaps(xp, out0), kind)))
    return product(xp, out1, xp.add(turned, embedded(xp, g[0], kind)), adj)


def _eigvalsh_x(xp: Any, g: Any, x: Any, upper: bool) -> Any:
    v = xp.eigh(x, upper)[1]
    return xp.matmul(xp.mul(v, row(xp, xp.astype(g, dtypes.of(v)))), adjoint(xp, v))


def _eig_x(xp: Any, g: Any, out0: Any, out1: Any, x_dtype: Any) -> Any:
    adj = adjoint(xp, out1)
    inner = xp.matmul(adj, g[1])
    length = xp.astype(xp.real(diagonal_of(xp, inner)), dtypes.of(out1))
    inner = xp.sub(inner, xp.mul(xp.matmul(adj, out1), row(xp, length)))
    turned = _off_diagonal(xp, quotient(xp, inner, xp.conj(gaps(xp, out0))))
    middle = xp.add(turned, embedded(xp, g[0], dtypes.of(out1)))
    return as_like(xp, xp.solve(adj, xp.matmul(middle, adj)), x_dtype)


def _eigvals_x(xp: Any, g: Any, x: Any) -> Any:
    v = xp.eig(x)[1]
    adj = adjoint(xp, v)
    return as_like(xp, xp.solve(adj, xp.mul(column(xp, g), adj)), dtypes.of(x))


def _first(xp: Any, x: Any, count: int, rows: bool) -> Any:
    """The first rows or columns."""
    taken = slice(0, count)
    if rows:
        return x if x.shape[-2] == count else xp.getitem(x, (..., taken, slice(None)))
    return x if x.shape[-1] == count else xp.getitem(x, (..., taken))


def _svd_x(xp: Any, g: Any, out0: Any, out1: Any, out2: Any) -> Any:
    k, kind = out1.shape[-1], dtypes.of(out0)
    u, gu = _first(xp, out0, k, False), _first(xp, g[0], k, False)
    vh, gvh = _first(xp, out2, k, True), _first(xp, g[2], k, True)
    uh, v = adjoint(xp, u), adjoint(xp, vh)
    s = xp.astype(out1, kind)
    left, right = xp.matmul(uh, gu), xp.matmul(vh, adjoint(xp, gvh))
    left, right = xp.sub(left, adjoint(xp, left)), xp.sub(right, adjoint(xp, right))
    turned = xp.add(xp.mul(left, row(xp, s)), xp.mul(column(xp, s), right))
    turned = _off_diagonal(xp, quotient(xp, turned, gaps(xp, xp.square(s))))
    middle = xp.add(turned, embedded(xp, g[1], kind))
    if kind.is_complex:
        phase = quotient(xp, diagonal_of(xp, left), xp.mul(s, 2))
        middle = xp.add(middle, embedded(xp, phase, kind))
    result = product(xp, u, middle, vh)
    if u.shape[-2] > k:
        outside = quotient(xp, gu, row(xp, s))
        outside = xp.sub(outside, xp.matmul(u, xp.matmul(uh, outside)))
        result = xp.add(result, xp.matmul(outside, vh))
    if vh.shape[-1] > k:
        outside = quotient(xp, gvh, column(xp, s))
        outside = xp.sub(outside, xp.matmul(xp.matmul(outside, v), vh))
        result = xp.add(result, xp.matmul(u, outside))
    return result


def _svdvals_x(xp: Any, g: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, False)
    return xp.matmul(xp.mul(u, row(xp, xp.astype(g, dtypes.of(u)))), vh)


_eigh = declare("eigh", title="LinalgEigh", x=_eigh_x)
_eigvalsh = declare("eigvalsh", title="LinalgEigh", x=_eigvalsh_x)
_eig = declare("eig", title="LinalgEig", x=_eig_x)
_eigvals = declare("eigvals", title="LinalgEig", x=_eigvals_x)
_svd = declare("svd", title="LinalgSvd", x=_svd_x)
_svdvals = declare("svdvals", title="LinalgSvd", x=_svdvals_x)

# --- eigenvalues ----------------------------------------------------------------------------------


def _reads_upper(UPLO: str) -> bool:
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper() == "U"


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> return_types.linalg_eigh:
    """Ascending eigenvalues and eigenvectors (columns) of symmetric or Hermitian matrices.

    (*, n, n) -> ``eigenvalues`` (*, n), real, ``eigenvectors`` (*, n, n). Only the triangle `UPLO`
    is read. Raises: RuntimeError (as PyTorch) if not square; LinAlgError for NaN.
    """
    square_of("linalg.eigh", A)
    values = return_types.linalg_eigh(*_eigh(A, _reads_upper(UPLO)))
    return written("linalg_eigh", values, out)


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of `eigh`."""
    square_of("linalg.eigvalsh", A)
    return written("linalg_eigvalsh", _eigvalsh(A, _reads_upper(UPLO)), out)


def eig(A: Tensor, *, out: Any = None) -> return_types.linalg_eig:
    """Eigenvalues and eigenvectors (columns, of norm 1) of square matrices; always complex.

    (*, n, n) -> ``eigenvalues`` (*, n), ``eigenvectors`` (*, n, n). Raises: RuntimeError (as
    PyTorch) if not square or not finite.
    """
    _check_finite("torch.linalg.eig", A, square_of("linalg.eig", A))
    return written("linalg_eig", return_types.linalg_eig(*_eig(A)), out)


def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of `eig`."""
    _check_finite("torch.linalg.eigvals", A, square_of("linalg.eigvals", A))
    return written("linalg_eigvals", _eigvals(A), out)


def _check_finite(name: str, A: Tensor, size: int) -> None:
    if size and not A.detach().isfinite().all():
        raise RuntimeError(f"{name}: input tensor should not contain infs or NaNs.")


# --- singular values ------------------------------------------------------------------------------


def _check_driver(name: str, driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(
            f"{name}: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
            "backend."
        )


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None,
        out: Any = None) -> return_types.linalg_svd:  # fmt: skip
    """``A = U diag(S) Vh``: unitary ``U`` and ``Vh``, singular values ``S`` in descending order.

    (*, m, n) -> (*, m, m), (*, k), (*, n, n), k = min(m, n); without `full_matrices`, (*, m, k)
    and (*, k, n). Raises: LinAlgError for NaN.
    """
    matrix_of("linalg.svd", A)
    _check_driver("torch.linalg.svd", driver)
    return written("linalg_svd", return_types.linalg_svd(*_svd(A, bool(full_matrices))), out)


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of `svd`."""
    matrix_of("linalg.svdvals", A)
    _check_driver("torch.linalg.svdvals", driver)
    return written("linalg_svdvals", _svdvals(A), out)


__all__ = ["eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals"]
