"""Gamma, Poisson and binomial random numbers: the reference's samplers, compiled.

A sampler draws words as it needs them, from a copy of the generator's state that is written
back at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from torchlite.backends.numpy import sampling as reference
from torchlite.backends.numpy.mt19937 import MT19937
from torchlite_numba.kernel import F64, I64, U32, Kernel, exact, kernel
from torchlite_numba.random import generate, unit64


class Sampling:
    """Overrides the reference's draws; mix in before `NumpyBackend`."""

    def _sampled(self, sample: Callable, rng: MT19937, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        out = np.empty(a.shape, np.float64)
        if not out.size:
            return out
        words: Any = np.empty(2, np.uint32)
        spare: Any = np.array([rng.spare_normal or 0.0])
        cursor: Any = np.array([0, rng.spare_normal is not None, False])  # last: any word drawn?
        with rng.lock:
            key, cursor[0] = rng.get_key()
            _KERNELS[sample].launch(key, cursor, words, spare, a, b, out, out.size)
            if cursor[2]:
                rng.set_key(key, int(cursor[0]))
            rng.spare_normal = float(spare[0]) if cursor[1] else None
        return out


@exact
def _uniform(state):
    key, cursor, words, _ = state
    cursor[0], cursor[2] = generate(key, cursor[0], words), 1
    return unit64(words, 0)


@exact
def _normal(state):
    cursor, spare = state[1], state[3]
    if cursor[1]:
        cursor[1] = 0
        return spare[0]
    u1, u2 = _uniform(state), _uniform(state)
    radius, angle = math.sqrt(-2 * math.log1p(-u2)), 2 * math.pi * u1
    spare[0], cursor[1] = radius * math.sin(angle), 1
    return radius * math.cos(angle)


def _kernel(sample: Any) -> Kernel:
    """The reference's sampler, drawing from the state that this module keeps."""
    names = {**vars(reference), "uniform": _uniform, "normal": _normal}
    compiled = exact(FunctionType(sample.__code__, names, sample.__name__))

    def draw(key: U32, cursor: I64, words: U32, spare: F64, a: F64, b: F64, out: F64, lo: int,
             hi: int) -> None:  # fmt: skip
        state = (key, cursor, words, spare)
        for i in range(lo, hi):
            out[i] = compiled(state, a[i], b[i])

    return kernel(draw, name=sample.__name__)


_KERNELS: dict[Callable, Kernel] = {
    sample: _kernel(sample) for sample in (reference.gamma, reference.poisson, reference.binomial)
}
