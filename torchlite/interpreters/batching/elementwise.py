"""Elementwise methods: examples broadcast as they would without a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.spec import Spec
from torchlite.core.shapes import broadcast_shapes
from torchlite.interpreters.batching.base import Array, Rules


def elementwise(spec: Spec) -> Callable:
    """The rule: arrays with fewer axes gain axes of size 1 after the batch axis."""

    def rule(self: Rules, *args: Any) -> Array:
        shapes = [a.shape for a in args if hasattr(a, "shape")]
        if len(shapes) > 1 and any(shape != shapes[0] for shape in shapes):
            ndim = len(broadcast_shapes(*shapes))
        else:
            ndim = len(shapes[0])
        return self.wrap(getattr(self.inner, spec.name)(*[self.align(a, ndim) for a in args]))

    return rule


__all__ = ["elementwise"]
