"""Arguments for products, linear algebra and Fourier transforms."""

from __future__ import annotations

from torchlite import dtypes
from torchlite.dtypes import COMPLEX, FLOAT, INTEGER
from torchlite.testing.drawing import REFERENCE, Arguments, Draws, Spread, arguments, fixed


@arguments()
def matmul(d: Draws) -> Arguments:
    kind = d.kind(INTEGER, FLOAT, COMPLEX)
    n, m, k = (d.one_of(0, 1, 3, 5, 40) for _ in range(3))
    stacks = d.one_of(((), ()), ((2,), (2,)), ((), (3,)), ((2, 1), (3,)))
    shapes = ((*stacks[0], n, k), (*stacks[1], k, m))
    return [d.array(shape, kind, specials=False) for shape in shapes]


def _matrices(d: Draws) -> Spread:
    """Diagonally dominant, positive definite matrices."""
    n, kind = d.integer(1, 4), d.one_of(dtypes.float32, dtypes.float64)
    x = d.array((*d.one_of((), (2,)), n, n), kind, specials=False)
    seen = x.layout(x.source)
    rows = seen + seen.swapaxes(-1, -2)
    for i in range(n):
        rows[..., i, i] = 9 * n + i
    return fixed(rows)


@arguments("det slogdet inv eig eigvals svdvals geqrf lu_factor")
def _one_matrix(d: Draws) -> Arguments:
    return [_matrices(d)]


@arguments()
def row_order(d: Draws) -> Arguments:
    pivots = d.index((*d.one_of((), (2,)), 3), 4)
    return [fixed((pivots.source + 1)[..., :3].astype("int32")), 4]


@arguments("matrix_exp")
def _small_matrix(d: Draws) -> Arguments:
    x = _matrices(d)
    return [Spread(x.source / 50, x.layout)]


@arguments("cholesky eigh eigvalsh svd ldl_factor")
def _matrix_and_flag(d: Draws) -> Arguments:
    return [_matrices(d), d.flag() if d.method != "ldl_factor" else True]


@arguments()
def qr(d: Draws) -> Arguments:
    return [_matrices(d), d.one_of("reduced", "complete")]


def _right_side(d: Draws, x: Spread) -> Spread:
    return d.array((*x.shape[:-1], 2), dtypes.of(x.source), specials=False)


@arguments()
def solve(d: Draws) -> Arguments:
    x = _matrices(d)
    return [x, _right_side(d, x)]


@arguments()
def solve_triangular(d: Draws) -> Arguments:
    return [*solve(d), d.flag(), False]


@arguments()
def cholesky_solve(d: Draws) -> Arguments:
    return [*reversed(solve(d)), d.flag()]


@arguments()
def pinv(d: Draws) -> Arguments:
    x = _matrices(d)
    tolerance = d.array(x.shape[:-2], dtypes.of(x.source), specials=False)
    tolerance.source[...] = 1e-6
    return [x, tolerance, d.flag()]


@arguments()
def ldl_solve(d: Draws) -> Arguments:
    """A diagonal matrix, which is its own factor."""
    x = _matrices(d)
    n = x.shape[-1]
    ld = x.source * REFERENCE.eye(n, n, dtypes.of(x.source))
    every = REFERENCE.full(x.shape[:-1], 0, dtypes.int32)
    pivots = every + REFERENCE.arange(1, n + 1, 1, dtypes.int32)
    return [Spread(ld, x.layout), Spread(pivots, x.layout), _right_side(d, x), True]


@arguments()
def fft(d: Draws) -> Arguments:
    x, axis = d.with_axis(COMPLEX, smallest=1)
    return [x, (axis,), d.flag(), d.one_of("1", "1/sqrt(n)", "1/n")]


@arguments()
def rfft(d: Draws) -> Arguments:
    kind = d.one_of(dtypes.float32, dtypes.float64)
    x = d.array(d.shape(1, 1), kind, specials=False)
    return [x, d.axis(x.shape), d.one_of("1", "1/sqrt(n)", "1/n")]


@arguments()
def irfft(d: Draws) -> Arguments:
    x, axis = d.with_axis(COMPLEX, smallest=1)
    return [x, 2 * x.shape[axis] - 1, axis, d.one_of("1", "1/sqrt(n)", "1/n")]
