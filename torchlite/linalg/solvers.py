"""Systems of linear equations."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core import return_types
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.errors import LinAlgError
from torchlite.linalg.checks import adjoint, check_info, check_same_dtype, square_of, written
from torchlite.linalg.elimination import lower_of, lu_factor_primitive, permutation, upper_of
from torchlite.ops.core.op import declare

# --- gradients ------------------------------------------------------------------------------------


def _summed(xp: Any, g: Any, shape: tuple) -> Any:
    """`g` summed over the batch axes along which an operand of `shape` was broadcast."""
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
    """The factor's gradient is that of ``(L @ L.mH)^-1 b`` for any matrix L, as in PyTorch."""
    gb, gf = xp.cholesky_solve(g, factor, upper), None
    if needs[1]:
        common = xp.matmul(gb, adjoint(xp, out))
        common = xp.neg(xp.add(common, adjoint(xp, common)))
        gf = xp.matmul(factor, common) if upper else xp.matmul(common, factor)
        gf = _summed(xp, gf, tuple(factor.shape))
    return _summed(xp, gb, b_shape), gf, None


_solve = declare("solve", title="LinalgSolveEx", joint=_solve_joint)
_solve_triangular = declare("solve_triangular",
                            title="LinalgSolveTriangular", joint=_triangular_joint)  # fmt: skip
cholesky_solve = declare("cholesky_solve",
                         joint=_cholesky_solve_joint)  # fmt: skip
_ldl_solve = declare("ldl_solve")

# --- solutions ------------------------------------------------------------------------------------


def is_vector(A: Tensor, B: Tensor) -> bool:
    """Whether B is a batch of vectors, by PyTorch's rule."""
    return B._data.ndim == 1 or (
        A._data.ndim - 1 == B._data.ndim and B._data.shape == A._data.shape[:-1]
    )


def _right_side(name: str, A: Tensor, B: Tensor, left: bool) -> Tensor:
    """B as matrices, checked to have as many rows as A (as many columns unless `left`)."""
    matrix = B.unsqueeze(-1) if is_vector(A, B) and left else B
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
    if not left and is_vector(A, B):
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
    matrix is singular; RuntimeError (as PyTorch) if the shapes do not match.
    """
    try:
        result = _solved("linalg.solve", A, B, left)
    except LinAlgError:
        info = lu_factor_primitive(A.detach())[2]  # says which one
        check_info("torch.linalg.solve", info, _SINGULAR)
        raise
    return written("linalg_solve", result, out)


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False,
             out: Any = None) -> return_types.linalg_solve_ex:  # fmt: skip
    """Like `solve`, but singular matrices do not raise: ``(result, info)``.

    info (*), int32: 0 or the 1-based index of the first zero pivot; then the result is infinite.
    """
    square_of("linalg.solve_ex", A)
    info = lu_factor_primitive(A.detach())[2]
    if check_errors:
        check_info("torch.linalg.solve_ex", info, _SINGULAR)
    if (info == 0).all():
        result = _solved("linalg.solve_ex", A, B, left)
    else:
        lu, pivots, _ = lu_factor_primitive(A)
        vector = is_vector(A, B)
        result = lu_solve(lu, pivots, B.unsqueeze(-1) if vector else B, left=left)
        result = result.squeeze(-1) if vector else result
    return written("linalg_solve_ex", return_types.linalg_solve_ex(result, info), out)


_SINGULAR = "The solver failed because the input matrix is singular."


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True,
                     unitriangular: bool = False, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`solve` for triangular A; only that triangle is read (its diagonal taken as ones if
    `unitriangular`). (*, n, n), (*, n, k). Singular A gives infinities or NaN, no error.
    """
    name = "linalg.solve_triangular"
    square_of(name, A)
    check_same_dtype(name, A, B)
    if B._data.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    matrix = _right_side(name, A, B, left) if not is_vector(A, B) else B
    if left:
        result = _solve_triangular(A, matrix, bool(upper), bool(unitriangular))
    else:
        result = _solve_triangular(A.mT, matrix.mT, not upper, bool(unitriangular)).mT
    return written("linalg_solve_triangular", result, out)


def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False,
             out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`solve` with the factors of `lu_factor`; with `adjoint`, solves ``A.mH @ X == B``."""
    name = "linalg.lu_solve"
    square_of(name, LU, "LU")
    check_same_dtype(name, LU, B)
    if pivots.dtype is not dtypes.int32:
        raise RuntimeError(
            f"{name}: pivots should be a Tensor of scalar type torch.int32\nGot {pivots.dtype}."
        )
    if LU._data.shape[:-1] != pivots._data.shape:
        raise RuntimeError(
            f"{name}: Number of pivots per batch should be same as the dimension of the matrix"
        )
    matrix = _right_side(name, LU, B, left)
    own = matrix if left else matrix.mH
    p, u = permutation(pivots, LU), upper_of(LU)
    if adjoint == left:  # A.mH X = B, or the adjoint of X A = B
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


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The X with ``tensordot(A, X, X.ndim) == B``; `dims` of A are first moved to its end.

    Raises: RuntimeError (as PyTorch) if A cannot be reshaped to a square matrix.
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


__all__ = ["ldl_solve", "lu_solve", "solve", "solve_ex", "solve_triangular", "tensorsolve"]
