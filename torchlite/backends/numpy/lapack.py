"""Matrix factorizations: LAPACK through numpy.linalg; those it lacks, with blocked products.

All take stacks of matrices: leading axes are batch dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy.quiet import local
from torchlite.errors import LinAlgError

Arrays = tuple[np.ndarray, ...]
_BLOCK = 16  # below it, a Python loop over rows beats another product
_BUNCH_KAUFMAN = (1 + math.sqrt(17)) / 8


class Lapack:
    """Factorizations, solutions, eigenvalues and singular values."""

    def cholesky(self, x: np.ndarray, upper: bool) -> Arrays:
        factor = _cholesky(x, upper)
        if factor is None:
            return _cholesky_one_by_one(x, upper)
        return factor, np.zeros(x.shape[:-2], np.int32)

    def qr(self, x: np.ndarray, mode: str) -> Arrays:
        return tuple(np.linalg.qr(x, "complete" if mode == "complete" else "reduced"))

    def geqrf(self, x: np.ndarray) -> Arrays:
        reflectors, tau = np.linalg.qr(x, "raw")
        return np.ascontiguousarray(reflectors.swapaxes(-1, -2)), tau

    def svd(self, x: np.ndarray, full: bool) -> Arrays:
        return tuple(_converging("svd", np.linalg.svd, x, full))

    def svdvals(self, x: np.ndarray) -> np.ndarray:
        return _converging("svd", np.linalg.svd, x, False, False)

    def eigh(self, x: np.ndarray, upper: bool) -> Arrays:
        return tuple(_converging("eigh", np.linalg.eigh, x, "U" if upper else "L"))

    def eigvalsh(self, x: np.ndarray, upper: bool) -> np.ndarray:
        return _converging("eigh", np.linalg.eigvalsh, x, "U" if upper else "L")

    def eig(self, x: np.ndarray) -> Arrays:
        wide = np.result_type(x.dtype, np.complex64)
        return tuple(part.astype(wide) for part in _converging("eig", np.linalg.eig, x))

    def eigvals(self, x: np.ndarray) -> np.ndarray:
        wide = np.result_type(x.dtype, np.complex64)
        return _converging("eig", np.linalg.eigvals, x).astype(wide)

    def solve(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        try:
            return np.linalg.solve(a, b)
        except np.linalg.LinAlgError:
            raise LinAlgError(
                "linalg.solve: The solver failed because the input matrix is singular."
            ) from None

    def inv(self, x: np.ndarray) -> np.ndarray:
        try:
            return np.linalg.inv(x)
        except np.linalg.LinAlgError:
            raise LinAlgError(
                "linalg.inv: The inversion could not be completed because the input matrix is "
                "singular."
            ) from None

    def det(self, x: np.ndarray) -> Any:
        return local.run(np.linalg.det, x)

    def slogdet(self, x: np.ndarray) -> Arrays:
        return tuple(local.run(np.linalg.slogdet, x))

    def lu_factor(self, x: np.ndarray) -> Arrays:
        lu = _listed(x).copy()
        count = min(x.shape[-2:])
        pivots = np.zeros((len(lu), count), np.int32)
        local.run(_factor, lu, pivots)
        zero = np.diagonal(lu, 0, 1, 2) == 0
        info: np.ndarray = np.zeros(len(lu), np.int32)
        if count:
            info[zero.any(1)] = zero.argmax(1)[zero.any(1)] + 1
        batch = x.shape[:-2]
        pivots = (pivots + 1).reshape(*batch, count)
        return lu.reshape(x.shape), pivots, info.reshape(batch)

    def solve_triangular(self, a: np.ndarray, b: np.ndarray, upper: bool,
                         unitriangular: bool) -> np.ndarray:  # fmt: skip
        if upper:  # reversing both axes makes it lower
            a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        x = np.broadcast_to(b, (*batch, *b.shape[-2:]))
        x = local.run(_substitute, a, x, unitriangular)
        return x[..., ::-1, :] if upper else x

    def ldl_factor(self, x: np.ndarray, hermitian: bool) -> Arrays:
        batch, n = x.shape[:-2], x.shape[-1]
        ld = _listed(np.tril(x))
        pivots = np.zeros((len(ld), n), np.int32)
        info: np.ndarray = np.zeros(len(ld), np.int32)
        for i in range(len(ld)):
            info[i] = local.run(_bunch_kaufman, ld[i], pivots[i], hermitian)
        return ld.reshape(x.shape), pivots.reshape(*batch, n), info.reshape(batch)

    def ldl_solve(self, ld: np.ndarray, pivots: np.ndarray, b: np.ndarray,
                  hermitian: bool) -> np.ndarray:  # fmt: skip
        batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
        n = ld.shape[-1]
        factors = np.broadcast_to(ld, (*batch, n, n))
        orders = np.broadcast_to(pivots, (*batch, n))
        x = np.broadcast_to(b, (*batch, *b.shape[-2:])).copy()
        for i in np.ndindex(batch):
            local.run(_ldl_substitute, factors[i], orders[i], x[i], hermitian)
        return x


def _listed(x: np.ndarray) -> np.ndarray:
    """x reshaped to a single batch axis."""
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


_DIVERGES = {"svd": "contained non-finite values"}


def _converging(name: str, function: Callable, *args: Any) -> Any:
    try:
        return function(*args)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            f"linalg.{name}: The algorithm failed to converge because the input matrix "
            f"{_DIVERGES.get(name, 'is ill-conditioned or has too many repeated eigenvalues')}."
        ) from None


def _cholesky(x: np.ndarray, upper: bool) -> np.ndarray | None:
    """The factors, or None if any matrix has none."""
    try:
        factor = np.linalg.cholesky(x, upper=upper)
    except np.linalg.LinAlgError:
        return None
    return None if np.isnan(np.diagonal(factor, 0, -2, -1)).any() else factor


def _cholesky_one_by_one(x: np.ndarray, upper: bool) -> Arrays:
    """The factor of each matrix, or NaN and the order of its first bad minor."""
    factor, info = np.empty_like(x), np.zeros(x.shape[:-2], np.int32)
    for i in np.ndindex(x.shape[:-2]):
        one = _cholesky(x[i], upper)
        factor[i] = np.nan if one is None else one
        info[i] = _first_bad_minor(x[i], upper) if one is None else 0
    return factor, info


def _first_bad_minor(x: np.ndarray, upper: bool) -> int:
    good, bad = 0, len(x)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _cholesky(x[:middle, :middle], upper) is None:
            bad = middle
        else:
            good = middle
    return bad


# --- triangular systems and LU ------------------------------------------------------------------


def _substitute(a: np.ndarray, b: np.ndarray, unit: bool) -> np.ndarray:
    """Solve ``a @ x == b`` for x, with a lower triangular; infinite where a is singular."""
    n = a.shape[-1]
    if n > _BLOCK:
        h = n // 2
        top = _substitute(a[..., :h, :h], b[..., :h, :], unit)
        rest = b[..., h:, :] - a[..., h:, :h] @ top
        return np.concatenate((top, _substitute(a[..., h:, h:], rest, unit)), -2)
    x = b.copy()
    for i in range(n):
        row = x[..., i : i + 1, :]
        if i:
            row -= a[..., i : i + 1, :i] @ x[..., :i, :]
        if not unit:
            row /= a[..., i : i + 1, i : i + 1]
    return x


def _factor(a: np.ndarray, pivots: np.ndarray) -> None:
    """LU of each of a (B, m, n), in place; writes the row swapped with row j to pivots (B, k)."""
    m, n = a.shape[1:]
    h = min(m, n) // 2
    if n <= _BLOCK or h == 0:
        _factor_panel(a, pivots)
        return
    left, right = a[:, :, :h], a[:, :, h:]
    _factor(left, pivots[:, :h])
    _swap_rows(right, pivots[:, :h])
    right[:, :h] = _substitute(left[:, :h], right[:, :h], True)
    right[:, h:] -= left[:, h:] @ right[:, :h]
    _factor(right[:, h:], pivots[:, h:])
    _swap_rows(left[:, h:], pivots[:, h:])
    pivots[:, h:] += h


def _factor_panel(a: np.ndarray, pivots: np.ndarray) -> None:
    for j in range(pivots.shape[1]):
        pivots[:, j] = j + _size(a[:, j:, j]).argmax(1)
        _swap_row(a, j, pivots[:, j])
        pivot = a[:, j, j, None]
        a[:, j + 1 :, j] /= np.where(pivot == 0, 1, pivot)
        a[:, j + 1 :, j + 1 :] -= a[:, j + 1 :, j, None] * a[:, j, None, j + 1 :]


def _size(x: np.ndarray) -> np.ndarray:
    """The magnitude by which LAPACK compares pivots."""
    return np.abs(x.real) + np.abs(x.imag) if x.dtype.kind == "c" else np.abs(x)


def _swap_row(a: np.ndarray, j: int, other: np.ndarray) -> None:
    each = np.arange(len(a))
    a[:, j], a[each, other] = a[each, other], a[:, j].copy()


def _swap_rows(a: np.ndarray, pivots: np.ndarray) -> None:
    for j in range(pivots.shape[1]):
        _swap_row(a, j, pivots[:, j])


# --- symmetric indefinite systems ---------------------------------------------------------------


def _bunch_kaufman(a: np.ndarray, pivots: np.ndarray, hermitian: bool) -> int:
    """``L D L^T`` in place, as LAPACK's sytf2 on the lower triangle; returns its info.

    Source: Bunch and Kaufman 1977, https://doi.org/10.1090/S0025-5718-1977-0428694-0
    """
    n, k, info = len(a), 0, 0
    a += _mirrored(np.tril(a, -1), hermitian)
    while k < n:
        column = _size(a[k + 1 :, k])
        if max(_size(a[k, k]), column.max(initial=0)) == 0:
            info = info or k + 1
            pivots[k] = k + 1
            k += 1
            continue
        width, other = _choose_pivot(a, k, column)
        _swap_both(a[k:, k:], width - 1, other - k)
        rest, block = a[k + width :, k : k + width].copy(), _pivot_block(a, k, width, hermitian)
        a[k : k + width, k : k + width] = block
        scaled = rest @ np.linalg.inv(block)
        a[k + width :, k + width :] -= scaled @ _mirrored(rest, hermitian)
        a[k + width :, k : k + width] = scaled
        pivots[k : k + width] = other + 1 if width == 1 else -other - 1
        k += width
    a[...] = np.tril(a)
    return info


def _choose_pivot(a: np.ndarray, k: int, column: np.ndarray) -> tuple[int, int]:
    """The width of the pivot block at k, and the row to swap to its end."""
    size = _size(a[k, k])
    if not len(column) or size >= _BUNCH_KAUFMAN * column.max():
        return 1, k
    top, other = column.max(), k + 1 + int(column.argmax())
    row = _size(a[other, k:]).copy()
    row[other - k] = 0
    if size >= _BUNCH_KAUFMAN * top * (top / row.max()):
        return 1, k
    if _size(a[other, other]) >= _BUNCH_KAUFMAN * row.max():
        return 1, other
    return 2, other


def _pivot_block(a: np.ndarray, k: int, width: int, hermitian: bool) -> np.ndarray:
    """From the lower triangle; a Hermitian diagonal is kept real, or rounding errors would grow."""
    block = np.tril(a[k : k + width, k : k + width])
    block += _mirrored(np.tril(block, -1), hermitian)
    if hermitian:
        np.fill_diagonal(block, block.diagonal().real)
    return block


def _swap_both(a: np.ndarray, i: int, j: int) -> None:
    if i != j:
        a[[i, j]] = a[[j, i]]
        a[:, [i, j]] = a[:, [j, i]]


def _mirrored(x: np.ndarray, hermitian: bool) -> np.ndarray:
    return x.conj().T if hermitian else x.T


def _ldl_substitute(ld: np.ndarray, pivots: np.ndarray, x: np.ndarray, hermitian: bool) -> None:
    """Solve in place with the factors from `_bunch_kaufman`."""
    blocks = list(_pivot_blocks(pivots))
    for k, width, other in blocks:
        x[[k + width - 1, other]] = x[[other, k + width - 1]]
        x[k + width :] -= ld[k + width :, k : k + width] @ x[k : k + width]
        block = _pivot_block(ld, k, width, hermitian)
        x[k : k + width] = np.linalg.inv(block) @ x[k : k + width]
    for k, width, other in reversed(blocks):
        factor = _mirrored(ld[k + width :, k : k + width], hermitian)
        x[k : k + width] -= factor @ x[k + width :]
        x[[k + width - 1, other]] = x[[other, k + width - 1]]


def _pivot_blocks(pivots: np.ndarray) -> Any:
    """(first row, width, row swapped to its end) of each diagonal block."""
    k = 0
    while k < len(pivots):
        width = 1 if pivots[k] > 0 else 2
        yield k, width, abs(int(pivots[k])) - 1
        k += width
