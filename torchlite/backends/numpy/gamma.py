"""The incomplete gamma functions and the Hurwitz zeta function of the NumPy reference."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from torchlite.backends.numpy.special import erfc, lgamma, polynomial, stirling_rest

Array = np.ndarray
_TINY = 1e-300
_EPS = 2.0**-53
_HUGE_ORDER = 2e5  # from here on, an expansion in 1 / order is exact
_LEAST_SHIFT = -1e6  # zeta(s, q) for smaller q would need too many terms, so it is NaN
_MOST_TERMS = 10_000  # the series below need about 6 * sqrt(order)


def two_in_float64(function: Callable[[Array, Array], Array]) -> Callable:
    """A method of two operands, one of which may be a scalar, that computes in float64."""

    @functools.wraps(function)
    def method(self: object, a: Array, b: Array) -> Array:
        kind = (a if hasattr(a, "dtype") else b).dtype
        with np.errstate(all="ignore"):
            x, y = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
            return function(x.reshape(-1), y.reshape(-1)).reshape(x.shape).astype(kind)

    return method


# --- incomplete gamma functions -----------------------------------------------------------------


def _log_ratio(a: Array, x: Array) -> Array:
    """``log(x / a) - (x - a) / a`` without cancellation."""
    m = (x - a) / a
    s = m / (m + 2)
    series = polynomial([2 / k for k in range(27, 1, -2)], s * s) * s**3
    return np.where(np.abs(m) < 0.4, series - s * m, np.log(x / a) - m)


def _density(a: Array, x: Array) -> Array:
    """``x**a e**-x / gamma(a)``."""
    small = np.exp(a * np.log(x) - x - lgamma(a))
    scale = np.sqrt(a / (2 * np.pi)) * np.exp(-stirling_rest(np.maximum(a, 8)))
    return np.where(a < 10, small, scale * np.exp(a * _log_ratio(a, x)))


def _lower_series(a: Array, x: Array) -> Array:
    """P(a, x) for x up to about a (Abramowitz and Stegun 6.5.29)."""
    term, total = np.ones_like(x), np.ones_like(x)
    for n in range(1, _MOST_TERMS):
        term = term * (x / (a + n))
        total += term
        if (term <= total * _EPS).all():
            break
    return total * _density(a, x) / a


def _upper_fraction(a: Array, x: Array) -> Array:
    """Q(a, x) for x > max(1, a), by Lentz's algorithm (Press et al., Numerical Recipes 6.2)."""
    b = x + 1 - a
    d = 1 / np.where(b == 0, _TINY, b)
    c, total = np.full_like(x, 1 / _TINY), d
    for n in range(1, _MOST_TERMS):
        numerator: Array = n * (a - n)
        b = b + 2
        d, c = numerator * d + b, b + numerator / c
        d, c = (np.where(v == 0, _TINY, v) for v in (d, c))
        d = 1 / d
        total = total * (c * d)
        if (np.abs(c * d - 1) <= 2 * _EPS).all():
            break
    return total * _density(a, x)


def _upper_series(a: Array, x: Array) -> Array:
    """Q(a, x) for small x and a, where P is nearly 1 (DLMF 8.7.3)."""
    term, total = np.ones_like(x), np.zeros_like(x)
    for n in range(1, 30):
        term = term * (-x / n)
        total += term / (a + n)
    grown = a * np.log(x)
    return -np.expm1(grown - lgamma(a + 1)) - np.exp(grown - lgamma(a)) * total


def _of_huge_order(a: Array, x: Array, sign: float) -> Array:
    """P (sign -1) or Q (1) for a >= _HUGE_ORDER (Temme 1979; DLMF 8.12.3, 8.12.4)."""
    m = (x - a) / a
    eta = np.copysign(np.sqrt(np.minimum(-2 * _log_ratio(a, x), 1)), m)  # saturated beyond 1
    near = polynomial([1 / 864, -2 / 135, 1 / 12, -1 / 3], eta)
    rest = np.where(np.abs(eta) < 0.01, near, 1 / m - 1 / eta) - (1 / 540 + eta / 288) / a
    density = np.exp(a * eta * -eta / 2) / np.sqrt(2 * np.pi * a)
    return erfc(sign * eta * np.sqrt(a / 2)) / 2 + sign * density * rest


def _incomplete(a: Array, x: Array, upper: bool) -> Array:
    """P(a, x), or Q(a, x) if `upper`: computed as 1 minus the other if that is below about 1/2."""
    huge = a >= _HUGE_ORDER
    with_series = (x <= 1.1) & np.where(x <= 0.5, -0.4 / np.log(x) >= a, x * 1.1 >= a)
    with_fraction = (x > 1.1) & (x >= a)
    methods = (
        (huge, lambda a, x: _of_huge_order(a, x, 1 if upper else -1), upper),
        (~huge & with_series & upper, _upper_series, True),
        (~huge & with_fraction, _upper_fraction, True),
        (~huge & ~with_fraction & ~(with_series & upper), _lower_series, False),
    )
    valid = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    out = _at_ends(a, x)
    if upper:
        out = 1 - out
    for where, method, is_upper in methods:
        where = where & valid
        if where.any():
            value = method(a[where], x[where])
            out[where] = value if is_upper == upper else 1 - value
    return out


def _at_ends(a: Array, x: Array) -> Array:
    """P(a, x) where an operand is 0 or infinite; NaN elsewhere."""
    inside = (a >= 0) & (x >= 0)
    out = np.full_like(x, np.nan)
    out[inside & (a == 0) & (x > 0)] = 1
    out[inside & (a > 0) & np.isinf(x)] = 1
    out[inside & (a > 0) & (x == 0)] = 0
    out[inside & np.isinf(a)] = 0
    out[np.isinf(a) & np.isinf(x)] = np.nan
    return out


# --- the zeta function --------------------------------------------------------------------------


def _zeta(s: Array, q: Array) -> Array:
    """``sum((q + k)**-s)`` over k >= 0: poles and undefined values, then `_zeta_inside`."""
    pole = (s == 1) | ((s > 1) & (q <= 0) & (q == np.floor(q)))
    inside = (s > 1) & ((q > 0) | ((q > _LEAST_SHIFT) & (s == np.floor(s)))) & ~pole
    out = np.where(pole, np.inf, np.nan)
    if inside.any():
        out[inside] = _zeta_inside(s[inside], q[inside])
    return out


def _zeta_inside(s: Array, q: Array) -> Array:
    """Terms up to q + k >= 9, the remainder by the Euler-Maclaurin formula."""
    total, y = np.zeros_like(q), q
    least = q.min(initial=0.0, where=np.isfinite(q))
    for k in range(max(9, math.ceil(9 - least))):
        more = (k < 9) | (y < 9)
        total, y = np.where(more, total + y**-s, total), np.where(more, y + 1, y)
    power = y**-s
    total = total + y ** (1 - s) / (s - 1) + power / 2
    power, factor = power / y, s
    for k, bernoulli in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6), 1):
        step = power * (bernoulli / math.factorial(2 * k)) * factor
        total = np.where(power > 0, total + step, total)  # the factor may be infinite
        factor, power = factor * (s + 2 * k - 1) * (s + 2 * k), power / (y * y)
    return total


class Gamma:
    """Mixin of `NumpyBackend`."""

    igamma = two_in_float64(lambda a, x: _incomplete(a, x, upper=False))
    igammac = two_in_float64(lambda a, x: _incomplete(a, x, upper=True))
    zeta = two_in_float64(_zeta)
