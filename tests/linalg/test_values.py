"""What the functions of `torch.linalg` return: factors that multiply back, solutions that solve."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch

linalg = torch.linalg
BATCHES = st.sampled_from([(), (2,), (0,), (2, 1, 3)])
SIZES = st.sampled_from([0, 1, 2, 5, 20, 37])  # to both sides of the size of blocks
KINDS = st.sampled_from([torch.float32, torch.float64, torch.complex64, torch.complex128])


@st.composite
def matrices(draw, rows=SIZES, columns=SIZES, square=False):
    m = draw(rows)
    shape = (*draw(BATCHES), m, m if square else draw(columns))
    kind, rng = draw(KINDS), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if kind.is_complex else 0)
    return torch.from_numpy(x).to(kind)


def close(actual, expected):
    """Up to the rounding of the dtype, in the norm of each matrix."""
    assert actual.dtype is expected.dtype and actual.shape == expected.shape
    if actual.numel():
        eps = torch.finfo(actual.dtype).eps
        assert (actual - expected).abs().max() <= 2000 * eps * (1 + expected.abs().max())


def unit(x):
    """The identity for the columns of x."""
    return torch.eye(x.shape[-1], dtype=x.dtype).expand(*x.shape[:-2], -1, -1)


@given(matrices(), st.sampled_from(["reduced", "complete"]))
def test_qr(x, mode):
    q, r = linalg.qr(x, mode)
    close(q @ r, x)
    close(q.mH @ q, unit(q))
    assert torch.equal(r, r.triu())


@given(matrices(), st.booleans())
def test_svd(x, full):
    u, s, vh = linalg.svd(x, full)
    k = s.shape[-1]
    close((u[..., :k] * s.unsqueeze(-2).to(x.dtype)) @ vh[..., :k, :], x)
    close(u.mH @ u, unit(u))
    close(vh @ vh.mH, unit(vh.mH))
    close(linalg.svdvals(x), s)


@given(matrices())
def test_lu(x):
    p, l, u = linalg.lu(x)
    close(p @ l @ u, x)
    assert torch.equal(u, u.triu()) and torch.equal(l, l.tril())
    assert l.abs().max().item() <= math.sqrt(2) + 1e-6 if l.numel() else True
    packed, pivots, info = linalg.lu_factor_ex(x)
    assert pivots.dtype is info.dtype is torch.int32 and info.shape == x.shape[:-2]
    for whole, part in zip((p, l, u), torch.lu_unpack(packed, pivots)):
        assert torch.equal(whole, part)


@given(matrices(square=True))
def test_eigenvalues_of_hermitian_matrices(x):
    x = x + x.mH
    for uplo, triangle in (("L", x.tril()), ("U", x.triu())):
        values, vectors = linalg.eigh(triangle, uplo)  # the other triangle is not read
        close(vectors @ (values.unsqueeze(-1).to(x.dtype) * vectors.mH), x)
        close(linalg.eigvalsh(x), values)


@given(matrices(square=True))
def test_eigenvalues(x):
    values, vectors = linalg.eig(x)
    assert values.dtype.is_complex
    close(x.to(vectors.dtype) @ vectors, vectors * values.unsqueeze(-2))


@given(matrices(square=True), st.booleans())
def test_ldl(x, hermitian):
    x = x + (x.mH if hermitian else x.mT)
    right = torch.ones(*x.shape[:-1], 2, dtype=x.dtype)
    ld, pivots, info = linalg.ldl_factor_ex(x.tril(), hermitian=hermitian)
    assert (info == 0).all()
    found = linalg.ldl_solve(ld, pivots, right, hermitian=hermitian)
    scale = 1 + found.abs().max().item() if x.numel() else 1
    close(x @ found / scale, right / scale)


@given(matrices(square=True), st.booleans(), st.integers(0, 3))
def test_solutions(x, left, columns):
    n = x.shape[-1]
    x = x + 20 * unit(x)
    sizes = (n, columns) if left else (columns, n)
    b = torch.ones(*x.shape[:-2], *sizes, dtype=x.dtype)
    solutions = (
        linalg.solve(x, b, left=left),
        linalg.solve_ex(x, b, left=left).result,
        linalg.lu_solve(*linalg.lu_factor(x), b, left=left),
    )
    for found in solutions:
        product = x @ found if left else found @ x
        close(product, b.expand(product.shape))
    found = linalg.lu_solve(*linalg.lu_factor(x), b, left=left, adjoint=True)
    product = x.mH @ found if left else found @ x.mH
    close(product, b.expand(product.shape))


@given(matrices(square=True), st.booleans(), st.booleans(), st.booleans())
def test_triangular_solutions(x, upper, left, unitriangular):
    x = x / 40 + unit(x)
    found = linalg.solve_triangular(x, x, upper=upper, left=left, unitriangular=unitriangular)
    triangle = x.triu() if upper else x.tril()
    if unitriangular:
        triangle = triangle - torch.diag_embed(linalg.diagonal(triangle)) + unit(x)
    close(triangle @ found if left else found @ triangle, x)


@given(matrices(square=True), st.booleans())
def test_cholesky(x, upper):
    x = x @ x.mH + 5 * unit(x)
    factor = linalg.cholesky(x, upper=upper)
    close(factor.mH @ factor if upper else factor @ factor.mH, x)
    close(torch.cholesky_solve(x, factor, upper), unit(x))
    close(torch.cholesky_inverse(factor, upper) @ x, unit(x))


@given(matrices(rows=st.sampled_from([0, 1, 5]), columns=st.sampled_from([2, 20, 37])))
def test_pseudoinverse(x):  # of matrices that are far from square, hence from singular
    inverse = linalg.pinv(x)
    close(x @ inverse @ x, x)
    close((inverse @ x).mH, inverse @ x)
    assert (linalg.matrix_rank(x) == min(x.shape[-2:])).all()


def test_least_squares_of_too_few_independent_columns():
    a = torch.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    found = linalg.lstsq(a, torch.tensor([[2.0], [4.0], [1.0]]), driver="gelsd")
    assert found.solution.flatten().tolist() == pytest.approx([1.5, 1.5])
    assert found.rank.item() == 1 and found.residuals.numel() == 0
    assert found.singular_values.tolist() == pytest.approx([2.0, 0.0], abs=1e-6)
    full = linalg.lstsq(a[:, :1], torch.tensor([2.0, 4.0, 1.0]), driver="gels")
    assert full.solution.item() == pytest.approx(3.0)
    assert full.residuals.item() == pytest.approx(3.0)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0])
def test_matrix_exponential(scale):
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    both = torch.stack([turn * scale, torch.zeros(2, 2)])
    cos, sin = math.cos(scale), math.sin(scale)
    expected = torch.tensor([[[cos, -sin], [sin, cos]], [[1.0, 0.0], [0.0, 1.0]]])
    assert (linalg.matrix_exp(both) - expected).abs().max() < 1e-6


def test_logarithms_of_determinants():
    x = torch.tensor([[[2.0, 0.0], [0.0, 3.0]], [[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    assert linalg.slogdet(x).sign.tolist() == [1.0, -1.0, 0.0]
    values = torch.logdet(x).tolist()
    assert values[0] == pytest.approx(math.log(6)) and math.isnan(values[1])
    assert values[2] == -math.inf
    assert x.det().tolist() == pytest.approx([6.0, -1.0, 0.0])


def test_norms_of_a_matrix():
    x = torch.tensor([[3.0, 0.0], [-4.0, 5.0]])
    values = {"fro": math.sqrt(50), "nuc": 4 * math.sqrt(5), 1: 7, -1: 5, 2: math.sqrt(45),
              -2: math.sqrt(5), math.inf: 9, -math.inf: 3}  # fmt: skip
    for order, value in values.items():
        assert linalg.norm(x, order).item() == pytest.approx(value, rel=1e-6)
    assert torch.norm(x, "nuc").item() == pytest.approx(4 * math.sqrt(5), rel=1e-6)
    assert linalg.cond(x).item() == pytest.approx(3, rel=1e-6)
    assert linalg.cond(torch.ones(2, 2), 1).item() == math.inf


@pytest.mark.parametrize("equation", [
    "ij,jk", "ij,jk->ki", "i,i", "i,j", "ii", "ii->i", "...i,...i->...", "b...i,ij->b...j",
    "ijk->kji", "ij,ij,ij->", "ab , bc->a c", "aB,Bc->ac", "i...->...", "a,b,c->cab", "ij->",
])  # fmt: skip
def test_einsum(equation):
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(3,) * len(term.replace("...", "x"))) for term in terms]
    result = torch.einsum(equation, *map(torch.from_numpy, arrays))
    np.testing.assert_allclose(result.numpy(), np.einsum(equation, *arrays), atol=1e-12)


def test_einsum_broadcasts_and_takes_lists():
    a, b = torch.ones(2, 1), torch.ones(3, 4)
    assert torch.einsum("ij,jk->ik", a, b).tolist() == [[3.0] * 4] * 2
    assert torch.einsum(a, [0, 1], b, [1, 2], [2, 0]).shape == (4, 2)
    assert torch.einsum("...j,jk", torch.ones(5, 1, 3), b).shape == (5, 1, 4)


def test_a_chain_is_multiplied_in_the_cheapest_order():
    thin, wide = torch.ones(4000, 1), torch.ones(1, 4000)
    product = linalg.multi_dot([thin, wide, thin, torch.ones(1)])  # not by a 4000 x 4000 matrix
    assert product.shape == (4000,) and product[0].item() == 4000


def test_results_have_names_and_methods():
    x = torch.eye(2)
    assert repr(linalg.eigh(x)).startswith("torch.return_types.linalg_eigh(\neigenvalues=tensor(")
    assert x.svd()._fields == ("U", "S", "V") and linalg.svd(x)._fields == ("U", "S", "Vh")
    assert [len(x.lu(get_infos=flag)) for flag in (False, True)] == [2, 3]
    out = torch.empty(2), torch.empty(2, 2)
    linalg.eigh(x, out=out)
    assert out[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 3, 2)])
def test_orthogonal_weights(shape):
    rows = torch.nn.init.orthogonal_(torch.empty(*shape), gain=2).reshape(shape[0], -1)
    gram = rows.T @ rows if shape[0] > rows.shape[1] else rows @ rows.T
    close(gram, 4 * torch.eye(len(gram)))
    with pytest.raises(ValueError, match="Only tensors with 2 or more dimensions"):
        torch.nn.init.orthogonal_(torch.empty(3))
