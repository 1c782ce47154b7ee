"""Elementwise methods: examples broadcast with each other as they would without a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.batching.base import Array, Rules
from torchlite.backends.protocol import ELEMENTWISE
from torchlite.core.shapes import broadcast_shapes

#: Composites that are elementwise in all of their arrays.
_COMPOSED = (
    "sigmoid sigmoid_backward tanh_backward relu relu_backward leaky_relu leaky_relu_backward elu "
    "elu_backward silu silu_backward mish mish_backward gelu gelu_backward softplus "
    "softplus_backward log_sigmoid log_sigmoid_backward clamp clamp_backward hardtanh "
    "hardtanh_backward div_floor complex i0e i1e xlogy xlog1py polygamma bce dropout"
)
#: Of one array, with parameters that have nothing to do with its shape.
_PLAIN = "astype copy contiguous"


class Elementwise(Rules):
    """Arrays get axes of size 1 between the batch axis and their own, if they have fewer."""


def _rule(name: str) -> Callable:
    def rule(self: Rules, *args: Any) -> Array:
        shapes = [a.shape for a in args if hasattr(a, "shape")]
        if len(shapes) > 1 and any(shape != shapes[0] for shape in shapes):
            ndim = len(broadcast_shapes(*shapes))
        else:
            ndim = len(shapes[0])
        return self.wrap(getattr(self.inner, name)(*[self.align(a, ndim) for a in args]))

    return rule


for _name in (*ELEMENTWISE, *_COMPOSED.split(), *_PLAIN.split()):
    setattr(Elementwise, _name, _rule(_name))

__all__ = ["Elementwise"]
