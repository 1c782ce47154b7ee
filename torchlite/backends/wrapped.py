"""Arrays that stand for others: the base of what interpreters around a backend compute with.

An interpreter is a `Backend` whose arrays hold those of another backend: a batch that shows one of
its examples, a value with its tangent. Operations look at ``shape``, ``ndim``, ``size`` and
``dtype`` only, so what these show is what they check.
"""

from __future__ import annotations

import math
from typing import Any


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


__all__ = ["Wrapped"]
