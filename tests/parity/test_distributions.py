"""Distributions against PyTorch's own."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torchlite  # noqa: E402
from tests.distributions.examples import EXAMPLES, build  # noqa: E402

NAMES = sorted(EXAMPLES)
#: PyTorch's own is NaN wherever the mode exists.
WRONG_THERE = {("Kumaraswamy", "mode")}
#: PyTorch approximates Bessel functions and the slopes of gamma numbers.
COARSE = {"VonMises": 1e-4, "Multinomial": 1e-7}
#: PyTorch's samples are not of the distribution (LKJCholesky), or warn (Wishart).
OTHER_SAMPLES = {"LKJCholesky"}


def numbers(x):
    return np.asarray(x.detach().numpy() if isinstance(x, torch.Tensor) else x.detach().tolist())


def close(ours, theirs, rtol=1e-9, atol=1e-11, what=""):
    assert tuple(ours.shape) == tuple(theirs.shape), what
    np.testing.assert_allclose(
        numbers(ours), numbers(theirs), rtol=rtol, atol=atol, err_msg=str(what)
    )


def outcome(function):
    """What `function` returns, or the class of its error."""
    try:
        return function()
    except (NotImplementedError, ValueError, AttributeError) as error:
        return type(error)


def same(ours, theirs, what, **tolerance):
    ours, theirs = outcome(ours), outcome(theirs)
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, torchlite.Tensor), (what, ours)
        close(ours, theirs, what=what, **tolerance)
    else:
        assert ours == theirs, what


def pair(name, dtype="float64", **changes):
    return build(torchlite, name, dtype, **changes), build(torch, name, dtype, **changes)


def draws(ours, theirs, shape=(5,)):
    """Samples of both from one seed."""
    torchlite.manual_seed(7)
    torch.manual_seed(7)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Singular sample detected")  # PyTorch's, for any sample
        return ours.sample(shape), theirs.sample(shape)


@pytest.mark.parametrize("name", NAMES)
def test_moments_and_shapes(name):
    ours, theirs = pair(name)
    for what in ("batch_shape", "event_shape"):
        assert tuple(getattr(ours, what)) == tuple(getattr(theirs, what))
    for what in ("mean", "mode", "variance", "stddev"):
        if (name, what) not in WRONG_THERE:
            same(lambda w=what: getattr(ours, w), lambda w=what: getattr(theirs, w), what,
                 rtol=COARSE.get(name, 1e-9))  # fmt: skip
    same(ours.entropy, theirs.entropy, "entropy", rtol=COARSE.get(name, 1e-9))
    same(ours.enumerate_support, theirs.enumerate_support, "enumerate_support")
    assert repr(ours) == repr(theirs)
    assert repr(ours.support) == repr(theirs.support)
    assert (ours.has_rsample, ours.has_enumerate_support) == (
        theirs.has_rsample, theirs.has_enumerate_support
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - OTHER_SAMPLES))
def test_streams(name, dtype):
    for shape in ((), (5,), (3, 20)):
        x, y = draws(*pair(name, dtype), shape)
        rtol = 2e-5 if dtype == "float32" else 1e-10
        close(x, y, rtol=rtol, atol=rtol, what=shape)
        assert str(x.dtype) == str(y.dtype)
    assert torchlite.get_rng_state().tolist() == torch.get_rng_state().tolist()


@pytest.mark.parametrize("name", NAMES)
def test_probabilities(name):
    # PyTorch's GeneralizedPareto takes float32 only
    ours, theirs = pair(name, "float32" if name == "GeneralizedPareto" else "float64")
    _, y = draws(ours, theirs)
    x = torchlite.tensor(y.tolist(), dtype=getattr(torchlite, str(y.dtype).split(".")[1]))
    single = y.dtype is torch.float32 and ours.mean.dtype is torchlite.float32
    tolerance = {"rtol": 1e-5 if single else COARSE.get(name, 1e-8)}
    same(lambda: ours.log_prob(x), lambda: theirs.log_prob(y), "log_prob", **tolerance)
    same(lambda: ours.cdf(x), lambda: theirs.cdf(y), "cdf", **tolerance)
    u = [[0.05, 0.3, 0.99]]
    same(lambda: ours.icdf(torchlite.tensor(u, dtype=torchlite.float64)),
         lambda: theirs.icdf(torch.tensor(u, dtype=torch.float64)), "icdf",
         rtol=1e-6 if single else 1e-9)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_expand(name):
    ours, theirs = pair(name)
    shape = (4, *ours.batch_shape)
    ours, theirs = ours.expand(shape), theirs.expand(shape)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape) == shape
    assert repr(ours) == repr(theirs)
    if name not in OTHER_SAMPLES:
        close(*draws(ours, theirs), rtol=1e-9)


#: PyTorch's Wishart cannot go backward.
SMOOTH = [n for n in NAMES if build(torch, n).has_rsample and n != "Wishart"]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_samples(name):
    keys = [k for k, v in EXAMPLES[name].items() if isinstance(v, list)]
    results = []
    for library in (torchlite, torch):
        leaves = {k: library.tensor(EXAMPLES[name][k], dtype=library.float64, requires_grad=True)
                  for k in keys}  # fmt: skip
        rest = {k: v for k, v in EXAMPLES[name].items() if k not in leaves}
        made = getattr(library.distributions, name)(**leaves, **rest)
        library.manual_seed(3)
        x = made.rsample((4,))
        weights = library.arange(x.numel(), dtype=library.float64).reshape(x.shape).cos()
        (x * weights).sum().backward()
        results.append([leaves[k].grad for k in keys])
    for key, ours, theirs in zip(keys, *results):
        close(ours, theirs, rtol=1e-2, atol=2e-3, what=key)  # PyTorch approximates gamma's


def registered():
    kl = torch.distributions.kl
    return [(p.__name__, q.__name__) for p, q in kl._KL_REGISTRY
            if p.__name__ in EXAMPLES and q.__name__ in EXAMPLES]  # fmt: skip


#: A second distribution of each kind, other than the first.
OTHERS = {
    "Bernoulli": {"probs": [0.4, 0.2, 0.5]},
    "Binomial": {"probs": [0.4, 0.2, 0.5]},
    "ContinuousBernoulli": {"probs": [0.4, 0.2, 0.52]},
    "Geometric": {"probs": [0.4, 0.2, 0.5]},
    "Categorical": {"probs": [[0.1, 0.8, 0.1], [1.0, 0.0, 0.5]]},
    "OneHotCategorical": {"probs": [[0.1, 0.8, 0.1], [1.0, 0.0, 0.5]]},
    "Normal": {"loc": [0.1, 0.2, 0.3], "scale": [1.0, 2.0, 0.3]},
    "Cauchy": {"loc": [0.1, 0.2, 0.3], "scale": [1.0, 2.0, 0.3]},
    "Laplace": {"loc": [0.1, 0.2, 0.3], "scale": [1.0, 2.0, 0.3]},
    "Gumbel": {"loc": [0.1, 0.2, 0.3], "scale": [1.0, 2.0, 0.9]},
    "HalfNormal": {"scale": [1.0, 2.0, 0.3]},
    "Gamma": {"concentration": [1.0, 2.0, 0.3], "rate": [0.4, 0.9, 3.0]},
    "Exponential": {"rate": [0.4, 0.9, 3.0]},
    "Poisson": {"rate": [0.4, 0.9, 3.0]},
    "Pareto": {"scale": [0.4, 0.1, 3.5], "alpha": [0.5, 2.5, 1.0]},
    "Beta": {"concentration1": [1.0, 2.0, 0.3], "concentration0": [0.4, 0.9, 3.0]},
    "Dirichlet": {"concentration": [[1.0, 2.0, 0.3], [0.4, 0.9, 3.0]]},
    "Uniform": {"low": [-1.5, 0.2, 1.0], "high": [0.7, 1.0, 3.5]},
    "MultivariateNormal": {"loc": [0.1, 0.4], "covariance_matrix": [[1.0, 0.2], [0.2, 3.0]]},
}


@pytest.mark.parametrize("names", registered(), ids=lambda n: f"{n[0]}-{n[1]}")
def test_divergences(names):
    p, q = names
    change_p, change_q = {}, OTHERS.get(q, {})
    if names == ("Uniform", "ContinuousBernoulli"):  # infinite at 0 and 1 themselves in PyTorch
        change_p = {"low": [-1.0, 0.1, 2.0], "high": [0.5, 0.9, 2.5]}
    if "LowRankMultivariateNormal" in names and p != q:
        vectors = {"loc": [0.3, -1.2, 2.0], "covariance_matrix": np.eye(3).tolist()}
        if p == "MultivariateNormal":
            change_p = vectors
        else:
            change_q = vectors
    divergence = [
        library.distributions.kl_divergence(
            build(library, p, **change_p), build(library, q, **change_q)
        )
        for library in (torchlite, torch)
    ]
    close(*divergence, rtol=1e-7, what=names)


ERRORS = {
    "negative scale": lambda t: t.distributions.Normal(t.tensor([0.0, 1.0]), t.tensor([1.0, -1.0])),
    "bounds": lambda t: t.distributions.Uniform(t.tensor(1.0), t.tensor(0.0)),
    "no parameter": lambda t: t.distributions.Bernoulli(),
    "two parameters": lambda t: t.distributions.Categorical(t.ones(2), t.ones(2)),
    "scalar probs": lambda t: t.distributions.Categorical(t.tensor(1.0)),
    "not a number": lambda t: t.distributions.Normal("a", 1.0),
    "outside": lambda t: t.distributions.Exponential(t.ones(2)).log_prob(t.tensor([-1.0, 2.0])),
    "no tensor": lambda t: t.distributions.Normal(0.0, 1.0).log_prob(3.0),
    "wrong shape": lambda t: t.distributions.Normal(t.zeros(3), 1.0).log_prob(t.zeros(2)),
    "wrong event": lambda t: t.distributions.Dirichlet(t.ones(3)).log_prob(t.ones(2)),
    "no form": lambda t: t.distributions.MultivariateNormal(t.zeros(2)),
    "flat matrix": lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.ones(2)),
    "indefinite": lambda t: t.distributions.MultivariateNormal(t.zeros(2), -t.eye(2)),
    "dims": lambda t: t.distributions.Independent(t.distributions.Normal(0.0, 1.0), 1),
    "inhomogeneous": lambda t: t.distributions.Multinomial(t.tensor([1, 2]), t.ones(2)),
    "no kl": lambda t: t.distributions.kl_divergence(
        t.distributions.Gumbel(0.0, 1.0), t.distributions.Cauchy(0.0, 1.0)),
    "transforms": lambda t: t.distributions.TransformedDistribution(
        t.distributions.Normal(0.0, 1.0), 3),
    "mixture": lambda t: t.distributions.MixtureSameFamily(
        t.distributions.Categorical(t.ones(3)), t.distributions.Normal(t.zeros(2), 1.0)),
    "no cdf": lambda t: t.distributions.Dirichlet(t.ones(2)).cdf(t.ones(2) / 2),
    "cache": lambda t: t.distributions.ExpTransform(cache_size=2),
    "geometric": lambda t: t.distributions.Geometric(t.tensor([0.0])),
    "lkj": lambda t: t.distributions.LKJCholesky(1),
    "wishart": lambda t: t.distributions.Wishart(0.5, t.eye(2)),
    "registry": lambda t: t.distributions.biject_to(t.distributions.constraints.boolean),
    "poisson": lambda t: t.poisson(t.tensor([-1.0])),
    "binomial": lambda t: t.binomial(t.tensor([1]), t.tensor([0.5])),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    found = []
    for library in (torchlite, torch):
        with pytest.raises(Exception) as info:
            ERRORS[name](library)
        found.append((info.type.__name__, str(info.value).split("\n")[0]))
    assert found[0] == found[1]


def test_samplers_of_tensors():
    for name, args in {
        "poisson": ([0.0, 0.5, 9.9, 10.0, 400.0],),
        "binomial": ([0.0, 5.0, 40.0, 100.0, 7.0], [0.5, 0.3, 0.9, 0.25, 1.0]),
        "_standard_gamma": ([0.0, 0.2, 1.0, 3.0, 90.0],),
        "_sample_dirichlet": ([0.01, 0.2, 1.0, 3.0, 9.0],),
    }.items():
        for kind in ("float32", "float64"):
            drawn = []
            for library in (torchlite, torch):
                library.manual_seed(2)
                given = [library.tensor([a] * 9, dtype=getattr(library, kind)) for a in args]
                drawn.append(getattr(library, name)(*given).tolist())
            rtol = 1e-6 if name == "_sample_dirichlet" else 0  # sums in another order
            np.testing.assert_allclose(*drawn, rtol=rtol, err_msg=name)


def test_validation_can_be_turned_off():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for library in (torchlite, torch):
            made = library.distributions.Normal(0.0, -1.0, validate_args=False)
            assert made.scale.item() == -1


TRANSFORMS = {
    "AbsTransform": (lambda d, t: d.AbsTransform(), (3,)),
    "AffineTransform": (lambda d, t: d.AffineTransform(t([1.0, 2.0, 3.0]), -2.0), (3,)),
    "AffineTransform of vectors": (lambda d, t: d.AffineTransform(1.0, t([2.0, 3.0]), 1), (4, 2)),
    "CatTransform": (lambda d, t: d.CatTransform(
        [d.ExpTransform(), d.AffineTransform(1.0, 2.0)], dim=0, lengths=[1, 2]), (3, 2)),
    "CatTransform of vectors": (lambda d, t: d.CatTransform(
        [d.IndependentTransform(d.ExpTransform(), 1), d.AffineTransform(1.0, 2.0, 1)],
        dim=0, lengths=[2, 1]), (3, 2)),
    "ComposeTransform": (lambda d, t: d.ComposeTransform(
        [d.TanhTransform(), d.AffineTransform(2.0, 1.0, 1), d.ExpTransform()]), (2, 3)),
    "CorrCholeskyTransform": (lambda d, t: d.CorrCholeskyTransform(), (2, 6)),
    "CumulativeDistributionTransform": (lambda d, t: d.CumulativeDistributionTransform(
        d.Normal(t(0.5), t(2.0))), (3,)),
    "ExpTransform": (lambda d, t: d.ExpTransform(), (3,)),
    "IndependentTransform": (lambda d, t: d.IndependentTransform(d.ExpTransform(), 1), (2, 3)),
    "LowerCholeskyTransform": (lambda d, t: d.LowerCholeskyTransform(), (2, 3, 3)),
    "PositiveDefiniteTransform": (lambda d, t: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "ReshapeTransform": (lambda d, t: d.ReshapeTransform((2, 3), (6,)), (4, 2, 3)),
    "SigmoidTransform": (lambda d, t: d.SigmoidTransform(), (3,)),
    "SoftmaxTransform": (lambda d, t: d.SoftmaxTransform(), (2, 3)),
    "SoftplusTransform": (lambda d, t: d.SoftplusTransform(), (3,)),
    "StackTransform": (lambda d, t: d.StackTransform(
        [d.ExpTransform(), d.TanhTransform()], dim=1), (3, 2)),
    "StickBreakingTransform": (lambda d, t: d.StickBreakingTransform(), (2, 3)),
    "TanhTransform": (lambda d, t: d.TanhTransform(), (3,)),
    "inverse of TanhTransform": (lambda d, t: d.TanhTransform().inv.inv, (3,)),
    "biject_to": (lambda d, t: d.biject_to(d.constraints.interval(t(1.0), t(3.0))), (3,)),
    "transform_to": (lambda d, t: d.transform_to(d.constraints.less_than(3.0)), (3,)),
    "identity": (lambda d, t: d.transform_to(d.constraints.real), (3,)),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name):
    make, shape = TRANSFORMS[name]
    values = np.random.default_rng(0).normal(size=shape).tolist()
    sides = []
    for library in (torchlite, torch):
        def tensor(x, library=library):
            return library.tensor(x, dtype=library.float64)

        transform = make(library.distributions, tensor)
        x = tensor(values)
        y = transform(x)
        sides.append((transform, x, y, transform.inv(y)))
    (ours, x, y, back), (theirs, tx, ty, tback) = sides
    close(y, ty)
    close(back, tback, atol=1e-9)
    same(lambda: ours.log_abs_det_jacobian(x, y), lambda: theirs.log_abs_det_jacobian(tx, ty), name)
    for what in ("bijective", "event_dim", "sign", "domain", "codomain"):
        if name.startswith("inverse") or what == "sign":
            continue
        found, expected = (outcome(lambda t=t, w=what: getattr(t, w)) for t in (ours, theirs))
        assert repr(found) == repr(expected) or what == "bijective", what
        if what == "bijective":
            assert bool(found) == bool(expected)
    assert repr(ours) == repr(theirs)
    assert tuple(ours.forward_shape(x.shape)) == tuple(theirs.forward_shape(tx.shape))
    assert tuple(ours.inverse_shape(y.shape)) == tuple(theirs.inverse_shape(ty.shape))


def test_mixtures_and_transformed_distributions():
    def build_all(t):
        d, of = t.distributions, lambda x: t.tensor(x, dtype=t.float64)
        mixed = d.MixtureSameFamily(
            d.Categorical(of([[0.2, 0.8], [0.5, 0.5]])),
            d.Independent(d.Normal(of([[[0.0, 1.0], [3.0, 4.0]]] * 2), of([[1.0, 2.0]] * 2)), 1),
        )
        plain = d.MixtureSameFamily(d.Categorical(of([0.2, 0.8])), d.Normal(of([0.0, 3.0]), 1.0))
        scaled = d.TransformedDistribution(
            d.Normal(of([[0.0, 1.0]]), 1.0),
            [d.AffineTransform(of([1.0, 2.0]), of([-2.0, 3.0])), d.StickBreakingTransform()],
        )
        turned = d.TransformedDistribution(
            d.Laplace(of([0.0, 1.0]), of([1.0, 2.0])), [d.AffineTransform(1.0, of([-2.0, 3.0]))]
        )
        return mixed, plain, scaled, turned

    for ours, theirs in zip(build_all(torchlite), build_all(torch)):
        check_alike(ours, theirs)


def check_alike(ours, theirs):
    x, y = draws(ours, theirs)
    close(x, y)
    same(lambda: ours.log_prob(x), lambda: theirs.log_prob(y), ours)
    same(lambda: ours.cdf(x), lambda: theirs.cdf(y), ours)
    same(lambda: ours.mean, lambda: theirs.mean, ours)
    same(lambda: ours.variance, lambda: theirs.variance, ours)
    same(ours.entropy, theirs.entropy, ours)
    assert repr(ours) == repr(theirs)
    assert (ours.batch_shape, ours.event_shape) == (theirs.batch_shape, theirs.event_shape)
    more = (3, *ours.batch_shape)
    close(*draws(ours.expand(more), theirs.expand(more)))
