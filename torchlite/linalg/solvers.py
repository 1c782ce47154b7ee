"""Systems of linear equations, inverses, determinants."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, wrap
from torchlite.backends.registry import local
from torchlite.linalg.checks import (
    adjoint,
    check_info,
    check_same_dtype,
    identity,
    matrix_of,
    product,
    row,
    square_of,
    written,
)
from torchlite.linalg.factors import _lu_factor, lower_of, permutation, upper_of
from torchlite.ops import return_types
from torchlite.ops.op import declare
from torchlite.shapes import broadcast_shapes

# --- gradients ----------------------------------------------------------------------------------


def _summed(xp: Any, g: Any, shape: tuple) -> Any:
    """`g` summed over the batch axes in which an operand of `shape` was broadcast."""
    lead = len(g.shape) - len(shape)
    axes = tuple(i for i, n in enumerate(g.shape) if i < lead or (shape[i - lead] == 1 != n))
    return xp.reshape(xp.sum(g, axes, True), shape) if axes or lead else g


def _solve_joint(xp: Any, g: Any, needs: tuple, a: Any, out: Any, b_shape: tuple) -> tuple:
    gb = xp.solve(adjoint(xp, a), g)
    ga = xp.neg(xp.matmul(gb, adjoint(xp, out))) if needs[0] else None
    return ga if ga is None else _summed(xp, ga, tuple(a.shape)), _summed(xp, gb, b_shape)


def _triangular_joint(xp: Any, g: Any, needs: tuple, a: Any, out: Any, b_shape: tuple, upper: bool,
                      unitriangular: bool) -> tuple:  # fmt: skip
    gb = xp.solve_triangular(adjoint(xp, a), g, not upper, unitriangular)
    ga = None
    if needs[0]:
        ga = xp.neg(xp.matmul(gb, adjoint(xp, out)))
        ga = xp.triu(ga, int(unitriangular)) if upper else xp.tril(ga, -int(unitriangular))
        ga = _summed(xp, ga, tuple(a.shape))
    return ga, _summed(xp, gb, b_shape), None, None


def _cholesky_solve_joint(xp: Any, g: Any, needs: tuple, factor: Any, out: Any, b_shape: tuple,
                          upper: bool) -> tuple:  # fmt: skip
    """For the factor, that of ``(L @ L.mH)^-1 b`` with any matrix for L, as in PyTorch."""
    gb, gf = xp.cholesky_solve(g, factor, upper), None
    if needs[1]:
        common = xp.matmul(gb, adjoint(xp, out))
        common = xp.neg(xp.add(common, adjoint(xp, common)))
        gf = xp.matmul(factor, common) if upper else xp.matmul(common, factor)
        gf = _summed(xp, gf, tuple(factor.shape))
    return _summed(xp, gb, b_shape), gf, None


def _inv_x(xp: Any, g: Any, out: Any) -> Any:
    adj = adjoint(xp, out)
    return xp.neg(product(xp, adj, g, adj))


def _scale(xp: Any, x: Any) -> Any:
    """Numbers (*) as what scales matrices."""
    return xp.reshape(x, (*x.shape, 1, 1))


def _det_x(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """``det * x^-H``; for singular matrices the adjugate by singular vectors."""
    singular = local.mode.xp.eq(getattr(out, "_data", out), 0)
    if local.mode.xp.item(local.mode.xp.asarray(local.mode.xp.any(singular, None, False))):
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


def _pinv_x(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """Source: Golub and Pereyra 1973, https://doi.org/10.1137/0710036"""
    gh, outh = adjoint(xp, g), adjoint(xp, out)
    if x.shape[-2] <= x.shape[-1]:
        k = xp.matmul(gh, out)
        k_outh = xp.matmul(k, outh)
        inside = xp.sub(xp.sub(k_outh, adjoint(xp, xp.matmul(out, k))),
                        product(xp, xp.matmul(x, out), k_outh))  # fmt: skip
        return xp.add(inside, product(xp, xp.matmul(outh, out), xp.sub(gh, xp.matmul(k, x))))
    k = xp.matmul(out, gh)
    outh_k = xp.matmul(outh, k)
    inside = xp.sub(xp.sub(outh_k, adjoint(xp, xp.matmul(k, out))),
                    product(xp, xp.matmul(outh_k, out), x))  # fmt: skip
    return xp.add(inside, product(xp, xp.sub(gh, xp.matmul(x, k)), xp.matmul(out, outh)))


_solve = declare("solve", "a b", holomorphic=False, title="LinalgSolveEx", joint=_solve_joint)
_solve_triangular = declare("solve_triangular", "a b upper unitriangular", holomorphic=False,
                            title="LinalgSolveTriangular", joint=_triangular_joint)  # fmt: skip
cholesky_solve = declare("cholesky_solve", "b factor upper", holomorphic=False,
                         joint=_cholesky_solve_joint)  # fmt: skip
_inv = declare("inv", "x", holomorphic=False, title="LinalgInvEx", x=_inv_x)
_det = declare("det", "x", holomorphic=False, title="LinalgDet", x=_det_x)
_slogdet = declare("slogdet", "x", outputs=2, holomorphic=False, title="LinalgSlogdet",
                   x=_slogdet_x)  # fmt: skip
_pinv = declare("pinv", "x tolerance hermitian", holomorphic=False, title="LinalgPinv", x=_pinv_x)
_ldl_solve = declare("ldl_solve", "ld pivots b hermitian")

# --- solutions ----------------------------------------------------------------------------------


def _is_vector(A: Tensor, B: Tensor) -> bool:
    """Whether B is a batch of vectors, by PyTorch's rule."""
    return B._data.ndim == 1 or (
        A._data.ndim - 1 == B._data.ndim and B._data.shape == A._data.shape[:-1]
    )


def _right_side(name: str, A: Tensor, B: Tensor, left: bool) -> Tensor:
    """B as matrices that A has as many rows (columns, if it stands to the right) as."""
    matrix = B.unsqueeze(-1) if _is_vector(A, B) and left else B
    if matrix._data.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    size, own = A._data.shape[-2 if left else -1], matrix._data.shape[-2 if left else -1]
    if size != own:
        a, b = A._data.shape[-2:], matrix._data.shape[-2:]
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
        )
    broadcast_shapes(A._data.shape[:-2], matrix._data.shape[:-2])
    return matrix


def _solved(name: str, A: Tensor, B: Tensor, left: bool) -> Tensor:
    square_of(name, A)
    check_same_dtype(name, A, B)
    if not left and _is_vector(A, B):
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    matrix = _right_side(name, A, B, left)
    if not left:
        return _solve(A.mT, matrix.mT).mT
    return _solve(A, matrix).squeeze(-1) if matrix is not B else _solve(A, matrix)


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """The X with ``A @ X == B``, or ``X @ A == B`` without `left`.

    (*, n, n), (*, n, k) or (*, n) -> the shape of B; batches broadcast. Raises: LinAlgError if a
    matrix is singular; RuntimeError (as PyTorch) if the shapes do not fit.
    """
    return written("linalg_solve", _solved("linalg.solve", A, B, left), out)


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False,
             out: Any = None) -> Any:  # fmt: skip
    """As `solve`, but singular matrices do not raise: ``(result, info)``.

    info (*), int32: 0 or the place, from 1, of the first zero pivot; the result is infinite then.
    """
    square_of("linalg.solve_ex", A)
    info = _lu_factor(A.detach())[2]
    if check_errors:
        check_info("torch.linalg.solve_ex", info, _SINGULAR)
    if (info == 0).all():
        result = _solved("linalg.solve_ex", A, B, left)
    else:
        lu, pivots, _ = _lu_factor(A)
        vector = _is_vector(A, B)
        result = lu_solve(lu, pivots, B.unsqueeze(-1) if vector else B, left=left)
        result = result.squeeze(-1) if vector else result
    return written("linalg_solve_ex", return_types.linalg_solve_ex(result, info), out)


_SINGULAR = "The solver failed because the input matrix is singular."


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True,
                     unitriangular: bool = False, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`solve` for triangular A, of which only that triangle is read (with ones on the diagonal if
    `unitriangular`). (*, n, n), (*, n, k). Singular A: infinite or NaN, no error.
    """
    name = "linalg.solve_triangular"
    square_of(name, A)
    check_same_dtype(name, A, B)
    if B._data.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    matrix = _right_side(name, A, B, left) if not _is_vector(A, B) else B
    if left:
        result = _solve_triangular(A, matrix, bool(upper), bool(unitriangular))
    else:
        result = _solve_triangular(A.mT, matrix.mT, not upper, bool(unitriangular)).mT
    return written("linalg_solve_triangular", result, out)


def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False,
             out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`solve` with the factors of `lu_factor`; with `adjoint`, of ``A.mH @ X == B``."""
    name = "torch.linalg.lu_solve"
    square_of(name, LU, "LU")
    check_same_dtype("linalg.lu_solve", LU, B)
    if pivots.dtype is not dtypes.int32:
        raise RuntimeError(
            "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32. "
            f"Got {pivots.dtype.legacy}"
        )
    if LU._data.shape[:-1] != pivots._data.shape:
        raise RuntimeError(
            f"{name}: Number of pivots per batch should be same as the dimension of the matrix"
        )
    matrix = _right_side(name, LU, B, left)
    own = matrix if left else matrix.mH
    p, u = permutation(pivots, LU), upper_of(LU)
    if adjoint == left:  # A.mH X = B, or X A = B conjugated and transposed
        x = _solve_triangular(u.mH, own, False, False)
        x = p @ _solve_triangular(lower_of(LU).mH, x, True, True)
    else:
        x = _solve_triangular(lower_of(LU), p.mT @ own, False, True)
        x = _solve_triangular(u, x, True, False)
    return written("linalg_lu_solve", x if left else x.mH, out)


def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`solve` with the factors of `ldl_factor`; no gradient. (*, n, n), (*, n), (*, n, k)."""
    name = "torch.linalg.ldl_solve"
    square_of(name, LD, "LD")
    if B._data.ndim < 2:
        raise RuntimeError(
            f"{name}: Expected B to have at least 2 dimensions, but it has {B._data.ndim} "
            "dimensions instead"
        )
    if LD._data.shape[:-1] != pivots._data.shape:
        raise RuntimeError(f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same")
    if pivots.dtype.category != dtypes.INTEGER:
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype.legacy}")
    check_same_dtype(name, LD, B)
    _right_side(name, LD, B, True)
    return written("linalg_ldl_solve", _ldl_solve(LD, pivots, B, bool(hermitian)), out)


# --- inverses -----------------------------------------------------------------------------------


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of square matrices. (*, n, n). Raises: LinAlgError if one is singular."""
    square_of("linalg.inv", A)
    return written("linalg_inv", _inv(A), out)


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """As `inv`, but singular matrices do not raise: ``(inverse, info)``, as of `solve_ex`."""
    square_of("linalg.inv_ex", A)
    info = _lu_factor(A.detach())[2]
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


def tolerance_of(A: Tensor, largest: Tensor, atol: Any, rtol: Any) -> Tensor:
    """Up to where singular values count as zero: ``max(atol, rtol * largest)``, (*batch).

    By default ``rtol = max(m, n) * eps``, or 0 if `atol` is positive.
    """
    kind = largest.dtype
    if atol is None:
        atol = 0.0
    if rtol is None:
        rtol = max(A._data.shape[-2:]) * dtypes.finfo(kind).eps
        if isinstance(atol, Tensor):
            rtol = (atol <= 0).to(kind) * rtol
        elif atol > 0:
            rtol = 0.0
    relative = largest * rtol
    absolute = atol.to(kind) if isinstance(atol, Tensor) else wrap(
        local.mode.xp.full((), float(atol), kind))  # fmt: skip
    return relative.maximum(absolute)


def pinv(A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None,
         rtol: Any = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The pseudoinverse (Moore-Penrose). (*, m, n) -> (*, n, m).

    Singular values up to ``max(atol, rtol * largest)`` count as zero; `rcond` is an old name of
    `rtol`. `hermitian`: only the lower triangle is read.
    """
    matrix_of("linalg.pinv", A)
    if hermitian:
        square_of("linalg.pinv", A)
    tolerance = _pinv_tolerance(A, atol, rcond if rtol is None else rtol, hermitian)
    return written("linalg_pinv", _pinv(A, tolerance._data, bool(hermitian)), out)


def _pinv_tolerance(A: Tensor, atol: Any, rtol: Any, hermitian: bool) -> Tensor:
    xp, batch = local.mode.xp, A._data.shape[:-2]
    if not A._data.size:
        return wrap(xp.full(batch, 0.0, A.dtype.to_real()))
    if hermitian:
        values = xp.abs(xp.eigvalsh(A._data, False))
    else:
        values = xp.svdvals(A._data)
    largest = wrap(xp.asarray(xp.amax(values, len(batch), False)))
    return tolerance_of(A, largest, atol, rtol).expand(batch)


# --- determinants -------------------------------------------------------------------------------


def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinants of square matrices. (*, n, n) -> (*)."""
    square_of("linalg.det", A)
    return written("linalg_det", _det(A), out)


def slogdet(A: Tensor, *, out: Any = None) -> Any:
    """``(sign, logabsdet)`` of the determinants; 0 and -inf for singular matrices."""
    square_of("linalg.slogdet", A)
    return written("linalg_slogdet", return_types.linalg_slogdet(*_slogdet(A)), out)


# --- least squares, tensors ---------------------------------------------------------------------


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The X with the least ``norm(A @ X - B)``, of several the smallest.

    (*, m, n), (*, m, k) or (*, m) -> ``(solution, residuals, rank, singular_values)``: residuals
    (*, k) if m > n, A has full rank and the driver is not "gelsy", else empty; rank but for driver
    "gels", singular values for "gelsd" and "gelss". `driver` ("gelsy" by default) only chooses
    what is returned. Singular values up to ``rcond * largest`` count as zero.
    """
    name = "torch.linalg.lstsq"
    m, n = matrix_of(name, A, "input")
    check_same_dtype(name, A, B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    vector = _is_vector(A, B)
    matrix = B.unsqueeze(-1) if vector else B
    _check_rows(name, A, matrix)
    solution = pinv(A, rtol=rcond) @ matrix
    values, rank = _rank(A, rcond)
    full = driver == "gels" or bool((rank == min(m, n)).all())
    residuals = solution.abs().reshape(-1)[:0]
    if m > n and full and driver not in (None, "gelsy"):
        residuals = (A @ solution - matrix).abs().square().sum(-2)
    nothing = A.new_zeros((0,), dtype=A.dtype.to_real())
    return return_types.linalg_lstsq(
        solution.squeeze(-1) if vector else solution,
        residuals.squeeze(-1) if vector and residuals._data.ndim else residuals,
        A.new_zeros((0,), dtype=dtypes.int64) if driver == "gels" else rank,
        values if driver in ("gelsd", "gelss") else nothing,
    )


def _check_rows(name: str, A: Tensor, B: Tensor) -> None:
    if B._data.ndim < 2:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if A._data.shape[-2] != B._data.shape[-2]:
        raise RuntimeError(f"{name}: input.size(-2) should match other.size(-2)")
    broadcast_shapes(A._data.shape[:-2], B._data.shape[:-2])


def _rank(A: Tensor, rcond: float | None) -> tuple[Tensor, Tensor]:
    values = wrap(local.mode.xp.svdvals(A._data))
    if not A._data.size:
        return values, values.new_zeros(A.shape[:-2], dtype=dtypes.int64)
    limit = tolerance_of(A, values.amax(-1), None, rcond)
    return values, (values > limit.unsqueeze(-1)).sum(-1)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The X with ``tensordot(A, X, X.ndim) == B``; `dims` of A are first moved to its end.

    Raises: RuntimeError (as PyTorch) if A does not read as a square matrix.
    """
    if dims is not None:
        kept = [i for i in range(A._data.ndim) if i not in [d % A._data.ndim for d in dims]]
        A = A.permute(*kept, *(d % A._data.ndim for d in dims))
    shape = A._data.shape[B._data.ndim :]
    size = math.prod(shape)
    if math.prod(A._data.shape[: B._data.ndim]) != size:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {size} != "
            f"{math.prod(A._data.shape[: B._data.ndim])}"
        )
    result = solve(A.reshape(B._data.size, size), B.reshape(-1)).reshape(shape)
    return written("linalg_tensorsolve", result, out)


def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``X -> tensordot(A, X, A.ndim - ind)``.

    Raises: RuntimeError (as PyTorch) if A does not read as a square matrix.
    """
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    first, rest = A._data.shape[:ind], A._data.shape[ind:]
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(rest)} != {math.prod(first)}"
        )
    size = math.prod(first)
    result = inv(A.reshape(size, size)).reshape(*rest, *first)
    return written("linalg_tensorinv", result, out)


__all__ = [
    "det", "inv", "inv_ex", "ldl_solve", "lstsq", "lu_solve", "pinv", "slogdet", "solve",
    "solve_ex", "solve_triangular", "tensorinv", "tensorsolve",
]  # fmt: skip
