"""First and second gradients of `torch.linalg` against differences in float64."""

import numpy as np
import pytest

import torchlite as torch
from tests.ops.differences import Scalar, check_gradients

linalg = torch.linalg


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def heavy(n=3, *batch):
    """Far from singular, with eigenvalues far from each other."""
    return drawn(*batch, n, n) + 4 * np.diag(np.arange(1.0, n + 1))


def symmetric(x):
    return x + x.mT


def positive(x):
    return x @ x.mT


def adjusted(factor):
    """Rows of one sign, by which a vector that is free in it is fixed."""
    return factor * factor[..., :1, :].detach().sign()


CASES = {
    "cholesky": (lambda x: linalg.cholesky(positive(x)), heavy(3, 2)),
    "cholesky upper": (lambda x: linalg.cholesky(positive(x), upper=True), heavy()),
    "cholesky_solve": (
        lambda b, x: torch.cholesky_solve(b, linalg.cholesky(positive(x))), drawn(3, 2), heavy()),
    "cholesky_inverse": (lambda x: torch.cholesky_inverse(linalg.cholesky(positive(x))), heavy()),
    "eigh": (lambda x: linalg.eigh(symmetric(x)), heavy(3, 2)),
    "eigh upper": (lambda x: linalg.eigh(symmetric(x), "U"), heavy()),
    "eigvalsh": (lambda x: linalg.eigvalsh(symmetric(x)), heavy()),
    "eig": (lambda x: [part.abs() for part in linalg.eig(x)], heavy()),
    "eigvals": (lambda x: linalg.eigvals(x).abs(), heavy()),
    "svd tall": (lambda x: [adjusted(linalg.svd(x, False).U), linalg.svdvals(x)], heavy()[:, :2]),
    "svd wide": (lambda x: linalg.svd(x, False).Vh.abs(), heavy()[:2]),
    "svd full": (lambda x: linalg.svd(x).S, heavy()[:2]),
    "qr": (linalg.qr, heavy(3, 2)),
    "qr tall": (linalg.qr, heavy()[:, :2]),
    "qr wide": (linalg.qr, heavy()[:2]),
    "lu": (linalg.lu, heavy(3, 2)),
    "lu tall": (linalg.lu, heavy()[:, :2]),
    "lu wide": (linalg.lu, heavy()[:2]),
    "lu swapped": (linalg.lu, heavy()[::-1].copy()),
    "lu_solve": (
        lambda x, b: linalg.lu_solve(*linalg.lu_factor(x), b, adjoint=True), heavy(), drawn(3, 2)),
    "solve": (linalg.solve, heavy(3, 2), drawn(3, 2)),
    "solve vectors": (linalg.solve, heavy(3, 2), drawn(2, 3)),
    "solve right": (lambda a, b: linalg.solve(a, b, left=False), heavy(), drawn(2, 2, 3)),
    "solve_triangular": (
        lambda a, b: linalg.solve_triangular(a, b, upper=True), heavy(3, 2), drawn(3, 2)),
    "solve_triangular unit": (
        lambda a, b: linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True),
        heavy(), drawn(2, 3)),
    "inv": (linalg.inv, heavy(3, 2)),
    "det": (linalg.det, heavy(3, 2)),
    "det of one": (linalg.det, drawn(2, 1, 1)),
    "slogdet": (lambda x: linalg.slogdet(x).logabsdet, heavy(3, 2)),
    "pinv tall": (linalg.pinv, heavy()[:, :2]),
    "pinv wide": (linalg.pinv, heavy()[:2]),
    "pinv hermitian": (lambda x: linalg.pinv(symmetric(x), hermitian=True), heavy()),
    "lstsq": (lambda a, b: linalg.lstsq(a, b).solution, drawn(5, 3), drawn(5, 2)),
    "tensorinv": (lambda x: linalg.tensorinv(x.reshape(3, 1, 3), 1), heavy()),
    "tensorsolve": (lambda a, b: linalg.tensorsolve(a.reshape(3, 3, 1), b), heavy(), drawn(3)),
    "matrix_exp": (linalg.matrix_exp, drawn(2, 3, 3)),
    "matrix_exp large": (linalg.matrix_exp, 6 * drawn(2, 2)),
    "matrix_power": (lambda x: linalg.matrix_power(x, -2), heavy()),
    "multi_dot": (lambda *xs: linalg.multi_dot(xs), drawn(3), drawn(3, 4), drawn(4, 2)),
    "householder_product": (linalg.householder_product, drawn(4, 3), drawn(2)),
    "nuclear norm": (lambda x: linalg.matrix_norm(x, "nuc"), heavy()),
    "norm 2": (lambda x: linalg.matrix_norm(x, 2, keepdim=True), heavy(3, 2)),
    "norm 1": (lambda x: linalg.norm(x, 1), heavy()),
    "cond": (linalg.cond, heavy()),
    "cond fro": (lambda x: linalg.cond(x, "fro"), heavy()),
    "vander": (linalg.vander, drawn(2, 3)),
    "vecdot": (linalg.vecdot, drawn(2, 3), drawn(3)),
    "einsum": (
        lambda a, b: torch.einsum("...ij,jk,lk->l...i", a, b, b), drawn(2, 3, 3), drawn(3, 3)),
    "einsum diagonal": (lambda a: torch.einsum("iij->j", a), drawn(2, 2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_gradient_and_its_gradient_match_differences(name):
    function, *inputs = CASES[name]
    check_gradients(Scalar(function, inputs, {}), inputs, order=2)


@pytest.mark.parametrize("rank", [1, 2])
def test_the_determinant_has_a_gradient_at_singular_matrices(rank):
    x = drawn(3, rank) @ drawn(rank, 3, seed=1)
    x[:, 2] = x[:, 0]  # exactly singular, whatever the rounding
    x[2] = x[0]
    tensor = torch.from_numpy(x).requires_grad_()
    (gradient,) = torch.autograd.grad(linalg.det(tensor), tensor)
    minors = [[np.delete(np.delete(x, i, 0), j, 1) for j in range(3)] for i in range(3)]
    signs = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
    expected = signs * np.linalg.det(np.array(minors))
    np.testing.assert_allclose(gradient.numpy(), expected, atol=1e-12)


def test_equal_singular_values_have_a_gradient():
    x = torch.eye(3, requires_grad=True)
    linalg.svd(x).S.sum().backward()
    assert (x.grad - torch.eye(3)).abs().max() < 1e-6


def test_what_has_no_gradient_says_so():
    x = torch.rand(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="mode='complete' and nrows > ncols"):
        linalg.qr(x, "complete").Q.sum().backward()
    with pytest.raises(RuntimeError, match="depends on Q, which is not computed"):
        linalg.qr(x, "r").R.sum().backward()
    assert not linalg.ldl_factor(torch.eye(2).requires_grad_()).LD.requires_grad


def test_a_result_that_was_overwritten_is_refused():
    x = torch.eye(2).requires_grad_()
    q, r = linalg.qr(x)
    with torch.no_grad():
        r.mul_(2)
    with pytest.raises(RuntimeError, match="output 1 of LinalgQr, is at version 1"):
        q.sum().backward()
