"""Gamma, Poisson and binomial samples: PyTorch's CPU streams, bit for bit.

Rejection sampling consumes a varying number of draws, so the samplers are loops over scalars. They
use only `math` and the functions `uniform` and `normal`: another backend may compile them with its
versions of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy.mt19937 import MT19937
from torchlite.backends.numpy.random import few_normals

_THIRD = np.float32(1 / 3)  # rounded to float32 in every precision


def uniform(rng: MT19937) -> float:
    """A uniform sample from [0, 1)."""
    return (int(rng.words64(1)[0]) & (2**53 - 1)) * 2.0**-53


def normal(rng: MT19937) -> float:
    """A standard normal sample."""
    return float(few_normals(rng, 1)[0])


def gamma(rng: Any, d: float, power: float) -> float:
    """A gamma sample of order ``d + 1/3``, times a uniform sample to the power `power`.

    `d` itself if it is not positive. Source: Marsaglia and Tsang 2000, "A simple method for
    generating gamma variables".
    """
    if not d > 0:
        return d
    scale = (1 - uniform(rng)) ** power if power > 0 else 1.0
    c = 1 / math.sqrt(9 * d)
    while True:
        x = normal(rng)
        y = 1 + c * x
        if y <= 0:
            continue
        v, u = y * y * y, 1 - uniform(rng)
        if u < 1 - 0.0331 * (x * x) * (x * x):
            return scale * d * v
        if math.log(u) < 0.5 * x * x + d * (1 - v + math.log(v)):
            return scale * d * v


def poisson(rng: Any, rate: float, unused: float) -> float:
    """Below a rate of 10, products of uniform samples; from 10 on, transformed rejection.

    Source: Hormann 1993, "The transformed rejection method for generating Poisson random
    variables" (algorithm PTRS).
    """
    if not rate > 0:
        return rate
    if rate < 10:
        limit, product, count = math.exp(-rate), uniform(rng), 0.0
        while product > limit:
            product *= uniform(rng)
            count += 1
        return count
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    height, squeeze = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform(rng) - 0.5, uniform(rng)
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= squeeze:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        density = k * math.log(rate) - rate - math.lgamma(k + 1)
        if math.log(v) + math.log(height) - math.log(a / (us * us) + b) <= density:
            return float(k)


def binomial(rng: Any, count: float, prob: float) -> float:
    """Below a mean of 10, geometric waiting times; from 10 on, transformed rejection.

    Source: Hormann 1993, "The generation of binomial random variates" (algorithm BTRS).
    """
    if not (count > 0 and prob > 0):
        return 0.0 if count <= 0 or prob <= 0 else math.nan
    if prob >= 1:
        return count
    p = prob if prob <= 0.5 else 1 - prob
    k = 0.0
    if count * p < 10:
        waited = math.ceil(math.log(uniform(rng)) / math.log1p(-p))
        while waited <= count:
            k += 1
            waited += math.ceil(math.log(uniform(rng)) / math.log1p(-p))
        return k if prob <= 0.5 else count - k
    spread = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha, squeeze = (2.83 + 5.1 / b) * spread, 0.92 - 4.2 / b
    m = math.floor((count + 1) * p)
    peak = math.lgamma(m + 1) + math.lgamma(count - m + 1)
    while True:
        u, v = uniform(rng) - 0.5, uniform(rng)
        us = 0.5 - abs(u)
        k = float(math.floor((2 * a / us + b) * u + count * p + 0.5))
        if us >= 0.07 and v <= squeeze:
            break
        if k < 0 or k > count:
            continue
        density = peak - math.lgamma(k + 1) - math.lgamma(count - k + 1)
        density += (k - m) * math.log(p / (1 - p))
        if math.log(v * alpha / (a / (us * us) + b)) <= density:
            break
    return k if prob <= 0.5 else count - k


def gamma_parameters(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The arguments of `gamma` for samples of these orders, in the precision PyTorch uses.

    An order below 1 is raised by 1, and the result multiplied by a power of a uniform sample.
    """
    with np.errstate(all="ignore"):
        low, third = order < 1, order.dtype.type(_THIRD)
        d = np.where(low, order + order.dtype.type(1), order) - third
        power = np.where(low, 1 / order, 0)
        d = np.where(order > 0, d, np.where(order == 0, order, np.nan))
    return d.astype(np.float64), power.astype(np.float64)


class Sampling:
    """Primitives that draw by rejection; ``rng`` is an `MT19937`."""

    def _sampled(self, sample: Callable, rng: MT19937, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """float64: one `sample` per element of the parameters, in order."""
        pairs = zip(a.ravel().tolist(), b.ravel().tolist())
        drawn = (sample(rng, x, y) for x, y in pairs)
        return np.fromiter(drawn, np.float64, a.size).reshape(a.shape)

    def random_gamma(self, rng: MT19937, order: np.ndarray) -> np.ndarray:
        """Samples of rate 1, clamped to at least the smallest normal number of the dtype."""
        out = self._sampled(gamma, rng, *gamma_parameters(order)).astype(order.dtype)
        return np.maximum(out, np.finfo(order.dtype).tiny)

    def random_poisson(self, rng: MT19937, rate: np.ndarray) -> np.ndarray:
        """Counts in the dtype of `rate`."""
        wide: Any = rate.astype(np.float64)
        return self._sampled(poisson, rng, wide, wide).astype(rate.dtype)

    def random_binomial(self, rng: MT19937, count: np.ndarray, prob: np.ndarray) -> np.ndarray:
        """Counts in the dtype of `count`; `prob` has the same shape."""
        trials: Any = count.astype(np.float64)
        chance: Any = prob.astype(np.float64)
        return self._sampled(binomial, rng, trials, chance).astype(count.dtype)
