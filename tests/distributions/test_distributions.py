"""Distributions: samples against moments, densities, gradients, shapes and checks."""

import copy
import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import torchlite as torch
from tests.distributions.examples import EXAMPLES, build
from torchlite import distributions as D
from torchlite.testing import assert_close

NAMES = sorted(EXAMPLES)
#: Their samples have no mean or spread too far for a test of it.
HEAVY = {"Cauchy", "HalfCauchy", "Pareto", "StudentT", "FisherSnedecor", "InverseGamma"}


def double(x):
    return torch.tensor(x, dtype=torch.float64)


def finite(made, what):
    """A moment, or None where it has no formula or no value."""
    try:
        value = getattr(made, what)
    except NotImplementedError:
        return None
    return value if value.isfinite().all() else None


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - HEAVY - {"VonMises"}))
def test_samples_have_the_mean_and_variance(name):
    made, n = build(torch, name), 4000
    x = made.sample((n,))
    mean, variance = finite(made, "mean"), finite(made, "variance")
    if mean is not None:
        error = (variance / n).sqrt()
        assert ((x.mean(0) - mean).abs() <= 5 * error + 1e-12).all()
    if variance is not None:
        assert_close(x.var(0), variance, rtol=0.4, atol=1e-3)


def test_angles_have_the_circular_mean_and_variance():
    made = build(torch, "VonMises")
    x = made.sample((4000,))
    c, s = x.cos().mean(0), x.sin().mean(0)
    assert_close(torch.atan2(s, c)[1:], made.mean[1:], rtol=0, atol=0.05)
    assert_close(1 - (c * c + s * s).sqrt(), made.variance, rtol=0.05, atol=0.03)


@pytest.mark.parametrize("dim", [2, 3, 4])
def test_correlations_of_lkj_spread_as_they_should(dim):
    factor = D.LKJCholesky(dim, 1.0).sample((4000,))
    correlations = (factor @ factor.mT)[:, -1, :-1]
    assert_close(correlations.var(0), torch.full((dim - 1,), 1 / (dim + 1)), rtol=0.1, atol=0)
    assert D.constraints.corr_cholesky.check(factor).all()


@pytest.mark.parametrize("name", NAMES)
def test_samples_lie_in_the_support_and_have_a_probability(name):
    made = build(torch, name)
    x = made.sample((50,))
    assert made.support.check(x).all()
    log_prob = made.log_prob(x)
    assert log_prob.shape == (50, *made.batch_shape)
    assert log_prob.isfinite().all()


GRID = {  # where nearly all of the probability lies
    "Beta": (1e-9, 1 - 1e-9), "Cauchy": (-4000, 4000), "Chi2": (1e-9, 60),
    "ContinuousBernoulli": (0, 1), "Exponential": (0, 60), "Gamma": (1e-9, 60),
    "GeneralizedPareto": (0.3, 600), "Gumbel": (-30, 60), "HalfNormal": (0, 30),
    "Kumaraswamy": (1e-9, 1 - 1e-9), "Laplace": (-60, 60), "LogNormal": (1e-6, 300),
    "Normal": (-30, 30), "RelaxedBernoulli": (1e-6, 1 - 1e-6), "StudentT": (-4000, 4000),
    "VonMises": (-math.pi, math.pi), "Weibull": (1e-9, 60),
}  # fmt: skip


@pytest.mark.parametrize("name", GRID)
def test_densities_integrate_to_one(name):
    low, high = GRID[name]
    made = build(torch, name)
    made._validate_args = False
    # points crowd at both ends: x = (1 - cos t) / 2
    t = torch.linspace(0, math.pi, 400_001, dtype=torch.float64)[1:-1].unsqueeze(-1)
    x = low + (high - low) * (1 - t.cos()) / 2
    weight = (high - low) * t.sin() / 2
    density = torch.nan_to_num(made.log_prob(x).exp()) * weight
    total = density.sum(0) * (math.pi / 400_000)
    inside = torch.ones(3) if name != "GeneralizedPareto" else double([1.0, 0.0, 0.0])
    assert_close(torch.where(inside > 0, total, 1.0), torch.ones_like(total), rtol=0.04, atol=0)


@pytest.mark.parametrize(
    "name", [n for n in NAMES if build(torch, n).has_enumerate_support]
)
def test_probabilities_of_all_values_sum_to_one(name):
    made = build(torch, name)
    values = made.enumerate_support()
    assert values.shape[1:] == made.batch_shape + made.event_shape
    total = made.log_prob(values).exp().sum(0)
    assert_close(total, torch.ones_like(total))
    assert_close(made.log_prob(made.enumerate_support(expand=False)), made.log_prob(values))


@pytest.mark.parametrize("name", ["Cauchy", "Exponential", "GeneralizedPareto", "Gumbel",
                                  "HalfCauchy", "HalfNormal", "Kumaraswamy", "Laplace",
                                  "LogNormal", "Normal", "Pareto", "Uniform", "Weibull",
                                  "ContinuousBernoulli"])  # fmt: skip
def test_quantiles_invert_the_distribution_function(name):
    made, u = build(torch, name), double([[0.1, 0.4, 0.97]])
    x = made.icdf(u).detach().requires_grad_()
    probability = made.cdf(x)
    assert_close(probability, u)
    probability.sum().backward()
    assert_close(x.grad, made.log_prob(x).exp(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("order", [0.05, 0.6, 1.0, 3.0, 40.0, 3000.0])
def test_gamma_numbers_move_with_their_order_along_the_quantile(order):
    a, h = double([order] * 50).requires_grad_(), 1e-5 * order
    x = torch._standard_gamma(a)
    x.sum().backward()
    with torch.no_grad():
        upper = torch.igamma(a, x) > 0.5  # the smaller tail is the accurate one
        tails = [torch.where(upper, -torch.igammac(a + s, x), torch.igamma(a + s, x))
                 for s in (h, -h)]  # fmt: skip
        density = D.Gamma(a, double(1.0)).log_prob(x).exp()
    usual = x > 1e-100
    expected = (tails[1] - tails[0]) / (2 * h)
    assert_close((a.grad * density)[usual], expected[usual], rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("pair", [(0.4, 0.7), (2.0, 3.0), (7.0, 1.5), (0.3, 400.0), (500.0, 0.5)])
def test_beta_numbers_move_with_their_parameters(pair):
    """The mean of ``f(x)`` moves as the mean of its gradient tells."""
    a, b = (double(v).requires_grad_() for v in pair)
    x = D.Beta(a, b).rsample((6000,))
    x.mean().backward()
    total = a.detach() + b.detach()
    assert_close(a.grad, b.detach() / total**2, rtol=0.25, atol=1e-6)
    assert_close(b.grad, -a.detach() / total**2, rtol=0.25, atol=1e-6)


#: Concentrations of `GeneralizedPareto`: 0 has a formula of its own, without a slope.
NONZERO = double([0.2, 0.3, -0.4])
SMOOTH = [n for n in NAMES if build(torch, n).has_rsample]
PATHS = sorted({*SMOOTH} - {"Beta", "Chi2", "Dirichlet", "FisherSnedecor", "Gamma", "InverseGamma",
                            "StudentT", "Wishart", "OneHotCategoricalStraightThrough",
                            "MultivariateNormal"})  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_gradients_of_samples_match_differences(name):
    keys = [k for k, v in EXAMPLES[name].items() if isinstance(v, list)]

    def draw(*values):
        torch.manual_seed(5)
        return getattr(D, name)(validate_args=False, **dict(zip(keys, values))).rsample((2,))

    inputs = [double(EXAMPLES[name][k]).requires_grad_() for k in keys]
    if name == "GeneralizedPareto":
        inputs[2] = NONZERO.clone().requires_grad_()
    assert torch.autograd.gradcheck(draw, inputs, eps=1e-6, atol=1e-4, rtol=1e-3)


DENSE = sorted({*NAMES} - {"LKJCholesky", "MultivariateNormal", "Wishart", "Multinomial",
                           "RelaxedOneHotCategorical"})  # fmt: skip


@pytest.mark.parametrize("name", DENSE)
def test_gradients_of_log_prob_match_differences(name):
    keys = [k for k, v in EXAMPLES[name].items()
            if isinstance(v, list) and k not in ("total_count", "low", "high")]  # fmt: skip
    rest = {k: double(v) if isinstance(v, list) else v
            for k, v in EXAMPLES[name].items() if k not in keys}  # fmt: skip
    x = build(torch, name).sample((2,))

    def score(*values):
        return getattr(D, name)(validate_args=False, **dict(zip(keys, values)), **rest).log_prob(x)

    inputs = [double(EXAMPLES[name][k]).requires_grad_() for k in keys]
    if name == "GeneralizedPareto":
        inputs[2] = NONZERO.clone().requires_grad_()
    if inputs:
        assert torch.autograd.gradcheck(score, inputs, eps=1e-6, atol=1e-4, rtol=1e-3)


shapes = st.lists(st.integers(1, 3), max_size=2).map(tuple)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5)
@given(batch=shapes, sample=shapes)
def test_shapes(name, batch, sample):
    made = build(torch, name)
    made = made.expand((*batch, *made.batch_shape))
    shape = (*sample, *made.batch_shape)
    x = made.sample(sample)
    assert x.shape == (*shape, *made.event_shape)
    assert made.log_prob(x).shape == shape
    if name not in ("LKJCholesky", "MixtureSameFamily") and name in SMOOTH:
        assert made.rsample(sample).shape == x.shape
    try:
        assert made.entropy().shape == made.batch_shape
    except NotImplementedError:
        assert name in ("FisherSnedecor", "LKJCholesky", "LogisticNormal", "NegativeBinomial",
                        "Poisson", "RelaxedBernoulli", "RelaxedOneHotCategorical",
                        "VonMises")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_distribution_survives_copies(name):
    made = build(torch, name)
    expected = made.log_prob(x := made.sample((3,)))
    for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert_close(other.log_prob(x), expected)


def test_numbers_make_a_single_distribution_of_the_default_dtype():
    made = D.Normal(1, 2)
    assert made.batch_shape == ()
    assert made.sample().dtype is torch.float32
    assert repr(made) == "Normal(loc: 1.0, scale: 2.0)"
    made = D.Normal(torch.zeros(2), 1.0)
    assert repr(made) == "Normal(loc: torch.Size([2]), scale: torch.Size([2]))"


def test_checks_can_be_turned_off_for_all():
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Expected parameter scale"):
        D.Normal(0.0, -1.0)
    with pytest.raises(ValueError):
        D.Distribution.set_default_validate_args("yes")


def test_a_subclass_with_another_init_has_to_say_how_it_expands():
    class Standard(D.Normal):
        def __init__(self):
            super().__init__(0.0, 1.0)

    with pytest.raises(NotImplementedError, match="custom __init__ method must also define"):
        Standard().expand((2,))

    class Expanding(Standard):
        def expand(self, batch_shape, _instance=None):
            new = self._get_checked_instance(Expanding, _instance)
            return super().expand(batch_shape, _instance=new)

    assert Expanding().expand((2,)).sample().shape == (2,)


def test_what_a_user_defines_is_checked_as_far_as_it_tells():
    class Fixed(D.Distribution):
        def log_prob(self, value):
            self._validate_sample(value)
            return torch.zeros(())

    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        made = Fixed()
    with pytest.warns(UserWarning, match="does not define `support`"):
        made.log_prob(torch.tensor(1.0))
    with pytest.warns(FutureWarning, match="sample_n"), pytest.raises(NotImplementedError):
        made.sample_n(3)
    for what in ("mean", "variance", "mode"):
        with pytest.raises(NotImplementedError):
            getattr(made, what)


def test_straight_through_samples_pass_the_gradient_on():
    logits = torch.zeros(3, requires_grad=True)
    x = D.OneHotCategoricalStraightThrough(logits=logits).rsample()
    assert sorted(x.tolist()) == [0.0, 0.0, 1.0]
    (x * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert logits.grad.abs().sum() > 0


def test_policy_gradients_flow_to_logits():
    logits = torch.zeros(4, 3, requires_grad=True)
    policy = D.Categorical(logits=logits)
    policy.log_prob(policy.sample()).sum().backward()
    assert_close(logits.grad.sum(-1), torch.zeros(4))


def test_lowest_wishart_orders_warn():
    with pytest.warns(UserWarning, match="Low df values"):
        D.Wishart(1.5, torch.eye(2))
