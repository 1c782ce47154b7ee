"""Arguments for random numbers: a stream from a seed, then the distribution's parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.testing.drawing import REFERENCE, TABLE, Arguments, Draws, Generator, fixed


def _random(**options: Callable[[Draws], Any]) -> Callable[[Draws], Arguments]:
    def draw(d: Draws) -> Arguments:
        return [Generator(d.integer(0, 2**32 - 1)), *(option(d) for option in options.values())]

    return draw


def _float(d: Draws) -> dtypes.dtype:
    return d.one_of(dtypes.float32, dtypes.float64)


def _uniform(*highs: float) -> Callable[[Draws], list]:
    """Arrays of one shape, each uniform between 0 and one of `highs`."""

    def draw(d: Draws) -> list:
        shape, kind = (d.integer(0, 5), d.integer(1, 40)), _float(d)
        rng = REFERENCE.generator(d.integer(0, 2**32 - 1))
        return [fixed(REFERENCE.random_uniform(rng, shape, kind, 0.0, high)) for high in highs]

    return draw


def _each(*highs: float) -> Callable[[Draws], Arguments]:
    """A stream, and `_uniform` parameters."""
    return lambda d: [Generator(d.integer(0, 2**32 - 1)), *_uniform(*highs)(d)]


TABLE.update({
    "generator": lambda d: [d.integer(0, 2**64 - 1)],
    "random_uniform": _random(
        shape=Draws.shape, dtype=_float, low=lambda d: d.one_of(0.0, -1.0), high=lambda d: 1.0
    ),
    "random_normal": _random(
        shape=Draws.shape, dtype=_float, mean=lambda d: d.one_of(0.0, 2.0), std=lambda d: 1.5
    ),
    "random_integers": _random(
        shape=Draws.shape, dtype=lambda d: d.one_of(dtypes.int64, dtypes.int32),
        low=lambda d: d.integer(-9, 0), high=lambda d: d.integer(1, 2**30),
    ),
    "random_bits": _random(shape=Draws.shape, dtype=lambda d: d.one_of(dtypes.int64, dtypes.int32)),
    "random_permutation": _random(n=lambda d: d.one_of(0, 1, 5, 3000)),
    "random_bernoulli": _random(p=lambda d: d.one_of(0.0, 0.3, 1.0), shape=Draws.shape),
    "random_exponential": _random(shape=Draws.shape, dtype=_float, rate=lambda d: 0.5),
    "random_gamma": _each(3),
    "random_dirichlet": _each(3),
    "random_poisson": _each(30),
    "random_binomial": _each(100, 1),
    "standard_gamma_grad": _uniform(9, 9),
    "dirichlet_grad": _uniform(1, 3, 9),
})  # fmt: skip
