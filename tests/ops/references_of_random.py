"""What holds of any random result, whatever was drawn."""

import numpy as np


def check_dropout(result, x, p):
    """Elements are 0 or grow by 1 / (1 - p)."""
    (got,) = result
    assert (got.shape, got.dtype) == (x.shape, x.dtype)
    kept = x / (1 - p)
    assert np.all(np.isclose(got, kept, rtol=1e-12) | ((got == 0) & (p > 0)))


def check_bernoulli(result, p):
    (got,) = result
    assert (got.shape, got.dtype) == (p.shape, p.dtype)
    assert np.all((got == 0) | (got == 1))
    assert np.all(got[p == 0] == 0)
    assert np.all(got[p == 1] == 1)


def check_multinomial(result, weights, count, replacement):
    (got,) = result
    assert (got.shape, got.dtype) == ((len(weights), count), np.int64)
    assert np.all(np.take_along_axis(weights, got, 1) > 0)
    assert replacement or all(len({*row}) == count for row in got)


def check_binomial(result, count, p):
    (got,) = result
    assert (got.shape, got.dtype) == (np.broadcast_shapes(count.shape, p.shape), p.dtype)
    assert np.all((got == np.floor(got)) & (got >= 0) & (got <= count))
    certain = np.broadcast_to(p, got.shape) % 1 == 0
    assert np.all(got[certain] == (count * p)[certain])


def check_poisson(result, rate):
    (got,) = result
    assert (got.shape, got.dtype) == (rate.shape, rate.dtype)
    assert np.all((got == np.floor(got)) & (got >= 0))
    assert np.all(got[rate == 0] == 0)


def check_gamma(result, order):
    (got,) = result
    assert (got.shape, got.dtype) == (order.shape, order.dtype)
    assert np.all((got > 0) & np.isfinite(got))


def check_dirichlet(result, order):
    """Points of the simplex."""
    check_gamma(result, order)
    np.testing.assert_allclose(result[0].sum(-1), 1, rtol=1e-12)


CHECKS = {
    "dropout": check_dropout,
    "bernoulli": check_bernoulli,
    "multinomial": check_multinomial,
    "binomial": check_binomial,
    "poisson": check_poisson,
    "_standard_gamma": check_gamma,
    "_sample_dirichlet": check_dirichlet,
}
