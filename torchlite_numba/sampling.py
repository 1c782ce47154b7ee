"""Gamma, Poisson and binomial random numbers: the reference's samplers, compiled.

A sampler draws words as it needs them, from a copy of the generator's state that is put back at
the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from torchlite.backends.numpy import sampling as reference
from torchlite.backends.numpy.mt19937 import MT19937
from torchlite_numba.kernel import F64, I64, U32, exact_helper, kernel
from torchlite_numba.random import _generate, _unit64


class Sampling:
    """Overrides of the reference's draws; mix in before `NumpyBackend`."""

    def _sampled(self, sample: Callable, rng: MT19937, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        out = np.empty(a.shape, np.float64)
        if not out.size:
            return out
        words: Any = np.empty(2, np.uint32)
        spare: Any = np.array([rng.spare_normal or 0.0])
        cursor: Any = np.array([0, rng.spare_normal is not None, False])  # the last: any drawn?
        with rng.lock:
            key, cursor[0] = rng.get_key()
            _KERNELS[sample].launch(key, cursor, words, spare, a, b, out, out.size)
            if cursor[2]:
                rng.set_key(key, int(cursor[0]))
            rng.spare_normal = float(spare[0]) if cursor[1] else None
        return out


@exact_helper
def _uniform(state):
    key, cursor, words, _ = state
    cursor[0], cursor[2] = _generate(key, cursor[0], words), 1
    return _unit64(words, 0)


@exact_helper
def _normal(state):
    cursor, spare = state[1], state[3]
    if cursor[1]:
        cursor[1] = 0
        return spare[0]
    u1, u2 = _uniform(state), _uniform(state)
    radius, angle = math.sqrt(-2 * math.log1p(-u2)), 2 * math.pi * u1
    spare[0], cursor[1] = radius * math.sin(angle), 1
    return radius * math.cos(angle)


def _compiled(sample: Callable) -> Any:
    """The reference's sampler, which draws from a state of this module."""
    names = {**vars(reference), "uniform": _uniform, "normal": _normal}
    return exact_helper(FunctionType(sample.__code__, names, sample.__name__))


_gamma = _compiled(reference.gamma)
_poisson = _compiled(reference.poisson)
_binomial = _compiled(reference.binomial)


@kernel
def _gammas(key: U32, cursor: I64, words: U32, spare: F64, d: F64, power: F64, out: F64, lo: int,
            hi: int) -> None:  # fmt: skip
    state = (key, cursor, words, spare)
    for i in range(lo, hi):
        out[i] = _gamma(state, d[i], power[i])


@kernel
def _poissons(key: U32, cursor: I64, words: U32, spare: F64, rate: F64, unused: F64, out: F64,
              lo: int, hi: int) -> None:  # fmt: skip
    state = (key, cursor, words, spare)
    for i in range(lo, hi):
        out[i] = _poisson(state, rate[i], unused[i])


@kernel
def _binomials(key: U32, cursor: I64, words: U32, spare: F64, trials: F64, prob: F64, out: F64,
               lo: int, hi: int) -> None:  # fmt: skip
    state = (key, cursor, words, spare)
    for i in range(lo, hi):
        out[i] = _binomial(state, trials[i], prob[i])


_KERNELS = {
    reference.gamma: _gammas, reference.poisson: _poissons, reference.binomial: _binomials,
}  # fmt: skip
