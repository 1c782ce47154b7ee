"""Distributions of one trial, given its probability or log-odds."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.transformed_distribution import TransformedDistribution, of_base
from torchlite.distributions.transforms import SigmoidTransform
from torchlite.distributions.utils import Odds, broadcast_all, clamp_probs, probs_to_logits
from torchlite.nn import functional as F

PROBS_OR_LOGITS = {"probs": constraints.unit_interval, "logits": constraints.real}


class Bernoulli(Odds, ExponentialFamily):
    """1 with probability `probs`, else 0; parameterised by `probs` or log-odds `logits`."""

    arg_constraints: Any = PROBS_OR_LOGITS
    support: Any = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure: Any = 0

    def __init__(self, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_odds(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    @property
    def mode(self) -> Tensor:
        """NaN for a probability of 1/2."""
        return torch.where(self.probs == 0.5, math.nan, (self.probs >= 0.5).to(self.probs))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            return torch.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        return -self._cross_entropy(self._checked(value))

    def entropy(self) -> Tensor:
        return self._cross_entropy(self.probs)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(torch.arange(2, dtype=self._param.dtype), expand)

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return F.softplus(x)


class Geometric(Odds, Distribution):
    """The number of failures before the first success, with probability `probs` in each trial."""

    arg_constraints: Any = PROBS_OR_LOGITS
    support: Any = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_odds(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)
        if self._validate_args and not (self.probs > 0).all():
            shape = tuple(self.probs.shape)
            raise ValueError(
                f"Expected parameter probs ({type(self.probs).__name__} of shape {shape}) of "
                f"distribution {self!r} to be positive but found invalid values:\n{self.probs}"
            )

    mean = property(lambda self: 1 / self.probs - 1)
    mode = property(lambda self: torch.zeros_like(self.probs))
    variance = property(lambda self: (1 / self.probs - 1) / self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            noise = self.probs.new_empty(self._extended_shape(sample_shape))
            noise.uniform_(torch.finfo(noise.dtype).tiny, 1)
            return (noise.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        value, probs = broadcast_all(self._checked(value), self.probs)
        return torch.xlogy(value, 1 - probs) + probs.log()

    def entropy(self) -> Tensor:
        return self._cross_entropy(self.probs) / self.probs


class ContinuousBernoulli(Odds, ExponentialFamily):
    """Values in [0, 1] with density proportional to ``probs**x (1 - probs)**(1 - x)``.

    Where `probs` lies within `lims`, near 1/2, Taylor series avoid cancellation.
    Source: Loaiza-Ganem and Cunningham 2019, https://arxiv.org/abs/1907.06845
    """

    arg_constraints: Any = PROBS_OR_LOGITS
    support: Any = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure: Any = 0

    def __init__(self, probs: Any = None, logits: Any = None,
                 lims: tuple[float, float] = (0.499, 0.501),
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_odds(probs, logits)
        if probs is not None:
            given = self.__dict__["probs"]
            wrong = validate_args is not False and not constraints.unit_interval.check(given).all()
            if wrong:
                raise ValueError("The parameter probs has invalid values")
            self.__dict__["probs"] = clamp_probs(given)
        self._lims = lims
        super().__init__(self.param_shape, validate_args=validate_args)

    def _cases(self) -> tuple[Tensor, Tensor, Tensor]:
        """Mask of where no series is needed, probability (replaced elsewhere) and its log-odds."""
        low, high = self._lims
        plain = (self.probs <= low) | (self.probs > high)
        probs = torch.where(plain, self.probs, low)
        return plain, probs, probs.log() - (-probs).log1p()

    def _log_constant(self) -> Tensor:
        """The logarithm of the normalising constant."""
        plain, probs, odds = self._cases()
        square = (self.probs - 0.5).square()
        series = math.log(2) + (4 / 3 + 104 / 45 * square) * square
        return torch.where(plain, odds.abs().log() - (1 - 2 * probs).abs().log(), series)

    @property
    def mean(self) -> Tensor:
        plain, probs, odds = self._cases()
        x = self.probs - 0.5
        series = 0.5 + (1 / 3 + 16 / 45 * x.square()) * x
        return torch.where(plain, probs / (2 * probs - 1) - 1 / odds, series)

    @property
    def variance(self) -> Tensor:
        plain, probs, odds = self._cases()
        x = (self.probs - 0.5).square()
        series = 1 / 12 - (1 / 15 - 128 / 945 * x) * x
        exact = probs * (probs - 1) / (1 - 2 * probs).square() + odds.square().reciprocal()
        return torch.where(plain, exact, series)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.icdf(torch.rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        return self._log_constant() - self._cross_entropy(self._checked(value))

    def cdf(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        plain, probs, _ = self._cases()
        exact = probs**value * (1 - probs) ** (1 - value) + probs - 1
        return torch.where(plain, exact / (2 * probs - 1), value).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        plain, probs, odds = self._cases()
        exact = (value * (2 * probs - 1) - probs).log1p() - (-probs).log1p()
        return torch.where(plain, exact / odds, value)

    def entropy(self) -> Tensor:
        zero = (-self.probs).log1p()
        return self.mean * (zero - self.probs.log()) - self._log_constant() - zero

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        plain = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = torch.where(plain, x, self._lims[0] - 0.5)
        square = x.square()
        series = x / 2 + square / 24 - square.square() / 2880
        return torch.where(plain, cut.expm1().abs().log() - cut.abs().log(), series)


class LogitRelaxedBernoulli(Odds, Distribution):
    """The log-odds of `RelaxedBernoulli`.

    Source: Maddison et al. 2017, "The concrete distribution", https://arxiv.org/abs/1611.00712
    """

    arg_constraints: Any = PROBS_OR_LOGITS
    support: Any = constraints.real

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.temperature = temperature
        self._set_odds(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        noise = clamp_probs(torch.rand(shape, dtype=probs.dtype))
        odds = probs_to_logits(noise, True) + probs_to_logits(probs, True)
        return odds / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        z = logits - value * self.temperature
        return self.temperature.log() + z - 2 * F.softplus(z)


class RelaxedBernoulli(TransformedDistribution):
    """Bernoulli trials relaxed to (0, 1); samples approach 0 and 1 as `temperature` decreases.

    Source: as `LogitRelaxedBernoulli`.
    """

    arg_constraints: Any = PROBS_OR_LOGITS
    support: Any = constraints.unit_interval
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    temperature, logits, probs = of_base("temperature"), of_base("logits"), of_base("probs")


__all__ = [
    "Bernoulli", "ContinuousBernoulli", "Geometric", "LogitRelaxedBernoulli", "RelaxedBernoulli",
]  # fmt: skip
