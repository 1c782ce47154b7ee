"""Methods that inspect an array's memory or elements."""

from __future__ import annotations

from typing import Any

from torchlite.interpreters.batching.base import Array, Rules, dynamic_shape

_NO_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling "
    ".item() on a Tensor, please try to rewrite what you're doing with other operations.\n"
    "The same holds for data-dependent control flow, such as `if`, `while` and bool() of a "
    "Tensor: use torchlite.where(), which chooses for each example."
)
_NO_MEMORY = "Cannot access data pointer of Tensor that doesn't have storage"
_NOT_BATCHED = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor "
    "`other` in extra_args that has more elements than `self`. This happened due to `other` being "
    "vmapped over but `self` not being vmapped over in a vmap. Please try to use out-of-place "
    "operators instead of inplace arithmetic."
)


class World(Rules):
    """An example has no single value that a program could read: each example has its own."""

    def asarray(self, x: Array) -> Array:
        return x

    def item(self, x: Array) -> Any:
        raise RuntimeError(_NO_ITEM)

    def tolist(self, x: Array) -> Any:
        raise RuntimeError(_NO_ITEM)

    def to_numpy(self, x: Array) -> Any:
        raise RuntimeError(_NO_MEMORY)

    def data_ptr(self, x: Array) -> int:
        return self.inner.data_ptr(x.value)

    def owns_memory(self, x: Array) -> bool:
        return self.inner.owns_memory(x.value)

    def strides(self, x: Array) -> tuple[int, ...]:
        return tuple(self.inner.strides(x.value)[1:])

    def storage_offset(self, x: Array) -> int:
        return self.inner.storage_offset(x.value)

    def copyto(self, dst: Array, src: Any) -> None:
        if not self.holds(dst):
            raise RuntimeError(_NOT_BATCHED)
        self.inner.copyto(dst.value, self.align(src, len(dst.shape)))

    def alike(self, array: Array, x: Array) -> Array:
        """A batch, so that arrays made like an example can be written to."""
        return self.wrap(self.inner.copy(self.lift(array)))

    def extremes(self, x: Array) -> tuple:
        """Over all examples: a value invalid in one of them is invalid."""
        return self.inner.extremes(x.value)

    def any_true(self, mask: Array) -> bool:
        """Over all examples."""
        return self.inner.any_true(mask.value)

    def in_range(self, index: Array, size: int) -> bool:
        """Over all examples."""
        return self.inner.in_range(index.value, size)

    def nonzero(self, x: Array) -> Array:
        raise dynamic_shape("nonzero")

    def unique(self, x: Array, axis: int | None) -> tuple:
        raise dynamic_shape("unique")


__all__ = ["World"]
