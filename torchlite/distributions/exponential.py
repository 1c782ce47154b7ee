"""The exponential, Weibull and Pareto distributions."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.transformed_distribution import TransformedDistribution
from torchlite.distributions.transforms import AffineTransform, ExpTransform, PowerTransform
from torchlite.distributions.utils import broadcast_all, euler_constant


class Exponential(ExponentialFamily):
    """Waiting times between events that occur at `rate`."""

    arg_constraints: Any = {"rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure: Any = 0
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    mean = property(lambda self: self.rate.reciprocal())
    mode = property(lambda self: torch.zeros_like(self.rate))
    stddev = property(lambda self: self.rate.reciprocal())
    variance = property(lambda self: self.rate.pow(-2))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.rate.new_empty(self._extended_shape(sample_shape)).exponential_() / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        return self.rate.log() - self.rate * self._checked(value)

    def cdf(self, value: Tensor) -> Tensor:
        return -(-self.rate * self._checked(value)).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        return -(-value).log1p() / self.rate

    def entropy(self) -> Tensor:
        return 1 - self.rate.log()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (-self.rate,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return -(-x).log()


class Weibull(TransformedDistribution):
    """``scale * x**(1 / concentration)`` for exponential x."""

    arg_constraints: Any = {"scale": constraints.positive, "concentration": constraints.positive}
    support: Any = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        base = Exponential(torch.ones_like(self.scale), validate_args=validate_args)
        power = PowerTransform(1 / self.concentration)
        super().__init__(base, [power, AffineTransform(0, self.scale)], validate_args=validate_args)

    @property
    def concentration_reciprocal(self) -> Tensor:
        """``1 / concentration``."""
        return self.concentration.reciprocal()

    def _moment(self, n: int) -> Tensor:
        return (1 + n * self.concentration_reciprocal).lgamma().exp() * self.scale**n

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        reciprocal = self.concentration_reciprocal
        return self.scale * ((self.concentration - 1) * reciprocal) ** reciprocal

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self._moment(1).square()

    def entropy(self) -> Tensor:
        reciprocal = self.concentration_reciprocal
        return euler_constant * (1 - reciprocal) + (self.scale * reciprocal).log() + 1


class Pareto(TransformedDistribution):
    """``scale * exp(x)`` for exponential x with rate `alpha`."""

    arg_constraints: Any = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        steps = [ExpTransform(), AffineTransform(0, self.scale)]
        super().__init__(base, steps, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """Infinite for ``alpha <= 1``."""
        alpha = self.alpha.clamp(min=1)
        return alpha * self.scale / (alpha - 1)

    mode = property(lambda self: self.scale)

    @property
    def variance(self) -> Tensor:
        """Infinite for ``alpha <= 2``."""
        alpha = self.alpha.clamp(min=2)
        return self.scale.square() * alpha / ((alpha - 1).square() * (alpha - 2))

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From `scale` upwards."""
        return constraints.greater_than_eq(self.scale)

    def entropy(self) -> Tensor:
        return (self.scale / self.alpha).log() + 1 + self.alpha.reciprocal()


class GeneralizedPareto(Distribution):
    """Values above a threshold `loc`; exponential if `concentration` is 0, bounded if negative."""

    arg_constraints: Any = {
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real,
    }  # fmt: skip
    has_rsample = True
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, scale: Any, concentration: Any,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set(validate_args, loc=loc, scale=scale, concentration=concentration)

    def _cases(self) -> tuple[Tensor, Tensor]:
        """A mask of where the concentration is near 0, and the concentration with ones there."""
        zero = self.concentration.abs() <= 1e-8
        return zero, torch.where(zero, 1.0, self.concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From `loc` upwards; for negative concentrations, to ``loc - scale / concentration``."""
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, torch.where(self.concentration < 0, end, math.inf))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.icdf(torch.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        z = (self._checked(value) - self.loc) / self.scale
        zero, shape = self._cases()
        power = 1 / shape + 1
        decay = torch.where(power == 0, power, power * (shape * z).log1p())
        return -self.scale.log() - torch.where(zero, z, decay)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """``log(1 - cdf)``."""
        z = (self._checked(value) - self.loc) / self.scale
        zero, shape = self._cases()
        return torch.where(zero, -z, -(shape * z).log1p() / shape)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        zero, shape = self._cases()
        decay = (-value).log1p()
        excess = torch.where(zero, -decay, (-shape * decay).expm1() / shape)
        return self.loc + self.scale * excess

    @property
    def mean(self) -> Tensor:
        """NaN if the concentration is 1 or more."""
        mean = self.loc + self.scale / (1 - self.concentration)
        return torch.where(self.concentration < 1, mean, math.nan)

    mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        """NaN if the concentration is 1/2 or more."""
        rest = 1 - self.concentration
        variance = self.scale.square() / (rest.square() * (1 - 2 * self.concentration))
        return torch.where(self.concentration < 0.5, variance, math.nan)

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1


__all__ = ["Exponential", "GeneralizedPareto", "Pareto", "Weibull"]
