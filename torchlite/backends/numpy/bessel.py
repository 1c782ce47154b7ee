"""Bessel functions of the NumPy reference, in float64: absolute error of a few 1e-16.

Up to `_FAR`, integrals, whose trapezoidal sums converge exponentially (Trefethen and Weideman
2014); beyond, Hankel's asymptotic series (Abramowitz and Stegun 9.2.5, 9.7.2).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy.special import by_cases, in_float64

Array = np.ndarray
_EULER = 0.57721566490153286061
_FAR = 18.0  # there the smallest term of the asymptotic series is e**-36

# --- J and Y ------------------------------------------------------------------------------------

_NODES = 32


@functools.cache
def _angles() -> list[tuple[float, float]]:
    """Sines of angles from 0 to pi / 2, and their weights in Neumann's series for Y0.

    The series (Abramowitz and Stegun 9.1.89) is in J_2k, each of which is a sum over the angles.
    """
    angles = (np.arange(_NODES) + 0.5) * (np.pi / 2 / _NODES)
    orders = np.arange(1, _NODES + 1)
    weights = ((-1.0) ** orders / orders) @ np.cos(2 * orders[:, None] * angles)
    return list(zip(np.sin(angles).tolist(), weights.tolist()))


def _mean(x: Array, f: Callable[[float, float], Array]) -> Array:
    """The mean over the angles of ``f(sine, weight)``."""
    total = np.zeros_like(x)
    for s, w in _angles():
        total += f(s, w)
    return total / _NODES


def _hankel(x: Array, order: float) -> tuple[Array, Array]:
    """P and Q: ``J = sqrt(2 / (pi x)) (P cos(c) - Q sin(c))``, c = x - pi (order / 2 + 1 / 4)."""
    p, q, term = np.ones_like(x), np.zeros_like(x), np.ones_like(x)
    for k in range(1, 33):
        term = term * ((4 * order**2 - (2 * k - 1) ** 2) / (8 * k)) / x
        sign = -1.0 if k & 2 else 1.0
        if k & 1:
            q += sign * term
        else:
            p += sign * term
    return p, q


def _far(x: Array, order: int, second: bool) -> Array:
    """J, or Y if `second`, of order 0 or 1 for x >= _FAR; 0 at infinity."""
    p, q = _hankel(x, order)
    sine, cosine = np.sin(x), np.cos(x)
    plus, minus = (cosine + sine) * math.sqrt(0.5), (sine - cosine) * math.sqrt(0.5)
    c, s = (minus, -plus) if order else (plus, minus)  # of the angle c above
    value = p * s + q * c if second else p * c - q * s
    return np.where(np.isinf(x), 0, np.sqrt(2 / (np.pi * x)) * value)


def _j0_near(x: Array) -> Array:
    return _mean(x, lambda s, w: np.cos(x * s))


def _j1_near(x: Array) -> Array:
    return _mean(x, lambda s, w: np.sin(x * s) * s)


def _y0_near(x: Array) -> Array:
    series = _mean(x, lambda s, w: np.cos(x * s) * w)
    return 2 / np.pi * ((np.log(x / 2) + _EULER) * _j0_near(x) - 2 * series)


def _y1_near(x: Array) -> Array:
    """The derivative of -Y0."""
    series = _mean(x, lambda s, w: np.sin(x * s) * (s * w))
    growing = (np.log(x / 2) + _EULER) * _j1_near(x) - _j0_near(x) / x
    return 2 / np.pi * (growing - 2 * series)


def _first_kind(near: Callable, order: int) -> Callable[[Array], Array]:
    def j(x: Array) -> Array:
        size = np.abs(x)
        value = by_cases(size, [
            (size < _FAR, near), (size >= _FAR, lambda x: _far(x, order, second=False)),
        ])  # fmt: skip
        return np.where(x < 0, -value, value) if order else value

    return j


def _second_kind(near: Callable, order: int) -> Callable[[Array], Array]:
    return lambda x: by_cases(x, [
        ((x > 0) & (x < _FAR), near),
        (x >= _FAR, lambda x: _far(x, order, second=True)),
        (x == 0, lambda x: np.full_like(x, -np.inf)),
    ])  # fmt: skip


# --- K ------------------------------------------------------------------------------------------

_STEP = 0.1


def scaled_k(x: Array, order: float) -> Array:
    """``e**x K(x)`` for any order below 2 and x >= 1 (Abramowitz and Stegun 9.6.24)."""

    def integral(x: Array) -> Array:
        total = np.full_like(x, 0.5)
        for t in np.arange(1, 46) * _STEP:
            total += np.exp(x * -2 * np.sinh(t / 2) ** 2) * np.cosh(order * t)
        return total * _STEP

    def far(x: Array) -> Array:
        term, total = np.ones_like(x), np.ones_like(x)
        for k in range(1, 33):
            term = term * ((4 * order**2 - (2 * k - 1) ** 2) / (8 * k)) / x
            total += term
        return np.sqrt(np.pi / 2 / x) * total

    return by_cases(x, [((x >= 1) & (x < _FAR), integral), (x >= _FAR, far)])


def _k_near(x: Array, order: int) -> Array:
    """K0 or K1 for 0 < x < 1, by the ascending series (Abramowitz and Stegun 9.6.11)."""
    z, log = x * x / 4, np.log(x / 2) + _EULER
    term, harmonic, total = np.ones_like(x), 0.0, np.zeros_like(x)
    for k in range(12):
        if k:
            term = term * z / (k * (k + order))
            harmonic += 1 / k
        mean = harmonic + (0.5 / (k + 1) if order else 0)
        total += term * (mean - log)
    return 1 / x - x / 2 * total if order else total


def _scaled_modified(order: int) -> Callable[[Array], Array]:
    return lambda x: by_cases(x, [
        ((x > 0) & (x < 1), lambda x: np.exp(x) * _k_near(x, order)),
        (x >= 1, lambda x: scaled_k(x, order)),
        (x == 0, lambda x: np.full_like(x, np.inf)),
    ])  # fmt: skip


# --- the Airy function --------------------------------------------------------------------------

_AIRY_LEFT, _AIRY_RIGHT = -9, 2
_AIRY_TERMS = 26


def _taylor(centre: Any, value: Any, slope: Any, h: Any) -> tuple[Any, Any]:
    """The solution of ``y'' = x y`` and its slope at centre + h, given those at the centre."""
    terms = [value, slope, centre * value / 2]
    for k in range(1, _AIRY_TERMS):
        terms.append((centre * terms[k] + terms[k - 1]) / ((k + 1) * (k + 2)))
    y, dy = np.zeros_like(h), np.zeros_like(h)
    for k in range(len(terms) - 1, 0, -1):
        y, dy = y * h + terms[k], dy * h + k * terms[k]
    return y * h + terms[0], dy


@functools.cache
def _airy_nodes() -> tuple[Array, Array]:
    """Ai and its slope at the integers from _AIRY_LEFT to _AIRY_RIGHT."""
    at_zero = 3 ** (-2 / 3) / math.gamma(2 / 3), -(3 ** (-1 / 3)) / math.gamma(1 / 3)
    known: dict[int, tuple[Any, Any]] = {0: at_zero}
    for step, last in ((-1, _AIRY_LEFT), (1, _AIRY_RIGHT)):
        half = np.float64(step / 2)
        for x in range(0, last, step):
            value, slope = _taylor(x, *known[x], half)
            known[x + step] = _taylor(x + half, value, slope, half)
    table = np.array([known[x] for x in range(_AIRY_LEFT, _AIRY_RIGHT + 1)])
    return table[:, 0], table[:, 1]


def _airy_near(x: Array) -> Array:
    values, slopes = _airy_nodes()
    centre = np.rint(x)
    i = centre.astype(np.int64) - _AIRY_LEFT
    return _taylor(centre, values[i], slopes[i], x - centre)[0]


def _airy_decay(x: Array) -> Array:
    """Abramowitz and Stegun 10.4.14."""
    z = x * np.sqrt(x) * (2 / 3)
    return np.where(np.isinf(x), 0, np.sqrt(x / 3) / np.pi * scaled_k(z, 1 / 3) * np.exp(-z))


def _airy_waves(x: Array) -> Array:
    """Abramowitz and Stegun 10.4.60, whose series are Hankel's for order 1/3."""
    size = -x
    z = size * np.sqrt(size) * (2 / 3)
    p, q = _hankel(z, 1 / 3)
    wave = p * np.sin(z + np.pi / 4) + q * np.cos(z + np.pi / 4)
    return np.where(np.isinf(x), 0, wave / (math.sqrt(np.pi) * np.sqrt(np.sqrt(size))))


def _airy(x: Array) -> Array:
    right = _AIRY_RIGHT - 0.5
    return by_cases(x, [
        (x < _AIRY_LEFT, _airy_waves),
        ((x >= _AIRY_LEFT) & (x < right), _airy_near),
        (x >= right, _airy_decay),
    ])  # fmt: skip


class Bessel:
    """Mixin of `NumpyBackend`."""

    bessel_j0 = in_float64(_first_kind(_j0_near, 0))
    bessel_j1 = in_float64(_first_kind(_j1_near, 1))
    bessel_y0 = in_float64(_second_kind(_y0_near, 0))
    bessel_y1 = in_float64(_second_kind(_y1_near, 1))
    scaled_modified_bessel_k0 = in_float64(_scaled_modified(0))
    scaled_modified_bessel_k1 = in_float64(_scaled_modified(1))
    airy_ai = in_float64(_airy)
