"""Transforms: inverses, volume changes against autograd, composition, caches."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from torchlite import distributions as D
from torchlite.distributions import constraints
from torchlite.testing import assert_close


def double(x):
    return torch.tensor(x, dtype=torch.float64)


ELEMENTWISE = {
    "affine": D.AffineTransform(1.0, -2.0),
    "affine by tensors": D.AffineTransform(double(0.5), double(3.0)),
    "exp": D.ExpTransform(),
    "log": D.ExpTransform().inv,
    "power": D.PowerTransform(double(-1.5)),
    "sigmoid": D.SigmoidTransform(),
    "softplus": D.SoftplusTransform(),
    "tanh": D.TanhTransform(),
    "cdf": D.CumulativeDistributionTransform(D.Normal(double(0.5), double(2.0))),
    "composed": D.ComposeTransform([D.TanhTransform(), D.AffineTransform(2.0, 0.5)]),
    "identity": D.identity_transform,
}
#: Name -> transform, length of its input, how many elements of the output are free.
VECTORS = {
    "sticks": (D.StickBreakingTransform(), 3, lambda y: y[:-1]),
    "correlations": (D.CorrCholeskyTransform(), 6,
                     lambda y: D.utils.tril_matrix_to_vec(y, diag=-1)),
    "independent": (D.IndependentTransform(D.ExpTransform(), 1), 3, lambda y: y),
    "reshaped": (D.ReshapeTransform((4,), (2, 2)), 4, lambda y: y.flatten()),
    "affine": (D.AffineTransform(1.0, double([2.0, -3.0, 0.1]), 1), 3, lambda y: y),
    "joined": (D.CatTransform([D.IndependentTransform(D.ExpTransform(), 1),
                               D.IndependentTransform(D.TanhTransform(), 1)],
                              dim=-1, lengths=[1, 2]), 3, lambda y: y),
    "composed": (D.ComposeTransform([D.AffineTransform(0.2, 2.0), D.StickBreakingTransform()]), 3,
                 lambda y: y[:-1]),
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(values=st.lists(st.floats(0.1, 3), min_size=1, max_size=5))
def test_numbers(name, values):
    transform, x = ELEMENTWISE[name], double(values).requires_grad_()
    y = transform(x)
    assert_close(transform.inv(y), x, rtol=1e-7, atol=1e-8)
    (slope,) = torch.autograd.grad(y.sum(), x)
    log_slope = transform.log_abs_det_jacobian(x, y)
    assert_close(log_slope, slope.abs().log(), rtol=1e-6, atol=1e-8)
    assert_close(transform.inv.log_abs_det_jacobian(y, x), -log_slope)
    assert_close(torch.as_tensor(transform.sign) * torch.ones_like(slope), slope.sign(),
                 check_dtype=False)  # fmt: skip
    assert transform.codomain.check(y).all()


@pytest.mark.parametrize("name", VECTORS)
@given(data=st.data())
def test_vectors(name, data):
    transform, n, free = VECTORS[name]
    x = double(data.draw(st.lists(st.floats(-2, 2), min_size=n, max_size=n)))
    y = transform(x)
    assert_close(transform.inv(y), x, rtol=1e-7, atol=1e-8)
    jacobian = torch.autograd.functional.jacobian(lambda x: free(transform(x)), x)
    volume = torch.linalg.slogdet(jacobian).logabsdet
    found = transform.log_abs_det_jacobian(x, y)
    assert_close(found, volume, rtol=1e-6, atol=1e-8)
    assert name == "joined" or transform.codomain.check(y)
    assert tuple(transform.forward_shape((5, n))) == (5, *y.shape)
    assert tuple(transform.inverse_shape((5, *y.shape))) == (5, n)


@pytest.mark.parametrize("transform", [D.LowerCholeskyTransform(), D.PositiveDefiniteTransform()],
                         ids=repr)  # fmt: skip
def test_matrices(transform):
    x = torch.randn(4, 3, 3, dtype=torch.float64)
    y = transform(x)
    assert transform.codomain.check(y).all()
    assert_close(transform(transform.inv(y)), y)


def test_stacked():
    stacked = D.StackTransform([D.ExpTransform(), D.AffineTransform(1.0, 2.0)], dim=1)
    x = torch.randn(3, 2)
    y = stacked(x)
    assert_close(y, torch.stack([x[:, 0].exp(), 1 + 2 * x[:, 1]], 1))
    assert_close(stacked.inv(y), x)
    with pytest.raises(AssertionError, match="must equal number of transforms"):
        stacked(torch.zeros(2, 3))


def test_a_cache_makes_the_inverse_exact():
    transform = D.SigmoidTransform(cache_size=1)
    x = torch.tensor([40.0])
    y = transform(x)
    assert transform.inv(y) is x
    assert transform(x) is y
    assert D.SigmoidTransform().inv(D.SigmoidTransform()(x)) != x
    for other in (D.AffineTransform(1.0, 2.0), D.ReshapeTransform((4,), (2, 2)), stack()):
        cached = other.with_cache()
        assert cached.with_cache(1) is cached
        assert cached == other.with_cache(1)
        z = torch.randn(4, 4)[:, :4] if not isinstance(other, D.StackTransform) else torch.randn(2)
        assert cached.inv(cached(z)) is z
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        D.ExpTransform(cache_size=3)


def stack():
    return D.StackTransform([D.ExpTransform(), D.TanhTransform()])


def test_equality():
    assert D.ExpTransform() == D.ExpTransform() != D.TanhTransform()
    assert D.AffineTransform(0.0, 1.0) != D.AffineTransform(0.0, torch.tensor([1.0, 2.0]))
    assert D.AffineTransform(0.0, 1.0).inv == D.AffineTransform(torch.tensor(0.0), 1.0).inv
    both = D.ComposeTransform([D.ExpTransform(), D.AffineTransform(0.0, 1.0)])
    assert both == copy.deepcopy(both)
    assert both != D.ComposeTransform([D.ExpTransform()])
    assert both.inv.inv is both


def test_an_inverse_survives_pickling():
    inverse = pickle.loads(pickle.dumps(D.ExpTransform().inv))
    assert_close(inverse(torch.tensor(1.0)), torch.tensor(0.0))


def test_a_transform_of_a_user_tells_what_it_lacks():
    class Mine(D.Transform):
        def __init__(self, amount):
            super().__init__()
            self.amount = amount

    mine = Mine(2)
    with pytest.raises(NotImplementedError, match="with_cache is not implemented"):
        mine.with_cache()
    assert mine == mine != Mine(2)
    for ask in (lambda: mine(1), lambda: mine.inv(1), lambda: mine.sign):
        with pytest.raises(NotImplementedError):
            ask()


CONSTRAINTS = [
    constraints.real, constraints.real_vector, constraints.positive, constraints.nonnegative,
    constraints.greater_than(2.0), constraints.greater_than_eq(-1.0), constraints.less_than(1.0),
    constraints.unit_interval, constraints.interval(-2.0, double([1.0, 3.0, 5.0])),
    constraints.half_open_interval(1.0, 3.0), constraints.simplex, constraints.corr_cholesky,
    constraints.independent(constraints.positive, 1),
    constraints.cat([constraints.positive, constraints.real], lengths=[1, 2]),
    constraints.stack([constraints.positive, constraints.real, constraints.unit_interval]),
]  # fmt: skip


@pytest.mark.parametrize("registry", [D.biject_to, D.transform_to], ids=["biject", "transform"])
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=repr)
def test_registries_lead_into_the_constraint(registry, constraint):
    transform = registry(constraint)
    x = double([0.3, -1.0, 0.7])
    y = transform(x)
    assert constraint.check(y).all()
    assert_close(transform(transform.inv(y)), y)


@pytest.mark.parametrize("constraint", [constraints.lower_cholesky, constraints.positive_definite,
                                        constraints.positive_semidefinite], ids=repr)  # fmt: skip
def test_matrices_are_reached_by_transform_to(constraint):
    y = D.transform_to(constraint)(torch.randn(2, 3, 3, dtype=torch.float64))
    assert constraint.check(y).all()
    with pytest.raises(NotImplementedError, match="Cannot transform"):
        D.biject_to(constraint)


def test_registering_a_constraint_of_ones_own():
    class Even(constraints.Constraint):
        def check(self, value):
            return value % 2 == 0

    @D.transform_to.register(Even)
    def _doubled(constraint):
        return D.AffineTransform(0, 2)

    assert D.transform_to(Even())(torch.tensor(3)).item() == 6
    with pytest.raises(TypeError, match="Constraint subclass or instance"):
        D.transform_to.register(3, _doubled)
