"""Distances and angles as layers."""

from __future__ import annotations

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.module import Module


class PairwiseDistance(Module):
    """The `p`-norm of ``x1 - x2 + eps`` along the last dimension, which `keepdim` keeps.

    Shape: (N, D), (N, D) -> (N,); or (D,), (D,) -> ().
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distances."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along `dim`; norms are at least `eps`.

    Shape: equal or broadcastable; `dim` is removed.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The cosines."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)

__all__ = ["CosineSimilarity", "PairwiseDistance"]
