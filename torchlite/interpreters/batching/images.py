"""Images (N, C, *S): a batch becomes more images or, with per-example weights, more channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.composites.images import per_channel
from torchlite.backends.spec import Spec
from torchlite.interpreters.batching.base import Array, Rules


class Images(Rules):
    """Methods that act on each image separately take the images of all examples at once."""

    def convolution(self, x: Array, weight: Array, bias: Any, *settings: Any) -> Array:
        return self._convolved("convolution", x, weight, bias, settings)

    def convolution_transposed(self, x: Array, weight: Array, bias: Any, *settings: Any) -> Array:
        return self._convolved("convolution_transposed", x, weight, bias, settings)

    def _convolved(self, name: str, x: Array, weight: Array, bias: Any, settings: tuple) -> Array:
        function = getattr(self.inner, name)
        if not self.holds(weight) and not self.holds(bias):
            return self.unfold(function(self.fold(x), weight, bias, *settings), x.shape[0])
        *rest, groups = settings
        images = self._as_channels(x)
        out = function(images, self.fold(weight), None, *rest, self.size * groups)
        shape = (x.shape[0], self.size, out.shape[1] // max(self.size, 1), *out.shape[2:])
        out = self.inner.reshape(out, shape)
        out = self.wrap(self.inner.permute(out, (1, 0, *range(2, len(shape)))))
        return out if bias is None else self.add(out, per_channel(self, bias, len(shape) - 3))

    def convolution_weight(self, grad: Array, x: Array, *settings: Any) -> Array:
        *rest, groups = settings
        grads, images = self._as_channels(grad), self._as_channels(x)
        out = self.inner.convolution_weight(grads, images, *rest, self.size * groups)
        return self.unfold(out, grad.shape[1])

    def _as_channels(self, x: Array) -> Array:
        """The batch of x (N, C, *S) as (N, size * C, *S)."""
        value = self.inner.permute(self.lift(x), (1, 0, *range(2, len(x.shape) + 1)))
        return self.inner.reshape(value, (x.shape[0], self.size * x.shape[1], *x.shape[2:]))

    def resample(self, x: Array, axis: int, index: Array, weights: Any) -> Array:
        if self.holds(index) or self.holds(weights):
            return super().resample(x, axis, index, weights)
        return self.wrap(self.inner.resample(x.value, axis + 1, index, weights))

    def resample_backward(self, grad: Array, axis: int, length: int, index: Array,
                          weights: Any) -> Array:  # fmt: skip
        if self.holds(index) or self.holds(weights):
            return super().resample_backward(grad, axis, length, index, weights)
        return self.wrap(self.inner.resample_backward(grad.value, axis + 1, length, index, weights))


def image_by_image(spec: Spec) -> Callable:
    """The rule for a method on separate images: those of all examples form one batch."""
    shape_at = spec.parameters.index("shape") if "shape" in spec.parameters else None

    def rule(self: Rules, *args: Any) -> Any:
        values, count = [self.fold(a) for a in args], args[0].shape[0]
        if shape_at is not None:  # the result's shape, (N, ...)
            values[shape_at] = (self.size * count, *args[shape_at][1:])
        return self.unfold(getattr(self.inner, spec.name)(*values), count)

    return rule


__all__ = ["Images", "image_by_image"]
