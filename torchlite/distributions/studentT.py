"""Student's t-distribution."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution
from torchlite.distributions.gamma import Chi2
from torchlite.distributions.utils import broadcast_all


class StudentT(Distribution):
    """Student's t with `df` degrees of freedom, scaled by `scale` and shifted by `loc`."""

    arg_constraints: Any = {
        "df": constraints.positive, "loc": constraints.real, "scale": constraints.positive,
    }  # fmt: skip
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """NaN for ``df <= 1``."""
        return torch.where(self.df <= 1, torch.nan, self.loc)

    mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        """Infinite for ``1 < df <= 2``, NaN below."""
        finite = self.scale.square() * self.df / (self.df - 2)
        other = torch.where(self.df > 1, torch.inf, torch.nan)
        return torch.where(self.df > 2, finite, other)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        normal = torch.randn(self._extended_shape(sample_shape), dtype=self.df.dtype)
        spread = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (normal * (spread / self.df).rsqrt())

    def _log_beta(self) -> Tensor:
        """The log beta function of 1/2 and df/2, minus ``log(pi) / 2``."""
        return (self.df / 2).lgamma() - ((self.df + 1) / 2).lgamma()

    def log_prob(self, value: Tensor) -> Tensor:
        z = (self._checked(value) - self.loc) / self.scale
        log_width = self.scale.log() + (self.df.log() + math.log(math.pi)) / 2
        return -(self.df + 1) / 2 * (z.square() / self.df).log1p() - log_width - self._log_beta()

    def entropy(self) -> Tensor:
        half = (self.df + 1) / 2
        shape = half * (half.digamma() - (self.df / 2).digamma())
        return self.scale.log() + shape + (self.df.log() + math.log(math.pi)) / 2 + self._log_beta()


__all__ = ["StudentT"]
