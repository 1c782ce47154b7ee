"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import ExponentialFamily


class Dirichlet(ExponentialFamily):
    """The Dirichlet distribution on the simplex in n dimensions, `concentration` (*, n)."""

    arg_constraints: Any = {"concentration": constraints.independent(constraints.positive, 1)}
    support: Any = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return torch._sample_dirichlet(self.concentration.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        a = self.concentration
        densities = torch.xlogy(a - 1, self._checked(value)) - a.lgamma()
        return densities.sum(-1) + a.sum(-1).lgamma()

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Tensor:
        """Where all concentrations are below 1, the vertex of the largest."""
        above = (self.concentration - 1).clamp(min=0)
        mode = above / above.sum(-1, keepdim=True)
        corner = torch.nn.functional.one_hot(mode.argmax(-1), self.event_shape[0])
        return torch.where((self.concentration < 1).all(-1, keepdim=True), corner.to(mode), mode)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, keepdim=True)
        return self.mean * (1 - self.mean) / (total + 1)

    def entropy(self) -> Tensor:
        a, n = self.concentration, self.event_shape[0]
        total = a.sum(-1)
        inner = a.lgamma() - (a - 1) * a.digamma()
        return inner.sum(-1) - total.lgamma() - (n - total) * total.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.concentration,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()


__all__ = ["Dirichlet"]
