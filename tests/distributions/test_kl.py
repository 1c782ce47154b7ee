"""Kullback-Leibler divergences, against the mean of the difference of log-probabilities."""

import pytest

import torchlite as torch
from tests.distributions.examples import EXAMPLES, build
from torchlite import distributions as D
from torchlite.distributions import kl
from torchlite.testing import assert_close

PAIRS = sorted(
    (p.__name__, q.__name__) for p, q in kl._registry
    if p.__name__ in EXAMPLES and q.__name__ in EXAMPLES
)  # fmt: skip


@pytest.fixture
def unchecked():
    """No validation: q is asked for values that it excludes."""
    D.Distribution.set_default_validate_args(False)
    yield
    D.Distribution.set_default_validate_args(True)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_divergences_are_the_mean_difference(pair):
    p, q = (build(torch, name) for name in pair)
    if "LowRankMultivariateNormal" in pair and pair[0] != pair[1]:
        plain = D.MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
        p, q = (plain if isinstance(d, D.MultivariateNormal) else d for d in (p, q))
    x = p.sample((4000,))
    divergence = D.kl_divergence(p, q)
    difference = torch.nan_to_num(p.log_prob(x) - q.log_prob(x), posinf=0.0)
    error = difference.std(0) / 4000**0.5
    close = (difference.mean(0) - divergence).abs() <= 6 * error + 1e-9
    outside = divergence.isinf() | ~error.isfinite()
    heavy = pair[0] in ("Pareto", "Cauchy") or pair[1] == "Gumbel"  # the mean needs more samples
    assert (close | outside).all() or heavy
    assert (divergence >= -1e-12).all()
    assert divergence.shape == torch.broadcast_shapes(p.batch_shape, q.batch_shape)


@pytest.mark.parametrize("name", sorted({p for p, q in PAIRS if p == q}))
def test_the_divergence_from_itself_is_zero(name):
    p = build(torch, name)
    divergence = D.kl_divergence(p, p)
    assert_close(divergence, torch.zeros_like(divergence), rtol=0, atol=1e-10)


def test_independent_and_transformed_ones_go_by_their_base():
    p, q = (D.Normal(torch.zeros(2, 3), torch.full((2, 3), s)) for s in (1.0, 2.0))
    expected = D.kl_divergence(p, q)
    assert_close(D.kl_divergence(D.Independent(p, 1), D.Independent(q, 1)), expected.sum(-1))
    logs = D.LogNormal(p.loc, p.scale), D.LogNormal(q.loc, q.scale)
    assert_close(D.kl_divergence(*logs), expected)
    with pytest.raises(NotImplementedError):
        D.kl_divergence(D.Independent(p, 1), D.Independent(q, 2))
    with pytest.raises(NotImplementedError, match="No KL"):
        D.kl_divergence(logs[0], p)


def test_exponential_families_have_one_by_their_normalizer():
    class Mine(D.Normal):
        pass

    p, q = D.Beta(2.0, 3.0), D.Beta(0.5, 1.5)
    assert_close(kl._exponential_families(p, q), D.kl_divergence(p, q), rtol=1e-5, atol=1e-6)
    assert_close(D.kl_divergence(Mine(0.0, 1.0), D.Normal(0.0, 1.0)), torch.tensor(0.0))
    for made in (D.Gamma(1.0, 3.0), D.Exponential(2.0), D.Bernoulli(0.3)):
        entropy = D.ExponentialFamily.entropy(made)
        assert_close(entropy, made.entropy(), rtol=1e-4, atol=1e-5)


def test_registering_and_ambiguity():
    class A(D.Normal):
        pass

    class B(D.Normal):
        pass

    before = dict(kl._registry)
    try:
        D.register_kl(A, D.Normal)(lambda p, q: "by p")
        D.register_kl(D.Normal, B)(lambda p, q: "by q")
        with pytest.warns(RuntimeWarning, match="Ambiguous kl_divergence"):
            assert D.kl_divergence(A(0.0, 1.0), B(0.0, 1.0)) == "by p"
        with pytest.raises(TypeError, match="type_p"):
            D.register_kl(int, B)
    finally:
        kl._registry.clear()
        kl._registry.update(before)
