"""Linear algebra: leading axes are a batch already, here one longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.batching.base import Array, Rules

#: The leading axes of all of their arrays are the same.
_OF_BATCHES = (
    "cholesky qr geqrf svd svdvals eigh eigvalsh eig eigvals lu_factor ldl_factor ldl_solve inv "
    "det slogdet pinv matrix_exp row_order attention_weights attention_weights_backward "
    "scaled_dot_product_attention scaled_dot_product_attention_backward"
)
#: The leading axes broadcast.
_BROADCASTING = "solve solve_triangular cholesky_solve"


class Matrices(Rules):
    """What is shared becomes a batch of views where it meets one."""

    def matmul(self, a: Array, b: Array) -> Array:
        ndim = max(len(a.shape), len(b.shape))
        if a.shape[-1] == b.shape[-2] == 1:  # outer products: no BLAS call for each
            return self.wrap(self.inner.mul(self.align(a, ndim), self.align(b, ndim)))
        if not self.holds(b) and len(b.shape) == 2:  # one product of all rows
            rows = self.inner.reshape(a.value, (-1, a.shape[-1])) if a.size else a.value
            shape = (self.size, *a.shape[:-1], b.shape[-1])
            return self.wrap(self.inner.reshape(self.inner.matmul(rows, b), shape))
        return self.wrap(self.inner.matmul(self.align(a, ndim), self.align(b, ndim)))


def _lifted(name: str) -> Callable:
    def rule(self: Rules, *args: Any) -> Any:
        return self.wrap(getattr(self.inner, name)(*map(self.lift, args)))

    return rule


def _broadcast(name: str) -> Callable:
    def rule(self: Rules, *args: Any) -> Any:
        ndim = max(len(a.shape) for a in args if hasattr(a, "shape"))
        return self.wrap(getattr(self.inner, name)(*[self.align(a, ndim) for a in args]))

    return rule


for _name in _OF_BATCHES.split():
    setattr(Matrices, _name, _lifted(_name))
for _name in _BROADCASTING.split():
    setattr(Matrices, _name, _broadcast(_name))

__all__ = ["Matrices"]
