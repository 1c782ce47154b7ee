"""`Batching`: all rules, and what happens where there is none.

A primitive without a rule is computed for one example after the other; a composite without one by
its default body, whose primitives have rules. What no batched array takes part in is left to the
inner backend, so a tensor from outside costs nothing until it meets the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.batching.base import Rules
from torchlite.backends.batching.elementwise import Elementwise
from torchlite.backends.batching.images import Images
from torchlite.backends.batching.indexing import Indexing
from torchlite.backends.batching.layers import Layers
from torchlite.backends.batching.matrices import Matrices
from torchlite.backends.batching.random import DRAWING, Random
from torchlite.backends.batching.reduction import Reductions
from torchlite.backends.batching.shape import Shapes
from torchlite.backends.batching.world import World
from torchlite.backends.composites import Composites
from torchlite.backends.protocol import ELEMENTWISE, PRIMITIVES


class Batching(Elementwise, Reductions, Shapes, Indexing, Matrices, Layers, Images, Random, World,
               Rules):  # fmt: skip
    """A backend of batches around an inner one; see `Rules`."""


def _unless_shared(name: str, rule: Callable) -> Callable:
    """The method `name`: `rule` for batches, else the inner backend's own."""

    def method(self: Batching, *args: Any) -> Any:
        if self.holds_any(args):
            return rule(self, *args)
        return getattr(self.inner, name)(*args)

    method.__name__ = name
    return method


def _one_by_one(name: str) -> Callable:
    def rule(self: Batching, *args: Any) -> Any:
        return self.loop(getattr(self.inner, name), *args)

    return rule


_COMPOSITES = {name for name in dir(Composites) if not name.startswith("_")}
for _name in {*ELEMENTWISE, *PRIMITIVES, *_COMPOSITES} - DRAWING:
    _rule = getattr(Batching, _name)
    if getattr(_rule, "is_missing", False):
        _rule = _one_by_one(_name)
    setattr(Batching, _name, _unless_shared(_name, _rule))

__all__ = ["Batching"]
