"""Linear algebra: methods take leading batch axes anyway, here one more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.spec import Spec
from torchlite.interpreters.batching.base import Array, Rules


class Matrices(Rules):
    """A shared operand is broadcast to a batch of views where it meets a batch."""

    def matmul(self, a: Array, b: Array) -> Array:
        ndim = max(len(a.shape), len(b.shape))
        if a.shape[-1] == b.shape[-2] == 1:  # outer products: avoid one BLAS call for each
            return self.wrap(self.inner.mul(self.align(a, ndim), self.align(b, ndim)))
        if not self.holds(b) and len(b.shape) == 2:  # one product for all rows
            rows = self.inner.reshape(a.value, (-1, a.shape[-1])) if a.size else a.value
            shape = (self.size, *a.shape[:-1], b.shape[-1])
            return self.wrap(self.inner.reshape(self.inner.matmul(rows, b), shape))
        return self.wrap(self.inner.matmul(self.align(a, ndim), self.align(b, ndim)))


def longer_batch(spec: Spec) -> Callable:
    """The rule for a method that takes leading batch axes: they gain one more."""

    def rule(self: Rules, *args: Any) -> Any:
        if spec.broadcasts:
            ndim = max(len(a.shape) for a in args if hasattr(a, "shape"))
            values = [self.align(a, ndim) for a in args]
        else:
            values = [self.lift(a) for a in args]
        return self.wrap(getattr(self.inner, spec.name)(*values))

    return rule


__all__ = ["Matrices", "longer_batch"]
