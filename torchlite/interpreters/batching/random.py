"""Random numbers, different for each example or the same for all."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.protocol import SPECS
from torchlite.backends.spec import RANDOM
from torchlite.interpreters.batching.base import Array, Rules

_REFUSED = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
    "'different' randomness flags on vmap or perform the randomness operation out of vmap"
)
#: These have rules even without batched arguments: they take a shape or a length.
DRAWING = {
    spec.name for spec in SPECS.values()
    if spec.kind == RANDOM and not {"shape", "n"}.isdisjoint(spec.parameters)
}  # fmt: skip


class Random(Rules):
    """ "different" draws the samples of all examples at once, in order."""

    def _check_allowed(self) -> None:
        if self.randomness == "error":
            raise RuntimeError(_REFUSED)

    def random_permutation(self, rng: Any, n: int) -> Array:
        self._check_allowed()
        if self.randomness == "same":
            return self.inner.random_permutation(rng, n)
        if not self.size:
            return self.wrap(self.inner.empty((0, n), dtypes.int64))
        rows = [self.inner.random_permutation(rng, n) for _ in range(self.size)]
        return self.wrap(self.inner.stack(rows, 0))

    def random_bernoulli(self, rng: Any, p: Any, shape: tuple) -> Array:
        self._check_allowed()
        if self.randomness == "different":
            return self.wrap(self.inner.random_bernoulli(rng, self.lift(p), (self.size, *shape)))
        if self.holds(p):
            raise RuntimeError(
                "Vmap does not currently support same randomness with a batched tensor input."
            )
        return self.inner.random_bernoulli(rng, p, shape)

    def drawn(self, name: str, rng: Any, shape: tuple, *args: Any) -> Array:
        """Samples of `shape` from a distribution that is the same for all examples."""
        self._check_allowed()
        function = getattr(self.inner, name)
        if self.randomness == "same":
            return function(rng, shape, *args)
        return self.wrap(function(rng, (self.size, *shape), *args))


__all__ = ["DRAWING", "Random"]
