"""The base of pipes that shuffle."""

from __future__ import annotations

import random

from torchlite.utils.data.sampler import draw_seed


class Shuffling:
    """An on/off switch, and a Python random generator that is reseeded for each pass.

    The seed comes from `set_seed`, which holds for one pass, or from the global generator.
    """

    def __init__(self) -> None:
        self._enabled, self._rng = True, random.Random()
        self._seed: int | None = None

    def set_shuffle(self, shuffle: bool = True) -> Shuffling:
        """Switch shuffling on or off; returns the pipe."""
        self._enabled = shuffle
        return self

    def set_seed(self, seed: int) -> Shuffling:
        """Seed the next pass; returns the pipe."""
        self._seed = seed
        return self

    def reset(self) -> None:
        """Seed the generator of this pass."""
        if self._enabled:
            self._rng.seed(draw_seed() if self._seed is None else self._seed)
            self._seed = None
