"""Arrays that wrap others: the base class of the arrays of interpreters around a backend.

An interpreter is a `Backend` whose arrays hold arrays of another backend: a batch that looks like
one of its examples, or a value with its tangent. Operations look only at ``shape``, ``ndim``,
``size`` and ``dtype``, so these are what their checks see.
"""

from __future__ import annotations

import math
from typing import Any

Array = Any


class Wrapped:
    """An array with `shape` and `dtype` (the backend's); subclasses add what they hold.

    The dtype comes from the array inside, so `torchlite.dtypes` knows it already.
    """

    __slots__ = ("shape", "dtype")
    __array_ufunc__ = None  # NumPy refuses it, instead of wrapping it in an object array

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def detached(self) -> Any:
        """The same without tangents: what the tensor returned by ``detach`` holds."""
        return self


class Level:
    """One run of `vmap`: its batches have `size` examples and belong to it alone."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


class Batched(Wrapped):
    """A batch, `value`, with the batch axis in front; looks like one example."""

    __slots__ = ("value", "level")

    def __init__(self, value: Array, level: Level) -> None:
        self.value, self.level = value, level
        self.shape, self.dtype = tuple(value.shape[1:]), value.dtype

    def detached(self) -> Batched:
        return Batched(detached(self.value), self.level)


def detached(x: Array) -> Array:
    """The array `x` without tangents, at any level."""
    return x.detached() if isinstance(x, Wrapped) else x


__all__ = ["Batched", "Level", "Wrapped", "detached"]
