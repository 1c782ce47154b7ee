"""Linear-algebra composites: see `torchlite.backends.composites`."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import MATRIX, composite

Array = Any
#: Coefficients of the degree-13 Padé approximant of e**x, and the largest norm it is accurate for.
_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
_PADE_BOUND = 5.371920351148152


class LinearAlgebra:
    """Matrix functions; leading axes are batch dimensions."""

    @composite(MATRIX, holomorphic=False, accumulates=True)
    def pinv(xp, x: Array, tolerance: Array, hermitian: bool) -> Array:
        """The pseudoinverse; singular values up to `tolerance` (*batch) count as zero."""
        if hermitian:
            values, v = xp.eigh(x, False)
            u, vh = v, _adjoint(xp, v)
        else:
            u, values, vh = xp.svd(x, False)
        size = xp.abs(values)
        kept = xp.gt(size, xp.reshape(tolerance, (*tolerance.shape, 1)))
        inverse = xp.where(kept, xp.div(1, xp.where(kept, values, 1)), 0)
        scaled = xp.mul(u, xp.reshape(inverse, (*inverse.shape[:-1], 1, inverse.shape[-1])))
        return _adjoint(xp, xp.matmul(scaled, vh))

    @composite(MATRIX, broadcasts=True, holomorphic=False)
    def cholesky_solve(xp, b: Array, factor: Array, upper: bool) -> Array:
        """``(L @ L^H)^-1 b`` for b (*, n, k), where `factor` is L, or ``L^H`` if `upper`."""
        other = _adjoint(xp, factor)
        lower, upper_factor = (other, factor) if upper else (factor, other)
        half = xp.solve_triangular(lower, b, False, False)
        return xp.solve_triangular(upper_factor, half, True, False)

    @composite(MATRIX)
    def row_order(xp, pivots: Array, rows: int) -> Array:
        """The permutation made by LAPACK's swaps of row i with row ``pivots[i] - 1``.

        pivots (*, k) of int32 -> int64 (*, rows): ``A[i] == (L @ U)[order[i]]``.
        """
        batch, orders = pivots.shape[:-1], []
        if pivots.size:
            for swaps in xp.tolist(xp.reshape(pivots, (-1, pivots.shape[-1]))):
                order = list(range(rows))
                for i, other in enumerate(swaps):
                    order[i], order[other - 1] = order[other - 1], order[i]
                orders.append(sorted(range(rows), key=order.__getitem__))
        if not orders:
            return xp.broadcast_to(xp.arange(0, rows, 1, dtypes.int64), (*batch, rows))
        return xp.reshape(xp.array(orders, dtypes.int64), (*batch, rows))

    @composite(MATRIX, holomorphic=False, accumulates=True)
    def matrix_exp(xp, x: Array) -> Array:
        """``e**x`` of square matrices, by scaling and squaring.

        Source: Higham 2005, https://doi.org/10.1137/04061101X
        """
        if 0 in x.shape:
            return xp.copy(x)
        kind, ndim = dtypes.of(x), len(x.shape)
        wide = dtypes.complex128 if kind.is_complex else dtypes.float64
        if kind is not wide:  # squaring multiplies errors
            return xp.astype(xp.matrix_exp(xp.astype(x, wide)), kind)
        norm = xp.amax(xp.sum(xp.abs(x), ndim - 2, False), ndim - 2, False)
        halvings = xp.ceil(xp.log2(xp.div(norm, _PADE_BOUND)))
        halvings = xp.where(xp.isfinite(norm), xp.maximum(halvings, 0), 0)
        halvings = xp.reshape(halvings, (*x.shape[:-2], 1, 1))
        out = xp._pade_exp(xp.mul(x, xp.astype(xp.exp2(xp.neg(halvings)), kind)))
        for step in range(int(xp.item(xp.asarray(xp.amax(halvings, None, False))))):
            out = xp.where(xp.gt(halvings, step), xp.matmul(out, out), out)
        return out

    def _pade_exp(xp, x: Array) -> Array:
        """``e**x`` where the norm of x is small."""
        b, eye = _PADE, xp.eye(x.shape[-1], x.shape[-1], dtypes.of(x))
        x2 = xp.matmul(x, x)
        x4 = xp.matmul(x2, x2)
        x6 = xp.matmul(x4, x2)

        def combined(*terms: tuple) -> Array:
            total = xp.mul(*terms[0])
            for matrix, factor in terms[1:]:
                total = xp.add(total, xp.mul(matrix, factor))
            return total

        # divided by b[0], so that no sum overflows float32
        c = [value / b[0] for value in b]
        high = xp.matmul(x6, combined((x6, c[13]), (x4, c[11]), (x2, c[9])))
        odd = xp.matmul(x, xp.add(high, combined((x6, c[7]), (x4, c[5]), (x2, c[3]), (eye, c[1]))))
        high = xp.matmul(x6, combined((x6, c[12]), (x4, c[10]), (x2, c[8])))
        even = xp.add(high, combined((x6, c[6]), (x4, c[4]), (x2, c[2]), (eye, c[0])))
        return xp.solve(xp.sub(even, odd), xp.add(even, odd))


def _adjoint(xp: Any, x: Array) -> Array:
    """The conjugate transpose."""
    ndim = len(x.shape)
    return xp.conj(xp.permute(x, (*range(ndim - 2), ndim - 1, ndim - 2)))
