"""Cholesky and QR factorizations, Householder reflectors.

Sources of the gradients: Giles 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf;
Murray 2016, https://arxiv.org/abs/1602.07527; Roberts and Roberts 2020,
https://arxiv.org/abs/2009.10071
"""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.tensor import Tensor, wrap
from torchlite.linalg.checks import (
    adjoint,
    check_info,
    diagonal_of,
    embedded,
    from_right,
    identity_like,
    matrix_of,
    part,
    square_of,
    written,
)
from torchlite.ops.core.op import declare
from torchlite.ops.shape.joining import cat

# --- gradients ------------------------------------------------------------------------------------


def _half_diagonal(xp: Any, x: Any) -> Any:
    """The lower triangle with its diagonal halved."""
    half = embedded(xp, xp.mul(diagonal_of(xp, x), 0.5), dtypes.of(x))
    return xp.sub(xp.tril(x, 0), half)


def _cholesky_x(xp: Any, g: Any, out0: Any, upper: bool) -> Any:
    lower, g = (adjoint(xp, out0), adjoint(xp, g[0])) if upper else (out0, g[0])
    adj = adjoint(xp, lower)
    inner = xp.tril(xp.matmul(adj, g), 0)
    inner = xp.mul(xp.add(inner, adjoint(xp, xp.tril(inner, -1))), 0.5)
    return from_right(xp, xp.solve_triangular(adj, inner, True, False), lower, False)


def _qr_x(xp: Any, g: Any, out0: Any, out1: Any, mode: str) -> Any:
    rows, columns = out0.shape[-2], out1.shape[-1]
    if mode == "complete" and rows > columns:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
        )
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr"
        )
    gq, gr = g
    inner = xp.sub(xp.matmul(gr, adjoint(xp, out1)), xp.matmul(adjoint(xp, out0), gq))
    if rows >= columns:
        upper = adjoint(xp, _half_diagonal(xp, adjoint(xp, inner)))  # diagonal halved
        symmetric = xp.add(upper, adjoint(xp, upper))
        total = xp.add(xp.matmul(out0, symmetric), gq)
        return from_right(xp, total, adjoint(xp, out1), False)
    skew = _half_diagonal(xp, xp.sub(adjoint(xp, inner), inner))
    square = part(xp, out1, slice(None), slice(0, rows))
    left = from_right(xp, xp.matmul(out0, skew), adjoint(xp, square), False)
    widths = ((0, 0),) * (len(left.shape) - 1) + ((0, columns - rows),)
    return xp.add(xp.pad(left, widths, 0), xp.matmul(out0, gr))


_cholesky = declare("cholesky", title="LinalgCholeskyEx",
                    x=_cholesky_x)  # fmt: skip
_qr = declare("qr", title="LinalgQr", x=_qr_x)
_geqrf = declare("geqrf")

# --- Cholesky -------------------------------------------------------------------------------------


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False,
                out: Any = None) -> return_types.linalg_cholesky_ex:  # fmt: skip
    """Like `cholesky`, but does not raise: ``(L, info)`` with info (*), int32.

    It is 0 or the order of the first leading minor that is not positive definite; then L is NaN.
    """
    square_of("linalg.cholesky_ex", A)
    result = return_types.linalg_cholesky_ex(*_cholesky(A, bool(upper)))
    if check_errors:
        _check_positive("linalg.cholesky_ex", result.info)
    return written("linalg_cholesky_ex", result, out)


def _check_positive(name: str, info: Tensor) -> None:
    text = (
        "The factorization could not be completed because the input is not positive-definite "
        "(the leading minor of order {} is not positive-definite)."
    )
    check_info(name, info, text)


def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with ``A = L @ L.mH``, or the upper ``L.mH``. (*, n, n).

    Raises: LinAlgError if a matrix is not positive definite.
    """
    square_of("linalg.cholesky", A)
    factor, info = _cholesky(A, bool(upper))
    _check_positive("linalg.cholesky", info)
    return written("linalg_cholesky", factor, out)


# --- QR -------------------------------------------------------------------------------------------


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> return_types.linalg_qr:
    """``A = Q @ R``: Q has orthonormal columns, R is upper triangular.

    (*, m, n) -> (*, m, k), (*, k, n) with k = min(m, n), or k = m for `mode` "complete"; for "r",
    Q is empty and there is no gradient. Raises: RuntimeError (as PyTorch) for any other mode.
    """
    matrix_of("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    q, r = _qr(A, mode)
    if mode == "r":
        q = wrap(local.mode.xp.empty((0,), A.dtype))
    return written("linalg_qr", return_types.linalg_qr(q, r), out)


def geqrf(input: Tensor, *, out: Any = None) -> return_types.geqrf:
    """QR in LAPACK's format: ``a``, R with the reflectors below it, and ``tau``; no gradient."""
    matrix_of("torch.geqrf", input, "input")
    return written("geqrf", return_types.geqrf(*_geqrf(input.detach())), out)


def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first n columns of the product of Householder reflectors. (*, m, n), (*, k) -> (*, m, n).

    Reflector i is ``I - tau[i] * v @ v.mH``; v is column i of A below its diagonal, with 1 on it.
    """
    m, n = matrix_of("torch.linalg.householder_product", A, "input")
    _check_reflectors(A, tau, m, n)
    result = identity_like(A)
    for i in reversed(range(tau._data.shape[-1])):
        result = _reflected(A, tau, i, result)
    return written("linalg_householder_product", result, out)


def _reflected(A: Tensor, tau: Tensor, i: int, x: Tensor) -> Tensor:
    """Reflector i of A applied to x (*, m, k)."""
    head = A.new_zeros((*A.shape[:-2], i, 1))
    one = A.new_ones((*A.shape[:-2], 1, 1))
    v = cat((head, one, A[..., i + 1 :, i : i + 1]), -2)
    return x - tau[..., i, None, None] * (v @ (v.mH @ x))


def _check_reflectors(A: Tensor, tau: Tensor, m: int, n: int) -> None:
    name = "torch.linalg.householder_product"
    if m < n:
        raise RuntimeError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if n < tau._data.shape[-1]:
        raise RuntimeError(
            f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]"
        )
    if A._data.ndim - tau._data.ndim != 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal "
            f"to {tau._data.ndim} and input.ndim is equal to {A._data.ndim}"
        )
    if A._data.shape[:-2] != tau._data.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau.shape[:-1])}"
        )
    if A.dtype is not tau.dtype:
        raise RuntimeError(f"{name}: tau dtype {tau.dtype} does not match input dtype {A.dtype}")


def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False,
          *, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``Q @ other`` with the m by m product Q of the reflectors of `geqrf`, or its adjoint.

    (*, m, k), (*, k), (*, m, n) -> (*, m, n); without `left`, ``other @ Q``, other (*, n, m).
    """
    matrix_of("torch.ormqr", input, "input")
    own = other if left else other.mH
    size = own._data.shape[-2]
    if input._data.shape[-2] != size:
        place = -2 if left else -1
        raise RuntimeError(f"torch.ormqr: other.shape[{place}] must be equal to input.shape[-2]")
    adjointed = bool(transpose) == bool(left)  # other @ Q is (Q.mH @ other.mH).mH
    order = range(tau._data.shape[-1])
    for i in order if adjointed else reversed(order):
        own = _reflected(input, tau.conj() if adjointed else tau, i, own)
    return written("ormqr", own if left else own.mH, out)


__all__ = ["cholesky", "cholesky_ex", "householder_product", "qr"]
