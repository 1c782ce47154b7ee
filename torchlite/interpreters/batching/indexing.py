"""Indexing with arrays: of a batch, by a batch, or both."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.interpreters.batching.base import Array, Rules

_ALL = slice(None)


class Indexing(Rules):
    """A batched index is preceded by another one that enumerates the examples."""

    def take(self, x: Array, index: Array, axis: int) -> Array:
        if not self.holds(index):
            return self.wrap(self.inner.take(x.value, index, axis + 1))
        count = index.shape[0]
        kept = tuple(count if i == axis else 1 for i in range(len(x.shape)))
        shape = (self.size, *x.shape[:axis], count, *x.shape[axis + 1 :])
        places = self.inner.reshape(index.value, (self.size, *kept))
        places = self.inner.broadcast_to(places, shape)
        return self.wrap(self.inner.gather(self.lift(x), places, axis + 1))

    def index_get(self, x: Array, index: tuple) -> Array:
        width, first, apart = _layout(index)
        if not self.holds_any(index):
            result = self.inner.index_get(x.value, (_ALL, *index))
            return self.wrap(_to_front(self.inner, result, width if apart else 0))
        result = self.inner.index_get(self.lift(x), self._counted(index, width))
        if first and not apart:  # the indexed axes come first so far
            others = [*range(width + 1, len(result.shape))]
            picked = range(1, width + 1)
            order = (0, *others[:first], *picked, *others[first:])
            result = self.inner.permute(result, order)
        return self.wrap(result)

    def _counted(self, index: tuple, width: int) -> tuple:
        """`index` for a batch: preceded by the example number."""
        numbers = self.inner.arange(0, self.size, 1, dtypes.int64)
        numbers = self.inner.reshape(numbers, (self.size, *(1,) * width))
        return (numbers, *(self.align(i, width) for i in index))

    def index_put(self, x: Array, index: tuple, value: Any, accumulate: bool) -> Array:
        width, first, apart = _layout(index)
        if hasattr(value, "shape"):
            ndim = len(x.shape) - sum(not isinstance(i, slice) for i in index) + width
            value = self._picked_first(value, ndim, width, 0 if apart else first)
        own = self._counted(index, width)
        return self.wrap(self.inner.index_put(self.lift(x), own, value, accumulate))

    def _picked_first(self, value: Array, ndim: int, width: int, first: int) -> Array:
        """`value`, broadcast to the selection's shape, with the indexed axes first."""
        value = self.lift(value)
        missing = ndim - len(value.shape) + 1
        if missing:
            value = self.inner.reshape(value, (self.size, *(1,) * missing, *value.shape[1:]))
        picked = range(first + 1, first + 1 + width)
        others = [i for i in range(1, ndim + 1) if i not in picked]
        return self.inner.permute(value, (0, *picked, *others)) if first else value

    def searchsorted(self, sequence: Array, values: Any, right: bool) -> Array:
        if not self.holds(sequence) and len(sequence.shape) == 1:
            return self.wrap(self.inner.searchsorted(sequence, values.value, right))
        sequence, shape = self.lift(sequence), getattr(values, "shape", ())
        values = self.lift(values)
        if len(sequence.shape) == 2:  # one row per example, for values of any shape
            values = self.inner.reshape(values, (self.size, -1)) if self.size else values
        places = self.inner.searchsorted(sequence, values, right)
        return self.wrap(self.inner.reshape(places, (self.size, *shape)))

    def embedding_backward(self, g: Array, index: Array, count: int) -> Array:
        index = self.lift(index)
        numbers = self.inner.arange(0, self.size * count, count, dtypes.int64)
        numbers = self.inner.reshape(numbers, (self.size, *(1,) * (len(index.shape) - 1)))
        rows = self.inner.add(index, numbers)  # in the stacked tables of all examples
        total = self.inner.embedding_backward(self.lift(g), rows, self.size * count)
        return self.wrap(self.inner.reshape(total, (self.size, count, g.shape[-1])))


def _layout(index: tuple) -> tuple[int, int, bool]:
    """(number of axes that indices yield, first indexed axis, whether a slice lies between)."""
    places = [i for i, part in enumerate(index) if not isinstance(part, slice)]
    width = max(len(index[i].shape) for i in places)
    return width, places[0], places[-1] - places[0] >= len(places)


def _to_front(xp: Any, x: Array, axis: int) -> Array:
    if not axis:
        return x
    return xp.permute(x, (axis, *(i for i in range(len(x.shape)) if i != axis)))


__all__ = ["Indexing"]
