"""The pseudoinverse, and least squares based on it."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor, wrap
from torchlite.linalg.checks import (
    adjoint,
    check_same_dtype,
    matrix_of,
    product,
    square_of,
    written,
)
from torchlite.linalg.solvers import is_vector
from torchlite.ops.core.op import declare

# --- pseudoinverse --------------------------------------------------------------------------------


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


_pinv = declare("pinv", title="LinalgPinv", x=_pinv_x)


def tolerance_of(A: Tensor, largest: Tensor, atol: Any, rtol: Any) -> Tensor:
    """The limit up to which singular values count as 0: ``max(atol, rtol * largest)``, (*batch).

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
    """The Moore-Penrose pseudoinverse. (*, m, n) -> (*, n, m).

    Singular values up to ``max(atol, rtol * largest)`` count as zero; `rcond` is an old name for
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


# --- least squares --------------------------------------------------------------------------------


def lstsq(
    A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> return_types.linalg_lstsq:
    """The X that minimizes ``norm(A @ X - B)``; if it is not unique, the one of least norm.

    (*, m, n), (*, m, k) or (*, m) -> ``(solution, residuals, rank, singular_values)``: residuals
    (*, k) if m > n, A has full rank and the driver is not "gelsy", else empty; rank except for
    driver "gels"; singular values for "gelsd" and "gelss". `driver` ("gelsy" by default) only
    selects what is returned. Singular values up to ``rcond * largest`` count as zero.
    """
    name = "torch.linalg.lstsq"
    m, n = matrix_of(name, A, "input")
    check_same_dtype(name, A, B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    vector = is_vector(A, B)
    matrix = B.unsqueeze(-1) if vector else B
    _check_rows(name, A, matrix)
    solution = pinv(A, rtol=rcond) @ matrix
    values, rank = _rank(A, rcond)
    full = driver == "gels" or not local.mode.xp.any_true((rank != min(m, n))._data)
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


__all__ = ["lstsq", "pinv"]
