"""Drawing inputs of operations: float64 arrays of all layouts, and what else they take.

Hypothesis draws shapes, layouts and a seed; the numbers come from the seed, so that they are quick
to draw and almost surely lie in general position.
"""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

LAYOUTS = ("plain", "plain", "transposed", "stepped", "broadcast")
UNREPEATED = LAYOUTS[:-1]


class Inputs:
    """Draws the arguments of one call."""

    def __init__(self, data):
        self._data = data
        self._rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))

    def one_of(self, *options):
        return self._data.draw(st.sampled_from(options))

    def flag(self):
        return self.one_of(False, True)

    def integer(self, low, high):
        return self._data.draw(st.integers(low, high))

    def shape(self, least=0, most=3, smallest=0):
        return self._data.draw(
            hnp.array_shapes(min_dims=least, max_dims=most, min_side=smallest, max_side=3)
        )

    def shapes(self, count):
        """Shapes that broadcast together."""
        return self._data.draw(
            hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, min_side=0, max_side=3)
        ).input_shapes

    def dim(self, x):
        return self.integer(-x.ndim, x.ndim - 1) if x.ndim else self.one_of(0, -1)

    def floats(self, shape, low=-3.0, high=3.0, away=()):
        """Uniform in [low, high], at least 0.1 from the numbers `away` (where slopes change)."""
        return self._arranged(shape, lambda n: self._uniform(n, low, high, away))

    def mixed(self, shape, *values):
        """As `floats`, about half of them replaced by some of `values`."""
        return self._arranged(
            shape,
            lambda n: np.where(
                self._rng.random(n) < 0.5, self._uniform(n, -3, 3, ()), self._rng.choice(values, n)
            ),
        )

    def distinct(self, shape):
        """All different, by more than any step of a difference; for order and extremes."""
        return self._arranged(
            shape, lambda n: (self._rng.permutation(n) - n / 2) * 0.37 + 0.13, UNREPEATED
        )

    def ints(self, shape, low=-3, high=4):
        return self._arranged(shape, lambda n: self._rng.integers(low, high, n))

    def bools(self, shape):
        return self._arranged(shape, lambda n: self._rng.random(n) < 0.5)

    def index(self, shape, size):
        """Places in a dimension of `size`."""
        return self._arranged(shape, lambda n: self._rng.integers(0, size, n), UNREPEATED)

    def _uniform(self, count, low, high, away):
        x = self._rng.uniform(low, high, count)
        for pole in away:
            x = np.where(np.abs(x - pole) < 0.1, x + np.where(x < pole, -0.1, 0.1), x)
        return x

    def _arranged(self, shape, fill, layouts=LAYOUTS):
        """An array of `shape` in some layout, filled with ``fill(count)``."""
        layout = self.one_of(*layouts)
        if layout == "transposed":
            return fill(math.prod(shape)).reshape(shape[::-1]).T
        if layout == "stepped" and shape:
            return fill(math.prod(shape) * 2).reshape((*shape[:-1], 2 * shape[-1]))[..., ::2]
        if layout == "broadcast" and shape:
            return np.broadcast_to(fill(math.prod(shape[1:])).reshape((1, *shape[1:])), shape)
        return fill(math.prod(shape)).reshape(shape)


def fewer(share):
    """Settings with this share of the profile's examples: for tests of every operation."""
    return settings(max_examples=max(settings.default.max_examples // share, 3))
