"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions import constraints
from torchlite.distributions.categorical import Categorical
from torchlite.distributions.distribution import Distribution


class MixtureSameFamily(Distribution):
    """A mixture of K components, the last batch dimension of `component_distribution`.

    `mixture_distribution` is a `Categorical` over them.
    Raises: ValueError if the two do not match.
    """

    arg_constraints: dict[str, constraints.Constraint] = {}  # type: ignore[assignment]

    def __init__(self, mixture_distribution: Categorical, component_distribution: Distribution,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                "torch.distributions.Distribution"
            )
        _check_fit(mixture_distribution, component_distribution.batch_shape)
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        batch_shape, event_shape = (
            component_distribution.batch_shape[:-1], component_distribution.event_shape
        )  # fmt: skip
        self._event_ndims = len(event_shape)
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)

    def _expanded(self, name: str, value: Any, batch_shape: Size) -> Any:
        if name == "_component_distribution":
            batch_shape = batch_shape + value.batch_shape[-1:]
        return super()._expanded(name, value, batch_shape)

    @constraints.dependent_property
    def support(self) -> Any:
        """The support of the components."""
        return constraints.MixtureSameFamilyConstraint(self.component_distribution.support)

    def _pad(self, x: Tensor) -> Tensor:
        """`x` with a dimension for the components."""
        return x.unsqueeze(-1 - self._event_ndims)

    def _averaged(self, values: Tensor) -> Tensor:
        """The mean of the components' `values`, weighted by their probabilities."""
        probs = self.mixture_distribution.probs
        probs = probs.reshape(probs.shape + (1,) * self._event_ndims)
        return (probs * values).sum(-1 - self._event_ndims)

    @property
    def mean(self) -> Tensor:
        return self._averaged(self.component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        """The mean of the variances plus the variance of the means."""
        parts = self.component_distribution
        return self._averaged(parts.variance + (parts.mean - self._pad(self.mean)).square())

    def cdf(self, x: Tensor) -> Tensor:
        values = self.component_distribution.cdf(self._pad(x))
        return (values * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, x: Tensor) -> Tensor:
        densities = self.component_distribution.log_prob(self._pad(self._checked(x)))
        return (densities + self.mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            chosen = self.mixture_distribution.sample(sample_shape)
            samples = self.component_distribution.sample(sample_shape)
            dim = len(sample_shape) + len(self.batch_shape)
            index = chosen.reshape(chosen.shape + (1,) * (self._event_ndims + 1))
            index = index.expand(samples.shape[:dim] + (1,) + self.event_shape)
            return samples.gather(dim, index).squeeze(dim)

    def __repr__(self) -> str:
        parts = f"\n  {self.mixture_distribution},\n  {self.component_distribution}"
        return f"MixtureSameFamily({parts})"


def _check_fit(mixture: Categorical, components: Size) -> None:
    for a, b in zip(reversed(mixture.batch_shape), reversed(components[:-1])):
        if a != 1 and b != 1 and a != b:
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({mixture.batch_shape}) is not compatible "
                f"with `component_distribution.batch_shape`({components[:-1]})"
            )
    if mixture.param_shape[-1] != components[-1]:
        raise ValueError(
            f"`mixture_distribution component` ({mixture.param_shape[-1]}) does not equal "
            f"`component_distribution.batch_shape[-1]` ({components[-1]})"
        )


__all__ = ["MixtureSameFamily"]
