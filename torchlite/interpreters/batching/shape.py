"""Methods that change shapes; views of a batch are batches of views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import infer_size
from torchlite.interpreters.batching.base import Array, Rules

_ALL = slice(None)


class Shapes(Rules):
    """The batch axis stays first."""

    def reshape(self, x: Array, shape: Sequence[int]) -> Array:
        return self.wrap(self.inner.reshape(x.value, (self.size, *infer_size(shape, x.size))))

    def permute(self, x: Array, axes: Sequence[int]) -> Array:
        return self.wrap(self.inner.permute(x.value, (0, *(a + 1 for a in axes))))

    def broadcast_to(self, x: Array, shape: Sequence[int]) -> Array:
        value = self.align(x, len(shape))
        return self.wrap(self.inner.broadcast_to(value, (self.size, *shape)))

    def getitem(self, x: Array, index: tuple) -> Array:
        return self.wrap(self.inner.getitem(x.value, (_ALL, *index)))

    def getitem_backward(self, g: Array, shape: tuple, dtype: dtypes.dtype, index: tuple) -> Array:
        whole = (self.size, *shape)
        return self.wrap(self.inner.getitem_backward(g.value, whole, dtype, (_ALL, *index)))

    def as_strided(self, x: Array, shape: tuple, strides: tuple, offset: int) -> Array:
        value, step = x.value, self.inner.strides(x.value)[0]
        whole = (self.size, *shape)
        return self.wrap(self.inner.as_strided(value, whole, (step, *strides), offset))

    def view_dtype(self, x: Array, dtype: dtypes.dtype) -> Array:
        return self.wrap(self.inner.view_dtype(x.value, dtype))

    def diagonal(self, x: Array, offset: int, axis1: int, axis2: int) -> Array:
        return self.wrap(self.inner.diagonal(x.value, offset, axis1 + 1, axis2 + 1))

    def pad(self, x: Array, widths: Sequence, value: Any) -> Array:
        return self.wrap(self.inner.pad(x.value, ((0, 0), *widths), value))

    def concatenate(self, arrays: Sequence[Array], axis: int) -> Array:
        return self.wrap(self.inner.concatenate([self.lift(a) for a in arrays], axis + 1))

    def stack(self, arrays: Sequence[Array], axis: int) -> Array:
        return self.wrap(self.inner.stack([self.lift(a) for a in arrays], axis + 1))

    def tril(self, x: Array, diagonal: int) -> Array:
        return self.wrap(self.inner.tril(x.value, diagonal))

    def triu(self, x: Array, diagonal: int) -> Array:
        return self.wrap(self.inner.triu(x.value, diagonal))


__all__ = ["Shapes"]
