"""Arrays that stand for others: the base of what interpreters around a backend compute with.

An interpreter is a `Backend` whose arrays hold those of another backend: a batch that shows one of
its examples, a value with its tangent. Operations look at ``shape``, ``ndim``, ``size`` and
``dtype`` only, so what these show is what they check.
"""

from __future__ import annotations

import math
from typing import Any

Array = Any


class Wrapped:
    """An array of `shape` and `dtype` (as an array's own); a subclass adds what it holds.

    The dtype is that of the array inside, so it is known to `torchlite.dtypes` already.
    """

    __slots__ = ("shape", "dtype")
    __array_ufunc__ = None  # the array library refuses it, instead of calling it an object

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
        """The same without tangents: what a tensor's ``detach`` holds."""
        return self


class Level:
    """One run of `vmap`: its batches have `size` examples and are no others'."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


class Batched(Wrapped):
    """A batch, `value`, with its axis in front; shows one example."""

    __slots__ = ("value", "level")

    def __init__(self, value: Array, level: Level) -> None:
        self.value, self.level = value, level
        self.shape, self.dtype = tuple(value.shape[1:]), value.dtype

    def detached(self) -> Batched:
        return Batched(detached(self.value), self.level)


def detached(x: Array) -> Array:
    """The array `x` without tangents of any level."""
    return x.detached() if isinstance(x, Wrapped) else x


__all__ = ["Batched", "Level", "Wrapped", "detached"]
