"""Transforms of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.transform import Transform, at_least
from torchlite.distributions.utils import sum_rightmost, tril_matrix_to_vec, vec_to_tril_matrix
from torchlite.nn import functional as F


def _after_first(x: Tensor) -> Tensor:
    """`x` shifted by one along the last dimension, starting with a 1."""
    return F.pad(x[..., :-1], (1, 0), value=1.0)


class SoftmaxTransform(Transform):
    """``softmax(x)`` along the last dimension; not bijective, its inverse is `log`."""

    domain, codomain = constraints.real_vector, constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return x.softmax(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        return at_least(shape, 1)

    inverse_shape = forward_shape


class StickBreakingTransform(Transform):
    """Maps vectors (*, n) to the simplex (*, n + 1): each element breaks off a share of the rest.

    Source: Stan reference manual, "Unit simplex".
    """

    domain, codomain = constraints.real_vector, constraints.simplex
    bijective = True

    def _shifted(self, x: Tensor) -> Tensor:
        """`x` minus the log of the number of remaining parts, so that 0 gives equal shares."""
        n = x.shape[-1]
        return x - torch.arange(n, 0, -1, dtype=x.dtype).log()

    def _call(self, x: Tensor) -> Tensor:
        limits = torch.finfo(x.dtype)
        share = self._shifted(x).sigmoid().clamp(limits.tiny, 1 - limits.eps)
        left = F.pad((1 - share).cumprod(-1), (1, 0), value=1.0)
        return F.pad(share, (0, 1), value=1.0) * left

    def _inverse(self, y: Tensor) -> Tensor:
        n = y.shape[-1] - 1
        parts = y[..., :-1]
        left = (1 - parts.cumsum(-1)).clamp(min=torch.finfo(y.dtype).tiny)
        return parts.log() - left.log() + torch.arange(n, 0, -1, dtype=y.dtype).log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        # y_i = left_i z_i, so the diagonal of the Jacobian is left_i z_i (1 - z_i)
        return (F.logsigmoid(-self._shifted(x)) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        return at_least(shape, 1)[:-1] + (shape[-1] + 1,)

    def inverse_shape(self, shape: Any) -> Any:
        return at_least(shape, 1)[:-1] + (shape[-1] - 1,)


class LowerCholeskyTransform(Transform):
    """Maps square matrices to lower triangular ones, applying `exp` to the diagonal."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """Maps square matrices to positive definite ones via a Cholesky factor."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(torch.linalg.cholesky(y))


class CorrCholeskyTransform(Transform):
    """Maps vectors of n (n - 1) / 2 to Cholesky factors (*, n, n) of correlation matrices.

    ``tanh(x)`` fills the triangle below the diagonal with canonical partial correlations, each a
    share of what the elements to its left leave of the row's unit length.
    Source: Stan reference manual, "Cholesky factors of correlation matrices".
    """

    domain, codomain = constraints.real_vector, constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = torch.finfo(x.dtype).eps
        partial = vec_to_tril_matrix(x.tanh().clamp(-1 + eps, 1 - eps), diag=-1)
        left = (1 - partial * partial).sqrt().cumprod(-1)
        return (partial + torch.eye(partial.shape[-1], dtype=x.dtype)) * _after_first(left)

    def _inverse(self, y: Tensor) -> Tensor:
        left = _after_first(1 - (y * y).cumsum(-1))
        partial = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return partial.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """For the map to the elements below the diagonal."""
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        log_slope = -2 * (x + F.softplus(-2 * x) - math.log(2))  # of tanh
        return left.log().sum(-1) / 2 + log_slope.sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        size = at_least(shape, 1)[-1]
        n = round((0.25 + 2 * size) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != size:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return shape[:-1] + (n, n)

    def inverse_shape(self, shape: Any) -> Any:
        if at_least(shape, 2)[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return shape[:-2] + (shape[-1] * (shape[-1] - 1) // 2,)


class _Parts(Transform):
    """Applies a separate transform to each part along a dimension."""

    _names: tuple[str, ...] = ("transforms", "dim")

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        if not all(isinstance(t, Transform) for t in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [t.with_cache(cache_size) for t in tseq] if cache_size else list(tseq)
        self.dim = dim

    bijective = property(lambda self: all(t.bijective for t in self.transforms))

    def _split(self, x: Tensor) -> Sequence[Tensor]:
        raise NotImplementedError

    def _join(self, parts: list[Tensor], dim: int) -> Tensor:
        raise NotImplementedError

    def _each(self, x: Tensor, maps: Sequence[Callable[[Tensor], Tensor]]) -> Tensor:
        self._check_dim(x)
        return self._join([f(part) for f, part in zip(maps, self._split(x))], self.dim)

    def _check_dim(self, x: Tensor) -> None:
        if not -x.dim() <= self.dim < x.dim():
            raise AssertionError(f"dim {self.dim} out of range for tensor with {x.dim()} dims")

    def _call(self, x: Tensor) -> Tensor:
        return self._each(x, self.transforms)

    def _inverse(self, y: Tensor) -> Tensor:
        return self._each(y, [t.inv for t in self.transforms])


class CatTransform(_Parts):
    """Applies ``tseq[i]`` to a part of size ``lengths[i]`` (default 1) along `dim`."""

    _names = ("transforms", "dim", "lengths")

    def __init__(self, tseq: Sequence[Transform], dim: int = 0,
                 lengths: Sequence[int] | None = None, cache_size: int = 0) -> None:  # fmt: skip
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(
                f"lengths must have same length as tseq ({len(self.lengths)} != "
                f"{len(self.transforms)})"
            )

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The size along `dim`."""
        return sum(self.lengths)

    def _split(self, x: Tensor) -> Sequence[Tensor]:
        if x.shape[self.dim] != self.length:
            raise AssertionError(f"x.size(dim) {x.shape[self.dim]} must equal length {self.length}")
        return x.split(self.lengths, self.dim)

    def _join(self, parts: list[Tensor], dim: int) -> Tensor:
        return torch.cat(parts, dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        self._check_dim(x)
        terms = []
        for t, a, b in zip(self.transforms, self._split(x), self._split(y)):
            inner = t.log_abs_det_jacobian(a, b)
            terms.append(sum_rightmost(inner, self.event_dim - t.event_dim))
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += self.event_dim  # counted from the end of the terms' dimensions
        return torch.cat(terms, dim) if dim < 0 else sum(terms[1:], terms[0])

    domain = constraints.dependent_property(
        lambda self: constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)
    )
    codomain = constraints.dependent_property(
        lambda self: constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)
    )


class StackTransform(_Parts):
    """Applies ``tseq[i]`` to slice i along `dim`."""

    def _split(self, x: Tensor) -> Sequence[Tensor]:
        if x.shape[self.dim] != len(self.transforms):
            raise AssertionError(
                f"x.size(dim) {x.shape[self.dim]} must equal number of transforms "
                f"{len(self.transforms)}"
            )
        return x.unbind(self.dim)

    def _join(self, parts: list[Tensor], dim: int) -> Tensor:
        return torch.stack(parts, dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        self._check_dim(x)
        pairs = zip(self.transforms, self._split(x), self._split(y))
        return torch.stack([t.log_abs_det_jacobian(a, b) for t, a, b in pairs], self.dim)

    domain = constraints.dependent_property(
        lambda self: constraints.stack([t.domain for t in self.transforms], self.dim)
    )
    codomain = constraints.dependent_property(
        lambda self: constraints.stack([t.codomain for t in self.transforms], self.dim)
    )
