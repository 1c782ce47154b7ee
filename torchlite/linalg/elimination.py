"""Factorizations by Gaussian elimination: LU, and LDL for symmetric matrices."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.tensor import Tensor, wrap
from torchlite.linalg.checks import (
    adjoint,
    check_info,
    from_right,
    identity,
    matrix_of,
    part,
    square_of,
    written,
)
from torchlite.ops.core.op import declare
from torchlite.ops.shape.rearranging import tril, triu

# --- gradients ------------------------------------------------------------------------------------


def _lu_x(xp: Any, g: Any, out0: Any, out1: Any) -> Any:
    """The gradient at the square corner; rows below and columns beside it by triangular solves."""
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
        below = from_right(xp, part(xp, g[0], rest, first), upper_h, False)
        below_l = adjoint(xp, part(xp, out0, rest, first))
        g_upper = xp.sub(g_upper, xp.matmul(below_l, below))
    inner = xp.add(xp.tril(xp.matmul(lower_h, g_lower), -1),
                   xp.triu(xp.matmul(g_upper, upper_h), 0))  # fmt: skip
    total = from_right(xp, xp.solve_triangular(lower_h, inner, True, True), upper_h, False)
    if beside is not None:
        total = xp.concatenate((total, beside), len(total.shape) - 1)
    if below is not None:
        total = xp.concatenate((total, below), len(total.shape) - 2)
    return _rows(xp, total, places_of(out1, m))


def places_of(pivots: Any, rows: int) -> Any:
    """The row permutation: int64 (*, rows), such that ``A[i] == (L @ U)[places[i]]``."""
    return local.mode.xp.row_order(getattr(pivots, "_data", pivots), rows)


def _rows(xp: Any, x: Any, places: Any) -> Any:
    """``x[places]`` in each matrix: x (*, n, k), places (*, n)."""
    arrays = local.mode.xp
    index = arrays.broadcast_to(
        arrays.reshape(places, (*places.shape, 1)), (*places.shape, x.shape[-1])
    )
    return xp.gather(x, index, len(x.shape) - 2)


lu_factor_primitive = declare("lu_factor",
                              title="LinalgLuFactorEx", x=_lu_x)  # fmt: skip
_ldl_factor = declare("ldl_factor")

# --- LU -------------------------------------------------------------------------------------------


def _lu(name: str, A: Tensor, pivot: bool) -> Any:
    matrix_of(name, A)
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    return lu_factor_primitive(A)


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False,
                 out: Any = None) -> return_types.linalg_lu_factor_ex:  # fmt: skip
    """Like `lu_factor`, plus ``info`` (*): 0 or the 1-based index of the first zero pivot."""
    result = return_types.linalg_lu_factor_ex(*_lu("linalg.lu_factor_ex", A, pivot))
    if check_errors:
        check_info("torch.linalg.lu_factor_ex", result.info, _SINGULAR_U)
    return written("linalg_lu_factor_ex", result, out)


_SINGULAR_U = (
    "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still "
    "want to perform the factorization, consider calling linalg.lu(A, pivot) or "
    "linalg.lu_factor_ex(A, pivot)"
)


def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> return_types.linalg_lu_factor:
    """``(LU, pivots)``: L and U in one matrix, for `lu_solve`. (*, m, n) -> (*, m, n), (*, k).

    Raises: RuntimeError (as PyTorch) if a pivot is zero.
    """
    lu, pivots, info = _lu("linalg.lu_factor", A, pivot)
    check_info("torch.linalg.lu_factor", info, _SINGULAR_U)
    return written("linalg_lu_factor", return_types.linalg_lu_factor(lu, pivots), out)


def lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> return_types.linalg_lu:
    """``A = P @ L @ U``: a permutation, a unit lower and an upper triangular matrix.

    (*, m, n) -> (*, m, m), (*, m, k), (*, k, n), k = min(m, n).
    """
    packed, pivots, _ = _lu("linalg.lu", A, pivot)
    return written("linalg_lu", return_types.linalg_lu(*unpacked(packed, pivots)), out)


def unpacked(packed: Tensor, pivots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """P, L and U from the result of `lu_factor`."""
    return permutation(pivots, packed), lower_of(packed), upper_of(packed)


def permutation(pivots: Tensor, packed: Tensor) -> Tensor:
    """The permutation matrix P of `pivots`, for the rows of `packed`."""
    xp, m = local.mode.xp, packed._data.shape[-2]
    places = places_of(pivots, m)
    ones = xp.eye(m, m, packed.dtype)
    return wrap(xp.reshape(xp.take(ones, xp.reshape(places, (-1,)), 0), (*places.shape, m)))


def lower_of(packed: Tensor) -> Tensor:
    """L from ``LU``, with its unit diagonal. (*, m, n) -> (*, m, k)."""
    m, n = packed._data.shape[-2:]
    return tril(packed[..., : min(m, n)], -1) + wrap(local.mode.xp.eye(m, min(m, n), packed.dtype))


def upper_of(packed: Tensor) -> Tensor:
    """U from ``LU``. (*, m, n) -> (*, k, n)."""
    return triu(packed[..., : min(packed._data.shape[-2:]), :])


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True,
    *, out: Any = None,
) -> return_types.lu_unpack:
    """``(P, L, U)`` from the result of `lu_factor`; those not requested are empty."""
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


# --- LDL ------------------------------------------------------------------------------------------


def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False,
                  out: Any = None) -> return_types.linalg_ldl_factor_ex:  # fmt: skip
    """Like `ldl_factor`, plus ``info`` (*): 0 or the 1-based index of the first zero pivot."""
    square_of("torch.linalg.ldl_factor_ex", A)
    result = return_types.linalg_ldl_factor_ex(*_ldl_factor(A.detach(), bool(hermitian)))
    if check_errors:
        check_info("torch.linalg.ldl_factor_ex", result.info, _SINGULAR_D)
    return written("linalg_ldl_factor_ex", result, out)


_SINGULAR_D = "the factor D has a zero at {}: the factorization cannot be used by ldl_solve."


def ldl_factor(
    A: Tensor, *, hermitian: bool = False, out: Any = None
) -> return_types.linalg_ldl_factor:
    """``(LD, pivots)`` of symmetric or Hermitian matrices, for `ldl_solve`; no gradient.

    Bunch-Kaufman pivoting as in LAPACK's sytrf on the lower triangle. Raises: LinAlgError if a
    pivot is zero.
    """
    ld, pivots, info = ldl_factor_ex(A, hermitian=hermitian)
    check_info("torch.linalg.ldl_factor", info, _SINGULAR_D)
    return written("linalg_ldl_factor", return_types.linalg_ldl_factor(ld, pivots), out)


__all__ = ["ldl_factor", "ldl_factor_ex", "lu", "lu_factor", "lu_factor_ex"]
