"""Which elements to prune: random ones, the smallest ones, whole slices, or those of a mask."""

from __future__ import annotations

import numbers
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn.utils.pruning import BasePruningMethod
from torchlite.ops.creation.factories import zeros_like
from torchlite.ops.creation.random import rand, rand_like
from torchlite.ops.reduce.sorting import kthvalue, topk


class Identity(BasePruningMethod):
    """Prunes nothing, but creates the mask."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask so far."""
        return default_mask

    @classmethod
    def apply(cls, module: Any, name: str) -> BasePruningMethod:  # type: ignore[override]
        """Create the mask of a parameter."""
        return super().apply(module, name)


class _Amount(BasePruningMethod):
    """A method that prunes a number, or a fraction, of the elements or slices."""

    def __init__(self, amount: float) -> None:
        if not isinstance(amount, numbers.Real):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        whole = isinstance(amount, numbers.Integral)
        if float(amount) < 0 or (not whole and amount > 1.0):
            raise ValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
                "integer"
            )
        self.amount: Any = amount

    def _count(self, size: int) -> int:
        """How many of `size` to prune."""
        if not isinstance(self.amount, numbers.Integral):
            return round(float(self.amount) * size)
        if int(self.amount) > size:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to "
                f"prune={size}"
            )
        return int(self.amount)


class RandomUnstructured(_Amount):
    """Prunes elements at random."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` more zeros."""
        return _without(default_mask, rand_like, t, self._count(t.numel()), largest=True)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float) -> BasePruningMethod:  # type: ignore[override]
        """Prune elements of a parameter."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Amount):
    """Prunes the elements with the smallest magnitudes."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` more zeros."""
        return _without(default_mask, abs, t, self._count(t.numel()), largest=False)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float,  # type: ignore[override]
              importance_scores: Tensor | None = None) -> BasePruningMethod:  # fmt: skip
        """Prune elements of a parameter."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


def _without(mask: Tensor, score: Any, t: Tensor, count: int, largest: bool) -> Tensor:
    """`mask` with zeros at the `count` elements with the largest or smallest scores."""
    flat = mask.clone().reshape(-1)
    if count:
        flat[topk(score(t.detach()).reshape(-1), count, largest=largest).indices] = 0
    return flat.view(mask.shape)


class _Structured(_Amount):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _slices(self, t: Tensor) -> int:
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor "
                f"of shape {t.shape} with {t.ndim} dims"
            )
        if not -t.ndim <= self.dim < t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        return t.shape[self.dim]

    def _keep(self, t: Tensor, default_mask: Tensor, index: Tensor) -> Tensor:
        """`default_mask` in the slices at `index`, zero elsewhere."""
        mask = zeros_like(t)
        mask[(slice(None),) * (self.dim % t.ndim) + (index,)] = 1
        return mask * default_mask.to(dtype=mask.dtype)


class RandomStructured(_Structured):
    """Prunes slices along `dim` at random."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` slices of zeros."""
        size = self._slices(t)
        count = self._count(size)
        if not count:
            return default_mask
        chance = rand(size)
        return self._keep(t, default_mask, chance > kthvalue(chance, count).values)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float,  # type: ignore[override]
              dim: int = -1) -> BasePruningMethod:  # fmt: skip
        """Prune slices of a parameter."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prunes the slices along `dim` with the smallest norms; `n` is the `p` of `norm`."""

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` slices of zeros."""
        size = self._slices(t)
        count = self._count(size)
        if not count:
            return default_mask
        others = [d for d in range(t.ndim) if d != self.dim % t.ndim]
        best = topk(t.detach().norm(self.n, others), size - count).indices
        return self._keep(t, default_mask, best)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float, n: Any, dim: int,  # type: ignore[override]
              importance_scores: Tensor | None = None) -> BasePruningMethod:  # fmt: skip
        """Prune slices of a parameter."""
        return super().apply(
            module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
        )


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The product of both masks. Raises: AssertionError if their shapes differ."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Any, name: str, mask: Tensor) -> BasePruningMethod:  # type: ignore[override]
        """Prune a parameter by a mask."""
        return super().apply(module, name, mask=mask)
