"""The gamma distribution and its relatives."""

from __future__ import annotations

from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.transformed_distribution import TransformedDistribution, of_base
from torchlite.distributions.transforms import PowerTransform
from torchlite.distributions.utils import broadcast_all

_CONCENTRATION_RATE = {"concentration": constraints.positive, "rate": constraints.positive}


class Gamma(ExponentialFamily):
    """The gamma distribution with shape `concentration` and inverse scale `rate`."""

    arg_constraints: Any = _CONCENTRATION_RATE
    support: Any = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure: Any = 0
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration, rate=rate)

    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate.square())

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        value = torch._standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=torch.finfo(value.dtype).tiny)  # detached: no gradient
        return value

    def log_prob(self, value: Tensor) -> Tensor:
        value = torch.as_tensor(value, dtype=self.rate.dtype)
        value, a = self._checked(value), self.concentration
        decay = self.rate * value
        return torch.xlogy(a, self.rate) + torch.xlogy(a - 1, value) - decay - a.lgamma()

    def cdf(self, value: Tensor) -> Tensor:
        return torch.igamma(self.concentration, self.rate * self._checked(value))

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        return (x + 1).lgamma() - (x + 1) * (-y).log()


class Chi2(Gamma):
    """The sum of the squares of `df` standard normal variables."""

    arg_constraints: Any = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        half = df / 2 if isinstance(df, Tensor) else 0.5 * df
        super().__init__(half, 0.5, validate_args=validate_args)

    df = property(lambda self: self.concentration * 2)

    def _expanded(self, name: str, value: Any, batch_shape: Size) -> Any:
        return value.expand(batch_shape) if isinstance(value, Tensor) else value


class InverseGamma(TransformedDistribution):
    """``1 / x`` for a gamma-distributed x."""

    arg_constraints: Any = _CONCENTRATION_RATE
    support: Any = constraints.positive
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        inverse = PowerTransform(-torch.ones_like(base.rate))
        super().__init__(base, inverse, validate_args=validate_args)

    concentration, rate = of_base("concentration"), of_base("rate")

    @property
    def mean(self) -> Tensor:
        """Infinite if the concentration is at most 1."""
        mean = self.rate / (self.concentration - 1)
        return torch.where(self.concentration > 1, mean, torch.inf)

    mode = property(lambda self: self.rate / (self.concentration + 1))

    @property
    def variance(self) -> Tensor:
        """Infinite if the concentration is at most 2."""
        a = self.concentration
        variance = self.rate.square() / ((a - 1).square() * (a - 2))
        return torch.where(a > 2, variance, torch.inf)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()


class FisherSnedecor(Distribution):
    """The ratio of the mean squares of `df1` and of `df2` standard normal variables."""

    arg_constraints: Any = {"df1": constraints.positive, "df2": constraints.positive}
    support: Any = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """NaN for ``df2 <= 2``."""
        return torch.where(self.df2 > 2, self.df2 / (self.df2 - 2), torch.nan)

    @property
    def mode(self) -> Tensor:
        """NaN for ``df1 <= 2``."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return torch.where(self.df1 > 2, mode, torch.nan)

    @property
    def variance(self) -> Tensor:
        """NaN for ``df2 <= 4``."""
        a, b = self.df1, torch.where(self.df2 > 4, self.df2, torch.nan)
        return 2 * b.square() * (a + b - 2) / (a * (b - 2).square() * (b - 4))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        tiny = torch.finfo(self.df1.dtype).tiny
        above, below = self._gamma1.rsample(sample_shape), self._gamma2.rsample(sample_shape)
        return (above / below.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        a, b, ratio = self.df1 / 2, self.df2 / 2, self.df1 / self.df2
        constant = (a + b).lgamma() - a.lgamma() - b.lgamma() + a * ratio.log()
        return constant + (a - 1) * value.log() - (a + b) * (ratio * value).log1p()


__all__ = ["Chi2", "FisherSnedecor", "Gamma", "InverseGamma"]
