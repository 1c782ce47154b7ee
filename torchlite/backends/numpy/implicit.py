"""Derivatives of gamma and beta samples with respect to the parameters.

A sample x stays at its quantile F(x, a) when a changes by da and x by ``-dF/da / density`` times
da: the implicit reparameterization of Figurnov, Mohamed and Mnih 2018,
https://arxiv.org/abs/1805.08498. F is a power series whose terms have simple logarithmic
derivatives, so the quotients below need neither F nor the density.
"""

from __future__ import annotations

import numpy as np

from torchlite.backends.numpy.gamma import two_in_float64
from torchlite.backends.numpy.special import digamma

Array = np.ndarray
_EPS = 2.0**-53
_MOST_TERMS = 200_000  # the series need about 10 * sqrt(a) terms
_FRACTION_STEPS = 200


def _gamma_series(a: Array, x: Array) -> Array:
    """The sum of ``x**n / (a ... (a + n)) x (psi(a + n + 1) - log x)``; for x not far above a."""
    slope = digamma(a) + 1 / a - np.log(x)
    term = x / a
    total = term * slope
    for n in range(1, _MOST_TERMS):
        term = term * (x / (a + n))
        slope = slope + 1 / (a + n)
        total = total + term * slope
        if not (term > _EPS * np.abs(total)).any():
            break
    return total


def _gamma_fraction(a: Array, x: Array) -> Array:
    """Legendre's continued fraction for the upper tail, and its derivative; for x above a."""
    tail, slope = x + 2 * _FRACTION_STEPS + 1 - a, np.full_like(x, -1.0)
    for k in range(_FRACTION_STEPS, 0, -1):
        slope = -1 + k / tail + k * (k - a) * slope / tail**2
        tail = x + 2 * k - 1 - a - k * (k - a) / tail
    return x * ((np.log(x) - digamma(a)) / tail - slope / tail**2)


def _gamma_slope(a: Array, x: Array) -> Array:
    valid = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    above = valid & (x > a + 4 * np.sqrt(a) + 3)
    out = np.where(valid | (a != a) | (x != x), np.nan, 0.0)
    for where, method in ((above, _gamma_fraction), (valid & ~above, _gamma_series)):
        if where.any():
            out[where] = method(a[where], x[where])
    return out


def _beta_below(x: Array, a: Array, b: Array) -> Array:
    """dx/da of x from Beta(a, b), by the series for the lower tail."""
    term = x * (1 - x) / a
    slope = digamma(a) + 1 / a - digamma(a + b) - np.log(x)
    total = term * slope
    for n in range(1, _MOST_TERMS):
        term = term * (x * (a + b + n - 1) / (a + n))
        slope = slope + 1 / (a + n) - 1 / (a + b + n - 1)
        total = total + term * slope
        if not (term > _EPS * np.abs(total)).any():
            break
    return total


def _beta_above(x: Array, a: Array, b: Array) -> Array:
    """The same, by the series for the upper tail."""
    y: Array = 1 - x
    term = y * x / b
    slope = np.log(x) + digamma(a + b) - digamma(a)
    total = term * slope
    for n in range(1, _MOST_TERMS):
        term = term * (y * (a + b + n - 1) / (b + n))
        slope = slope + 1 / (a + b + n - 1)
        total = total + term * slope
        if not (term > _EPS * np.abs(total)).any():
            break
    return total


def _dirichlet_slope(x: Array, a: Array, total: Array) -> Array:
    b = total - a
    valid = (a > 0) & (b > 0) & (x > 0) & (x < 1)
    below = valid & (((x * total <= a) & (x <= 0.9)) | (x < 0.1))
    out = np.zeros_like(x)
    for where, method in ((below, _beta_below), (valid & ~below, _beta_above)):
        if where.any():
            out[where] = method(x[where], a[where], b[where]) / (1 - x[where])
    return out


class Implicit:
    """Mixin of `NumpyBackend`."""

    standard_gamma_grad = two_in_float64(_gamma_slope)

    def dirichlet_grad(self, x: Array, a: Array, total: Array) -> Array:
        """dx/da of x from Beta(a, total - a), divided by ``1 - x``; all have the same shape."""
        with np.errstate(all="ignore"):
            wide = (np.asarray(v, np.float64).reshape(-1) for v in (x, a, total))
            return _dirichlet_slope(*wide).reshape(x.shape).astype(x.dtype)
