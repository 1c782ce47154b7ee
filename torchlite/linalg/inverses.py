"""Inverses and determinants."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.tensor import Tensor, wrap
from torchlite.errors import LinAlgError
from torchlite.linalg.checks import adjoint, check_info, identity, product, row, square_of, written
from torchlite.linalg.elimination import lu_factor_primitive
from torchlite.linalg.solvers import solve_ex
from torchlite.ops.core.op import declare

# --- gradients ------------------------------------------------------------------------------------


def _inv_x(xp: Any, g: Any, out: Any) -> Any:
    adj = adjoint(xp, out)
    return xp.neg(product(xp, adj, g, adj))


def _scale(xp: Any, x: Any) -> Any:
    """Scalars (*) reshaped to scale matrices."""
    return xp.reshape(x, (*x.shape, 1, 1))


def _det_x(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """``det * x^-H``; for singular matrices, the adjugate computed from the SVD."""
    arrays = local.mode.xp
    if arrays.any_true(arrays.eq(getattr(out, "_data", out), 0)):
        return xp.mul(_scale(xp, g), adjoint(xp, _adjugate(xp, x)))
    return xp.mul(_scale(xp, xp.mul(g, xp.conj(out))), adjoint(xp, xp.inv(x)))


def _adjugate(xp: Any, x: Any) -> Any:
    """``V adj(diag s) U^H`` times the determinants of U and V."""
    u, s, vh = xp.svd(x, True)
    count = s.shape[-1]
    others = xp.where(xp.eye(count, count, dtypes.bool_), 1, row(xp, s))
    cofactors = xp.astype(xp.prod(others, len(others.shape) - 1, False), dtypes.of(u))
    turns = xp.mul(xp.det(u), xp.det(vh))
    inner = xp.matmul(xp.mul(adjoint(xp, vh), row(xp, cofactors)), adjoint(xp, u))
    return xp.mul(inner, _scale(xp, turns))


def _slogdet_x(xp: Any, g: Any, x: Any, out0: Any) -> Any:
    kind = dtypes.of(x)
    slope = xp.astype(g[1], kind)
    if kind.is_complex:
        turn = xp.imag(xp.mul(xp.conj(g[0]), out0))
        slope = xp.sub(slope, xp.mul(xp.astype(turn, kind), 1j))
    return xp.mul(_scale(xp, slope), adjoint(xp, xp.inv(x)))


_inv = declare("inv", title="LinalgInvEx", x=_inv_x)
_det = declare("det", title="LinalgDet", x=_det_x)
_slogdet = declare("slogdet", title="LinalgSlogdet",
                   x=_slogdet_x)  # fmt: skip

# --- inverses -------------------------------------------------------------------------------------


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverses of square matrices. (*, n, n). Raises: LinAlgError if one is singular."""
    square_of("linalg.inv", A)
    try:
        result = _inv(A)
    except LinAlgError:
        info = lu_factor_primitive(A.detach())[2]  # says which one
        check_info("linalg.inv", info, _NO_INVERSE)
        raise
    return written("linalg_inv", result, out)


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> return_types.linalg_inv_ex:
    """Like `inv`, but singular matrices do not raise: ``(inverse, info)``, as in `solve_ex`."""
    square_of("linalg.inv_ex", A)
    info = lu_factor_primitive(A.detach())[2]
    if check_errors:
        check_info("linalg.inv_ex", info, _NO_INVERSE)
    if (info == 0).all():
        inverse = _inv(A)
    else:
        inverse = solve_ex(A, wrap(identity(local.mode.xp, A._data)).expand(A.shape)).result
    return written("linalg_inv_ex", return_types.linalg_inv_ex(inverse, info), out)


_NO_INVERSE = (
    "The diagonal element {} is zero, the inversion could not be completed because the input "
    "matrix is singular."
)


def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``X -> tensordot(A, X, A.ndim - ind)``.

    Raises: RuntimeError (as PyTorch) if A cannot be reshaped to a square matrix.
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, rest = A._data.shape[:ind], A._data.shape[ind:]
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(rest)} != {math.prod(first)}"
        )
    size = math.prod(first)
    result = inv(A.reshape(size, size)).reshape(*rest, *first)
    return written("linalg_tensorinv", result, out)


# --- determinants ---------------------------------------------------------------------------------


def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinants of square matrices. (*, n, n) -> (*)."""
    square_of("linalg.det", A)
    return written("linalg_det", _det(A), out)


def slogdet(A: Tensor, *, out: Any = None) -> return_types.linalg_slogdet:
    """``(sign, logabsdet)`` of the determinants; 0 and -inf for singular matrices."""
    square_of("linalg.slogdet", A)
    return written("linalg_slogdet", return_types.linalg_slogdet(*_slogdet(A)), out)


__all__ = ["det", "inv", "inv_ex", "slogdet", "tensorinv"]
