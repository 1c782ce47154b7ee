"""Distributions of counts."""

from __future__ import annotations

from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.gamma import Gamma
from torchlite.distributions.utils import Odds, broadcast_all
from torchlite.nn import functional as F


class _Trials(Odds, Distribution):
    """`total_count` and the odds of each trial, broadcast to one shape."""

    total_count: Tensor

    def __init__(self, total_count: Any = 1, probs: Tensor | None = None,
                 logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_odds(probs, logits)
        self.total_count, odds = broadcast_all(total_count, self._param)
        self.__dict__["probs" if logits is None else "logits"] = odds
        self.total_count = self.total_count.type_as(odds)
        super().__init__(odds.shape, validate_args=validate_args)


class Binomial(_Trials):
    """The number of successes in `total_count` trials, each with probability `probs`."""

    arg_constraints: Any = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """From 0 to `total_count`."""
        return constraints.integer_interval(0, self.total_count)

    mean = property(lambda self: self.total_count * self.probs)
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    @property
    def mode(self) -> Tensor:
        return torch.minimum(((self.total_count + 1) * self.probs).floor(), self.total_count)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with torch.no_grad():
            return torch.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        value, n = self._checked(value), self.total_count
        choose = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return choose + value * self.logits + n * F.logsigmoid(-self.logits)

    def entropy(self) -> Tensor:
        log_prob = self.log_prob(self._values("entropy", expand=False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._values("enumerate_support", expand)

    def _values(self, asked: str, expand: bool) -> Tensor:
        count = int(self.total_count.max())
        if self.total_count.min() != count:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{asked}`.")
        return self._enumerated(torch.arange(1 + count, dtype=self._param.dtype), expand)


class NegativeBinomial(_Trials):
    """The number of successes, with probability `probs`, before `total_count` failures."""

    arg_constraints: Any = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support: Any = constraints.nonnegative_integer

    def __init__(self, total_count: Any, probs: Tensor | None = None,
                 logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        super().__init__(total_count, probs, logits, validate_args)

    mean = property(lambda self: self.total_count * self.logits.exp())
    variance = property(lambda self: self.mean / (-self.logits).sigmoid())

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            rate = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
            return torch.poisson(rate.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        value, n = self._checked(value), self.total_count
        choose = (n + value).lgamma() - (value + 1).lgamma() - n.lgamma()
        choose = torch.where(n + value == 0, 0.0, choose)
        return choose + n * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)


class Poisson(ExponentialFamily):
    """The number of events per unit of time that occur at `rate`."""

    arg_constraints: Any = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    mean = property(lambda self: self.rate)
    mode = property(lambda self: self.rate.floor())
    variance = property(lambda self: self.rate)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            return torch.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        rate, value = broadcast_all(self.rate, self._checked(value))
        return torch.xlogy(value, rate) - rate - (value + 1).lgamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.rate.log(),)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return x.exp()


__all__ = ["Binomial", "NegativeBinomial", "Poisson"]
