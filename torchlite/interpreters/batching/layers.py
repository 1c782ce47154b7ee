"""Layers whose parameters all examples share use the inner backend's fused methods.

With per-example parameters, and for parameter gradients, which are per example too, the default
bodies are used.
"""

from __future__ import annotations

from typing import Any

from torchlite.interpreters.batching.base import Array, Rules


class Layers(Rules):
    """The rows or images of all examples form one larger batch."""

    def linear(self, x: Array, weight: Array, bias: Any) -> Array:
        if self.holds(weight) or self.holds(bias):
            return super().linear(x, weight, bias)
        return self.wrap(self.inner.linear(x.value, weight, bias))

    def embedding(self, weight: Array, index: Array, *settings: Any) -> Array:
        if self.holds(weight):
            return super().embedding(weight, index, *settings)
        return self.wrap(self.inner.embedding(weight, index.value, *settings))

    def layer_norm(self, x: Array, weight: Any, bias: Any, dims: int, eps: float) -> Array:
        if self.holds(weight) or self.holds(bias):
            return super().layer_norm(x, weight, bias, dims, eps)
        return self.wrap(self.inner.layer_norm(x.value, weight, bias, dims, eps))

    def rms_norm(self, x: Array, weight: Any, dims: int, eps: float) -> Array:
        if self.holds(weight):
            return super().rms_norm(x, weight, dims, eps)
        return self.wrap(self.inner.rms_norm(x.value, weight, dims, eps))

    def group_norm(self, x: Array, weight: Any, bias: Any, groups: int, eps: float) -> Array:
        if self.holds(weight) or self.holds(bias):
            return super().group_norm(x, weight, bias, groups, eps)
        out = self.inner.group_norm(self.fold(x), weight, bias, groups, eps)
        return self.unfold(out, x.shape[0])

    def batch_norm(self, x: Array, *settings: Any) -> Array:
        training = settings[-2]
        if training or self.holds_any(settings):
            return super().batch_norm(x, *settings)
        return self.unfold(self.inner.batch_norm(self.fold(x), *settings), x.shape[0])

    def cross_entropy(self, x: Array, target: Array) -> tuple[Array, Array]:
        results = self.inner.cross_entropy(self.fold(x), self.fold(target))
        return self.unfold(results, x.shape[0])

    def cross_entropy_backward(self, g: Array, probabilities: Array, target: Array) -> Array:
        rows = map(self.fold, (g, probabilities, target))
        return self.unfold(self.inner.cross_entropy_backward(*rows), g.shape[0])


__all__ = ["Layers"]
