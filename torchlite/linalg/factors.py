"""Factorizations into triangular and orthogonal matrices: Cholesky, QR, LU, LDL.

Source of their gradients: Giles 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf;
Murray 2016, https://arxiv.org/abs/1602.07527; Roberts and Roberts 2020,
https://arxiv.org/abs/2009.10071
"""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, wrap
from torchlite.backends.registry import local
from torchlite.linalg.checks import (
    adjoint,
    check_info,
    diagonal_of,
    embedded,
    identity,
    identity_like,
    matrix_of,
    part,
    square_of,
    written,
)
from torchlite.ops import return_types
from torchlite.ops.joining import cat
from torchlite.ops.op import declare
from torchlite.ops.rearranging import tril, triu

_ALL = slice(None)

# --- gradients ----------------------------------------------------------------------------------


def _from_right(xp: Any, b: Any, a: Any, upper: bool, unit: bool = False) -> Any:
    """``b @ a^-1`` with a triangular."""
    solved = xp.solve_triangular(adjoint(xp, a), adjoint(xp, b), not upper, unit)
    return adjoint(xp, solved)


def _half_diagonal(xp: Any, x: Any) -> Any:
    """The lower triangle, its diagonal halved."""
    half = embedded(xp, xp.mul(diagonal_of(xp, x), 0.5), dtypes.of(x))
    return xp.sub(xp.tril(x, 0), half)


def _cholesky_x(xp: Any, g: Any, out0: Any, upper: bool) -> Any:
    lower, g = (adjoint(xp, out0), adjoint(xp, g[0])) if upper else (out0, g[0])
    adj = adjoint(xp, lower)
    inner = xp.tril(xp.matmul(adj, g), 0)
    inner = xp.mul(xp.add(inner, adjoint(xp, xp.tril(inner, -1))), 0.5)
    return _from_right(xp, xp.solve_triangular(adj, inner, True, False), lower, False)


def _qr_x(xp: Any, g: Any, out0: Any, out1: Any, mode: str) -> Any:
    rows, columns = out0.shape[-2], out1.shape[-1]
    if mode == "complete" and rows > columns:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
        )
    gq, gr = g
    inner = xp.sub(xp.matmul(gr, adjoint(xp, out1)), xp.matmul(adjoint(xp, out0), gq))
    if rows >= columns:
        upper = adjoint(xp, _half_diagonal(xp, adjoint(xp, inner)))  # diagonal halved
        symmetric = xp.add(upper, adjoint(xp, upper))
        total = xp.add(xp.matmul(out0, symmetric), gq)
        return _from_right(xp, total, adjoint(xp, out1), False)
    skew = _half_diagonal(xp, xp.sub(adjoint(xp, inner), inner))
    square = part(xp, out1, _ALL, slice(0, rows))
    left = _from_right(xp, xp.matmul(out0, skew), adjoint(xp, square), False)
    widths = ((0, 0),) * (len(left.shape) - 1) + ((0, columns - rows),)
    return xp.add(xp.pad(left, widths, 0), xp.matmul(out0, gr))


def _lu_x(xp: Any, g: Any, out0: Any, out1: Any) -> Any:
    """Of the square corner; the rows below and the columns beside it are triangular solutions."""
    m, n = out0.shape[-2:]
    k = min(m, n)
    first, rest = slice(0, k), slice(k, None)
    corner, g_corner = part(xp, out0, first, first), part(xp, g[0], first, first)
    lower = xp.add(xp.tril(corner, -1), identity(xp, corner))
    lower_h, upper_h = adjoint(xp, lower), adjoint(xp, xp.triu(corner, 0))
    g_lower, g_upper = xp.tril(g_corner, -1), xp.triu(g_corner, 0)
    beside = below = None
    if n > k:
        beside = xp.solve_triangular(lower_h, part(xp, g[0], first, rest), True, True)
        below_u = adjoint(xp, part(xp, out0, first, rest))
        g_lower = xp.sub(g_lower, xp.matmul(beside, below_u))
    if m > k:
        below = _from_right(xp, part(xp, g[0], rest, first), upper_h, False)
        below_l = adjoint(xp, part(xp, out0, rest, first))
        g_upper = xp.sub(g_upper, xp.matmul(below_l, below))
    inner = xp.add(xp.tril(xp.matmul(lower_h, g_lower), -1),
                   xp.triu(xp.matmul(g_upper, upper_h), 0))  # fmt: skip
    total = _from_right(xp, xp.solve_triangular(lower_h, inner, True, True), upper_h, False)
    if beside is not None:
        total = xp.concatenate((total, beside), len(total.shape) - 1)
    if below is not None:
        total = xp.concatenate((total, below), len(total.shape) - 2)
    return _rows(xp, total, places_of(out1, m))


def places_of(pivots: Any, rows: int) -> Any:
    """Where each row goes: int64 (*, rows), so that ``A[i] == (L @ U)[places[i]]``."""
    xp = local.mode.xp
    data = getattr(pivots, "_data", pivots)
    batch = data.shape[:-1]
    swaps = xp.tolist(xp.reshape(data, (-1, data.shape[-1]))) if data.size else []
    orders = []
    for swap in swaps:
        order = list(range(rows))
        for i, other in enumerate(swap):
            order[i], order[other - 1] = order[other - 1], order[i]
        orders.append(sorted(range(rows), key=order.__getitem__))
    if not orders:
        identity_order = xp.arange(0, rows, 1, dtypes.int64)
        return xp.broadcast_to(identity_order, (*batch, rows))
    return xp.reshape(xp.array(orders, dtypes.int64), (*batch, rows))


def _rows(xp: Any, x: Any, places: Any) -> Any:
    """``x[places]`` in each matrix: x (*, n, k), places (*, n)."""
    arrays = local.mode.xp
    index = arrays.broadcast_to(
        arrays.reshape(places, (*places.shape, 1)), (*places.shape, x.shape[-1])
    )
    return xp.gather(x, index, len(x.shape) - 2)


_cholesky = declare("cholesky", "x upper", outputs=2, holomorphic=False, title="LinalgCholeskyEx",
                    x=_cholesky_x)  # fmt: skip
_qr = declare("qr", "x mode", outputs=2, holomorphic=False, title="LinalgQr", x=_qr_x)
_lu_factor = declare("lu_factor", "x", outputs=3, holomorphic=False, title="LinalgLuFactorEx",
                     x=_lu_x)  # fmt: skip
_ldl_factor = declare("ldl_factor", "x hermitian", outputs=3)
_geqrf = declare("geqrf", "x", outputs=2)

# --- Cholesky -----------------------------------------------------------------------------------


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False,
                out: Any = None) -> Any:  # fmt: skip
    """As `cholesky`, but does not raise: ``(L, info)`` with info (*), int32.

    It is 0 or the order of the first leading minor that is not positive definite; L is NaN then.
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


# --- QR -----------------------------------------------------------------------------------------


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """``A = Q @ R``: Q has orthonormal columns, R is upper triangular.

    (*, m, n) -> (*, m, k), (*, k, n) with k = min(m, n), or k = m for `mode` "complete"; "r": Q is
    empty, and there is no gradient. Raises: RuntimeError (as PyTorch) for another mode.
    """
    matrix_of("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    q, r = _qr(A, "reduced" if mode == "r" else mode)
    if mode == "r":
        q = wrap(local.mode.xp.empty((0,), A.dtype))
        r = r.detach() if not r._needs_grad else r
    return written("linalg_qr", return_types.linalg_qr(q, r), out)


def geqrf(input: Tensor, *, out: Any = None) -> Any:
    """QR as LAPACK keeps it: ``a``, R with the reflectors below it, and ``tau``: no gradient."""
    matrix_of("torch.geqrf", input, "input")
    return written("geqrf", return_types.geqrf(*_geqrf(input.detach())), out)


def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first n columns of the product of Householder reflectors. (*, m, n), (*, k) -> (*, m, n).

    Reflector i is ``I - tau[i] * v @ v.mH``, v the column i of A below its diagonal, with 1 on it.
    """
    m, n = matrix_of("torch.linalg.householder_product", A, "input")
    _check_reflectors(A, tau, m, n)
    result = identity_like(A)
    for i in reversed(range(tau._data.shape[-1])):
        result = _reflected(A, tau, i, result)
    return written("linalg_householder_product", result, out)


def _reflected(A: Tensor, tau: Tensor, i: int, x: Tensor) -> Tensor:
    """The reflector i of A applied to x (*, m, k)."""
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
        raise RuntimeError(
            f"{name}: tau dtype {tau.dtype} does not match input dtype {A.dtype}"
        )


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


# --- LU -----------------------------------------------------------------------------------------


def _lu(name: str, A: Tensor, pivot: bool) -> Any:
    matrix_of(name, A)
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")
    return _lu_factor(A)


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False,
                 out: Any = None) -> Any:  # fmt: skip
    """As `lu_factor`, with ``info`` (*): 0 or the place, from 1, of the first zero pivot."""
    result = return_types.linalg_lu_factor_ex(*_lu("linalg.lu_factor_ex", A, pivot))
    if check_errors:
        check_info("torch.linalg.lu_factor_ex", result.info, _SINGULAR_U)
    return written("linalg_lu_factor_ex", result, out)


_SINGULAR_U = (
    "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still "
    "want to perform the factorization, consider calling linalg.lu(A, pivot) or "
    "linalg.lu_factor_ex(A, pivot)"
)


def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """``(LU, pivots)``: L below U in one matrix, for `lu_solve`. (*, m, n) -> (*, m, n), (*, k).

    Raises: RuntimeError (as PyTorch) if a pivot is zero.
    """
    lu, pivots, info = _lu("linalg.lu_factor", A, pivot)
    check_info("torch.linalg.lu_factor", info, _SINGULAR_U)
    return written("linalg_lu_factor", return_types.linalg_lu_factor(lu, pivots), out)


def lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """``A = P @ L @ U``: a permutation, unit lower triangular, upper triangular.

    (*, m, n) -> (*, m, m), (*, m, k), (*, k, n), k = min(m, n).
    """
    packed, pivots, _ = _lu("linalg.lu", A, pivot)
    return written("linalg_lu", return_types.linalg_lu(*unpacked(packed, pivots)), out)


def unpacked(packed: Tensor, pivots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """P, L and U of what `lu_factor` returns."""
    return permutation(pivots, packed), lower_of(packed), upper_of(packed)


def permutation(pivots: Tensor, packed: Tensor) -> Tensor:
    """The matrix P of `pivots`, for the rows of `packed`."""
    xp, m = local.mode.xp, packed._data.shape[-2]
    places = places_of(pivots, m)
    ones = xp.eye(m, m, packed.dtype)
    return wrap(xp.reshape(xp.take(ones, xp.reshape(places, (-1,)), 0), (*places.shape, m)))


def lower_of(packed: Tensor) -> Tensor:
    """L of ``LU``, with its ones. (*, m, n) -> (*, m, k)."""
    m, n = packed._data.shape[-2:]
    return tril(packed[..., : min(m, n)], -1) + wrap(
        local.mode.xp.eye(m, min(m, n), packed.dtype)
    )


def upper_of(packed: Tensor) -> Tensor:
    """U of ``LU``. (*, m, n) -> (*, k, n)."""
    return triu(packed[..., : min(packed._data.shape[-2:]), :])


def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True,
              unpack_pivots: bool = True, *, out: Any = None) -> Any:  # fmt: skip
    """``(P, L, U)`` of what `lu_factor` returns; empty ones for what is not asked for."""
    if unpack_pivots and LU_pivots.dtype is not dtypes.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            "dtype.\nNote: this function is intended to be used with the output produced by "
            "torch.linalg.lu_factor"
        )
    nothing = wrap(local.mode.xp.empty((0,), LU_data.dtype))
    p = permutation(LU_pivots, LU_data) if unpack_pivots else nothing
    l, u = (lower_of(LU_data), upper_of(LU_data)) if unpack_data else (nothing, nothing)
    return written("lu_unpack", return_types.lu_unpack(p, l, u), out)


# --- LDL ----------------------------------------------------------------------------------------


def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False,
                  out: Any = None) -> Any:  # fmt: skip
    """As `ldl_factor`, with ``info`` (*): 0 or the place, from 1, of the first zero pivot."""
    square_of("torch.linalg.ldl_factor_ex", A)
    result = return_types.linalg_ldl_factor_ex(*_ldl_factor(A.detach(), bool(hermitian)))
    if check_errors:
        check_info("torch.linalg.ldl_factor_ex", result.info, _SINGULAR_D)
    return written("linalg_ldl_factor_ex", result, out)


_SINGULAR_D = "the factor D has a zero at {}: the factorization cannot be used by ldl_solve."


def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """``(LD, pivots)`` of symmetric, or Hermitian, matrices, for `ldl_solve`; no gradient.

    Bunch-Kaufman pivots as LAPACK's sytrf of the lower triangle. Raises: LinAlgError if a pivot is
    zero.
    """
    ld, pivots, info = ldl_factor_ex(A, hermitian=hermitian)
    check_info("torch.linalg.ldl_factor", info, _SINGULAR_D)
    return written("linalg_ldl_factor", return_types.linalg_ldl_factor(ld, pivots), out)


__all__ = [
    "cholesky", "cholesky_ex", "householder_product", "ldl_factor", "ldl_factor_ex", "lu",
    "lu_factor", "lu_factor_ex", "qr",
]  # fmt: skip
