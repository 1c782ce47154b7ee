"""Special-function composites: see `torchlite.backends.composites`."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import ELEMENTWISE, RANDOM, composite

Array = Any
_FLOAT = (dtypes.FLOAT,)


class SpecialFunctions:
    """Elementwise special functions of floats."""

    @composite(ELEMENTWISE, takes=_FLOAT, linear="real imag", holomorphic=False)
    def complex(xp, real: Array, imag: Array) -> Array:
        """``real + 1j * imag``, correct for infinite parts too."""
        kind = dtypes.of(real).to_complex()
        return xp.add(xp.astype(real, kind), xp.mul(xp.astype(imag, kind), 1j))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def i0e(xp, input: Array) -> Array:
        """``e**-|input| I0(input)``, the modified Bessel function of order 0."""
        return xp._bessel(xp.abs(input), 0)

    @composite(ELEMENTWISE, takes=_FLOAT)
    def i1e(xp, input: Array) -> Array:
        """``e**-|input| I1(input)``, the modified Bessel function of order 1."""
        return xp.mul(xp.sign(input), xp._bessel(xp.abs(input), 1))

    def _bessel(xp, x: Array, order: int) -> Array:
        """`i0e` or `i1e` for x >= 0: the power series up to 20, the asymptotic one beyond.

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

    @composite(ELEMENTWISE, takes=_FLOAT)
    def xlogy(xp, input: Array, other: Array) -> Array:
        """``input * log(other)``, 0 where input is 0, NaN where other is."""
        vanishes = xp.logical_and(xp.eq(input, 0), xp.logical_not(xp.isnan(other)))
        return xp.where(vanishes, 0, xp.mul(input, xp.log(other)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def xlog1py(xp, input: Array, other: Array) -> Array:
        """``input * log(1 + other)``, 0 where input is 0, NaN where other is."""
        vanishes = xp.logical_and(xp.eq(input, 0), xp.logical_not(xp.isnan(other)))
        return xp.where(vanishes, 0, xp.mul(input, xp.log1p(other)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def polygamma(xp, n: int, input: Array) -> Array:
        """The n-th derivative of digamma, n >= 1: ``(-1)**(n + 1) n! zeta(n + 1, input)``.

        For n = 1 and input < 1/2, the reflection formula (Abramowitz and Stegun 6.4.10, 6.4.7).
        """
        if n > 1:
            return xp.mul(xp.zeta(n + 1.0, input), (-1) ** (n + 1) * math.factorial(n))
        negative = xp.lt(input, 0.5)
        right = xp.zeta(2.0, xp.where(negative, xp.sub(1, input), input))
        sine = xp.sin(xp.mul(xp.sub(input, xp.round(input)), math.pi))
        return xp.where(negative, xp.sub(xp.div(math.pi**2, xp.square(sine)), right), right)

    @composite(RANDOM)
    def random_dirichlet(xp, rng: Any, order: Array) -> Array:
        """float64 gamma samples divided by their sum along the last axis; positive."""
        drawn = xp.random_gamma(rng, xp.astype(order, dtypes.float64))
        kind = dtypes.of(order)
        share = xp.div(drawn, xp.sum(drawn, order.ndim - 1, True))
        return xp.astype(xp.maximum(share, dtypes.finfo(kind).tiny), kind)
