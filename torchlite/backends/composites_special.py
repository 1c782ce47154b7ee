"""Composites of mathematics: see `torchlite.backends.composites`."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes

Array = Any


class SpecialFunctions:
    """Elementwise functions of mathematics, of floats."""

    def complex(xp, real: Array, imag: Array) -> Array:
        """``real + 1j * imag``, whatever is infinite."""
        kind = dtypes.of(real).to_complex()
        return xp.add(xp.astype(real, kind), xp.mul(xp.astype(imag, kind), 1j))

    def i0e(xp, x: Array) -> Array:
        """``e**-|x| I0(x)``, the modified Bessel function of order 0."""
        return xp._bessel(xp.abs(x), 0)

    def i1e(xp, x: Array) -> Array:
        """``e**-|x| I1(x)``, of order 1."""
        return xp.mul(xp.sign(x), xp._bessel(xp.abs(x), 1))

    def _bessel(xp, x: Array, order: int) -> Array:
        """Both for x >= 0: the power series up to 20, from there the asymptotic one.

        Source: Abramowitz and Stegun 9.6.10, 9.7.1.
        """
        low = xp.minimum(x, 20)
        z = xp.square(xp.mul(low, 0.5))
        series = xp.full(tuple(x.shape), 1.0, dtypes.of(x))
        for k in range(60, 0, -1):
            series = xp.add(xp.mul(xp.mul(series, z), 1 / (k * (k + order))), 1)
        if order:
            series = xp.mul(series, xp.mul(low, 0.5))
        high = xp.maximum(x, 20)
        w = xp.div(1 / 8, high)
        tail = xp.full(tuple(x.shape), 1.0, dtypes.of(x))
        for k in range(30, 0, -1):
            tail = xp.add(xp.mul(xp.mul(tail, w), ((2 * k - 1) ** 2 - 4 * order) / k), 1)
        tail = xp.div(tail, xp.sqrt(xp.mul(high, 2 * math.pi)))
        return xp.where(xp.le(x, 20), xp.mul(series, xp.exp(xp.neg(low))), tail)

    def xlogy(xp, a: Array, b: Array) -> Array:
        """``a * log(b)``, 0 where a is 0, NaN where b is."""
        product = xp.mul(a, xp.log(b))
        return xp.where(xp.logical_and(xp.eq(a, 0), xp.logical_not(xp.isnan(b))), 0, product)

    def xlog1py(xp, a: Array, b: Array) -> Array:
        """``a * log(1 + b)``, 0 where a is 0, NaN where b is."""
        product = xp.mul(a, xp.log1p(b))
        return xp.where(xp.logical_and(xp.eq(a, 0), xp.logical_not(xp.isnan(b))), 0, product)

    def polygamma(xp, n: int, x: Array) -> Array:
        """The n-th derivative of digamma, n >= 1: ``(-1)**(n + 1) n! zeta(n + 1, x)``.

        For n = 1 and x < 1/2, the reflection formula (Abramowitz and Stegun 6.4.10, 6.4.7).
        """
        if n > 1:
            return xp.mul(xp.zeta(n + 1.0, x), (-1) ** (n + 1) * math.factorial(n))
        negative = xp.lt(x, 0.5)
        right = xp.zeta(2.0, xp.where(negative, xp.sub(1, x), x))
        sine = xp.sin(xp.mul(xp.sub(x, xp.round(x)), math.pi))
        return xp.where(negative, xp.sub(xp.div(math.pi**2, xp.square(sine)), right), right)

    def random_dirichlet(xp, rng: Any, order: Array) -> Array:
        """Gamma numbers of float64 over their sum along the last axis, above 0."""
        drawn = xp.random_gamma(rng, xp.astype(order, dtypes.float64))
        kind = dtypes.of(order)
        share = xp.div(drawn, xp.sum(drawn, order.ndim - 1, True))
        return xp.astype(xp.maximum(share, dtypes.finfo(kind).tiny), kind)
