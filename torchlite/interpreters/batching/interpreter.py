"""`Batching`: all rules, and the fallbacks for methods without one.

A primitive without a rule runs on one example at a time; a composite without one runs its default
body, whose primitives have rules. Calls without batched arrays go to the inner backend unchanged,
so a tensor from outside costs nothing until it meets the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.protocol import SPECS
from torchlite.backends.spec import ELEMENTWISE, RANDOM, WINDOW, Spec
from torchlite.interpreters.batching.base import Rules
from torchlite.interpreters.batching.elementwise import elementwise
from torchlite.interpreters.batching.images import Images, image_by_image
from torchlite.interpreters.batching.indexing import Indexing
from torchlite.interpreters.batching.layers import Layers
from torchlite.interpreters.batching.matrices import Matrices, longer_batch
from torchlite.interpreters.batching.random import DRAWING, Random
from torchlite.interpreters.batching.reduction import Reductions, along_axis
from torchlite.interpreters.batching.shape import Shapes
from torchlite.interpreters.batching.world import World


class Batching(Reductions, Shapes, Indexing, Matrices, Layers, Images, Random, World, Rules):
    """A backend of batches around an inner one; see `Rules`."""


def _rule(spec: Spec) -> Callable:
    """The rule for a method: one written for it, or one derived from its `Spec`."""
    written = getattr(Batching, spec.name)
    if written.__module__.startswith(__package__):
        return written
    if spec.kind == RANDOM and spec.parameters[1:2] == ("shape",):
        return lambda self, *args: self.drawn(spec.name, *args)
    if spec.kind == ELEMENTWISE:
        return elementwise(spec)
    if spec.axis is not None:
        return along_axis(spec, spec.axis)
    if spec.kind == WINDOW:
        return image_by_image(spec)
    if spec.batched:
        return longer_batch(spec)
    return written if spec.is_composite else _one_by_one(spec.name)


def _unless_shared(name: str, rule: Callable) -> Callable:
    """The method `name`: `rule` for batches, otherwise the inner backend's method."""

    def method(self: Batching, *args: Any) -> Any:
        if self.holds_any(args):
            return rule(self, *args)
        return getattr(self.inner, name)(*args)

    return method


def _one_by_one(name: str) -> Callable:
    def rule(self: Batching, *args: Any) -> Any:
        return self.loop(getattr(self.inner, name), *args)

    return rule


for _name, _spec in SPECS.items():
    _method = _rule(_spec) if _name in DRAWING else _unless_shared(_name, _rule(_spec))
    _method.__name__ = _name
    setattr(Batching, _name, _method)

__all__ = ["Batching"]
