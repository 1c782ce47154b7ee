"""Values of linear algebra; for factorizations, what their factors must satisfy."""

import math

import numpy as np

close = np.testing.assert_allclose


def equals(x, y):
    close(x, y, rtol=1e-9, atol=1e-9)


def assert_orthonormal(q):
    equals(q.T @ q, np.eye(q.shape[1]))


def assert_descending(s):
    assert np.all(s >= 0)
    assert np.all(s[1:] <= s[:-1])


# --- values ---------------------------------------------------------------------------------------


def cholesky(x, upper):
    lower = np.linalg.cholesky(x)
    return lower.T if upper else lower


def square(factor, upper):
    """What a Cholesky factor is one of."""
    return factor.T @ factor if upper else factor @ factor.T


def lu_unpack(packed, pivots):
    """Each row is swapped with the one that its pivot counts, from 1."""
    n = len(packed)
    order = [*range(n)]
    for i, pivot in enumerate(pivots):
        order[i], order[pivot - 1] = order[pivot - 1], order[i]
    return np.eye(n)[:, order], np.tril(packed, -1) + np.eye(*packed.shape), np.triu(packed)


def lu_solve(b, packed, pivots):
    p, lower, upper = lu_unpack(packed, pivots)
    return np.linalg.solve(p @ lower @ upper, b)


def product_of_reflectors(v, tau):
    """(m, m): the product of ``I - tau v v^T``; below the diagonal stands v, on it 1."""
    q = np.eye(len(v))
    for i, t in enumerate(tau):
        column = np.concatenate((np.zeros(i), [1.0], v[i + 1 :, i]))
        q = q @ (np.eye(len(v)) - t * np.outer(column, column))
    return q


def ormqr(v, tau, other, left, transpose):
    q = product_of_reflectors(v, tau)
    q = q.T if transpose else q
    return q @ other if left else other @ q


def triangular_solve(b, a, upper, transpose):
    triangle = np.triu(a) if upper else np.tril(a)
    return np.linalg.solve(triangle.T if transpose else triangle, b), a


def matrix_exp(x):
    """Its power series."""
    terms = [np.eye(len(x))]
    for k in range(1, 60):
        terms.append(terms[-1] @ x / k)
    return sum(terms)


VALUES = {
    "cholesky": cholesky,
    "cholesky_solve": lambda b, factor, upper: np.linalg.solve(square(factor, upper), b),
    "cholesky_inverse": lambda factor, upper: np.linalg.inv(square(factor, upper)),
    "lu_solve": lu_solve,
    "lu_unpack": lu_unpack,
    "orgqr": lambda v, tau: product_of_reflectors(v, tau)[:, : v.shape[1]],
    "ormqr": ormqr,
    "triangular_solve": triangular_solve,
    "det": np.linalg.det,
    "slogdet": np.linalg.slogdet,
    "logdet": lambda x: math.log(np.linalg.det(x)),
    "inverse": np.linalg.inv,
    "pinverse": np.linalg.pinv,
    "nuclear_norm": lambda x: np.linalg.svd(x, compute_uv=False).sum(),
    "frobenius_norm": lambda x, dim, keepdim: np.sqrt(np.sum(x * x, dim, keepdims=keepdim)),
    "matrix_exp": matrix_exp,
    "matrix_power": np.linalg.matrix_power,
    **dict.fromkeys(("inner", "vdot"), np.dot),
    "ger": np.outer,
    "kron": np.kron,
    "chain_matmul": lambda *matrices: np.linalg.multi_dot(matrices),
    "einsum": np.einsum,
    "tensordot": lambda x, y, dims: np.tensordot(x, y, dims),
}


# --- factorizations -------------------------------------------------------------------------------


def check_qr(result, x):
    q, r = result
    assert_orthonormal(q)
    equals(q @ r, x)
    equals(r, np.triu(r))


def check_geqrf(result, x):
    packed, tau = result
    assert tau.shape == (min(x.shape),)
    equals(product_of_reflectors(packed, tau) @ np.triu(packed), x)


def check_lu(result, x):
    packed, pivots = result
    n = min(x.shape)
    p, lower, upper = lu_unpack(packed, pivots)
    equals(p @ lower[:, :n] @ upper[:n], x)
    assert np.all(np.abs(np.tril(packed, -1)) <= 1)  # the largest of each column was chosen


def check_svd(result, x, q=None):
    u, s, v = result
    assert s.shape == (min(x.shape),)
    assert_orthonormal(u)
    assert_orthonormal(v)
    assert_descending(s)
    equals(u * s @ v.T, x)


CHECKS = {
    "qr": check_qr,
    "geqrf": check_geqrf,
    "lu": check_lu,
    "svd": check_svd,
    "svd_lowrank": check_svd,
    "pca_lowrank": lambda result, x, q: check_svd(result, x - x.mean(0)),
}
