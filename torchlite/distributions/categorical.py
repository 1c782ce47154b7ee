"""Distributions over several outcomes, given their probabilities or log-probabilities."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution
from torchlite.distributions.transformed_distribution import TransformedDistribution, of_base
from torchlite.distributions.transforms import ExpTransform
from torchlite.distributions.utils import Odds, broadcast_all, clamp_probs
from torchlite.nn.functional import one_hot

PROBS_OR_LOGITS = {"probs": constraints.simplex, "logits": constraints.real_vector}


class Categorical(Odds, Distribution):
    """Integers from 0 to K - 1; `probs` or `logits` (*, K) need not be normalised."""

    arg_constraints: Any = PROBS_OR_LOGITS
    has_enumerate_support = True
    _is_binary = False

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_odds(probs, logits)
        self._num_events = self.param_shape[-1]
        super().__init__(self.param_shape[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The K integers."""
        return constraints.integer_interval(0, self._num_events - 1)

    def _nan(self) -> Tensor:
        return torch.full(self._batch_shape, math.nan, dtype=self.probs.dtype)

    mean = property(_nan)
    variance = property(_nan)
    mode = property(lambda self: self.probs.argmax(-1))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        sample_shape = Size(sample_shape)
        rows = self.probs.detach().reshape(-1, self._num_events)
        drawn = torch.multinomial(rows, sample_shape.numel(), True)
        return drawn.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        index = self._checked(value).long().unsqueeze(-1)
        index, logits = torch.broadcast_tensors(index, self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        logits = self.logits.clamp(min=torch.finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(torch.arange(self._num_events), expand)


class _OfCategorical(Distribution):
    """Base of distributions whose parameters are kept in a `Categorical`."""

    arg_constraints: Any = PROBS_OR_LOGITS
    _categorical: Any
    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    param_shape = property(lambda self: self._categorical.param_shape)
    _param = property(lambda self: self._categorical._param)

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._categorical._new(*args, **kwargs)


class OneHotCategorical(_OfCategorical):
    """One-hot vectors of length K; parameters as in `Categorical`."""

    support: Any = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._categorical = Categorical(probs, logits)
        batch_shape = self._categorical.batch_shape
        super().__init__(batch_shape, self._categorical.param_shape[-1:], validate_args)

    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    @property
    def mode(self) -> Tensor:
        return one_hot(self.probs.argmax(-1), self.event_shape[0]).to(self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        drawn = self._categorical.sample(sample_shape)
        return one_hot(drawn, self.event_shape[0]).to(self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        return self._categorical.log_prob(self._checked(value).argmax(-1))

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        n = self.event_shape[0]
        values = torch.eye(n, dtype=self._param.dtype)
        values = values.reshape((n,) + (1,) * len(self._batch_shape) + (n,))
        return values.expand((n,) + self._batch_shape + (n,)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical` whose samples pass their gradient straight through to the probabilities.

    Source: Bengio et al. 2013, https://arxiv.org/abs/1308.3432
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(_OfCategorical):
    """Counts of each of K outcomes in `total_count` trials; parameters as in `Categorical`."""

    def __init__(self, total_count: int = 1, probs: Tensor | None = None,
                 logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits)
        batch_shape = self._categorical.batch_shape
        super().__init__(batch_shape, self._categorical.param_shape[-1:], validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Counts with a sum of at most `total_count`."""
        return constraints.multinomial(self.total_count)

    mean = property(lambda self: self.probs * self.total_count)
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        drawn = self._categorical.sample((self.total_count, *sample_shape))
        drawn = drawn.movedim(0, -1)  # (*sample_shape, *batch_shape, total_count)
        counts = self._param.new_zeros(self._extended_shape(sample_shape))
        return counts.scatter_add(-1, drawn, torch.ones(drawn.shape, dtype=counts.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        impossible = (value == 0) & (logits == -math.inf)
        terms = torch.where(impossible, 0.0, logits) * value - (value + 1).lgamma()
        return terms.sum(-1) + (value.sum(-1) + 1).lgamma()

    def entropy(self) -> Tensor:
        """Computed from the binomial distribution of each count."""
        n, logits = self.total_count, self.logits
        count = torch.arange(1, n + 1, dtype=logits.dtype)
        count = count.reshape((n,) + (1,) * logits.dim())
        p = self.probs
        choose = math.lgamma(n + 1) - (count + 1).lgamma() - (n - count + 1).lgamma()
        mass = (choose + torch.xlogy(count, p) + torch.xlogy(n - count, 1 - p)).exp()
        expected = (mass * (count + 1).lgamma()).sum((0, -1))
        return n * self._categorical.entropy() - math.lgamma(n + 1) + expected


class ExpRelaxedCategorical(_OfCategorical):
    """The logarithm of `RelaxedOneHotCategorical`.

    Source: Maddison et al. 2017, "The concrete distribution", https://arxiv.org/abs/1611.00712
    """

    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(self, temperature: Any, probs: Tensor | None = None,
                 logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        batch_shape = self._categorical.batch_shape
        super().__init__(batch_shape, self._categorical.param_shape[-1:], validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = clamp_probs(torch.rand(shape, dtype=self.logits.dtype))
        gumbel = -(-noise.log()).log()
        return ((self.logits + gumbel) / self.temperature).log_softmax(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        n = self.event_shape[0]
        logits, value = broadcast_all(self.logits, self._checked(value))
        temperature = torch.as_tensor(self.temperature, dtype=logits.dtype)
        constant = math.lgamma(n) + (n - 1) * temperature.log()
        return (logits - value * temperature).log_softmax(-1).sum(-1) + constant


class RelaxedOneHotCategorical(TransformedDistribution):
    """`OneHotCategorical` relaxed to the simplex; samples approach one-hot as `temperature` drops.

    Source: as `ExpRelaxedCategorical`.
    """

    arg_constraints: Any = PROBS_OR_LOGITS
    support: Any = constraints.simplex
    has_rsample = True

    def __init__(self, temperature: Any, probs: Tensor | None = None,
                 logits: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    temperature, logits, probs = of_base("temperature"), of_base("logits"), of_base("probs")


__all__ = [
    "Categorical", "ExpRelaxedCategorical", "Multinomial", "OneHotCategorical",
    "OneHotCategoricalStraightThrough", "RelaxedOneHotCategorical",
]  # fmt: skip
