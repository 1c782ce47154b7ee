"""Distributions of transformed random variables."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution
from torchlite.distributions.independent import Independent
from torchlite.distributions.transforms import ComposeTransform, Transform
from torchlite.distributions.utils import sum_rightmost


class TransformedDistribution(Distribution):
    """The distribution of ``transforms(x)`` for x drawn from `base_distribution`.

    `transforms` is a `Transform` or a list of them, applied in order. Their event dimensions become
    those of the distribution. Raises: ValueError for other transforms, or a base with too few
    dimensions.
    """

    arg_constraints: dict[str, constraints.Constraint] = {}  # type: ignore[assignment]
    base_dist: Any

    def __init__(self, base_distribution: Distribution, transforms: Transform | list[Transform],
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self.transforms = _as_list(transforms)
        chain = ComposeTransform(self.transforms)
        base_event_dim = len(base_distribution.event_shape)
        base_shape = base_distribution.batch_shape + base_distribution.event_shape
        if len(base_shape) < chain.domain.event_dim:
            raise ValueError(
                "base_distribution needs to have shape with size at least "
                f"{chain.domain.event_dim}, but got {base_shape}."
            )
        shape = chain.forward_shape(base_shape)
        full_shape = chain.inverse_shape(shape)
        if full_shape != base_shape:
            batch_shape = full_shape[: len(full_shape) - base_event_dim]
            base_distribution = base_distribution.expand(batch_shape)
        more = chain.domain.event_dim - base_event_dim
        self.base_dist = Independent(base_distribution, more) if more > 0 else base_distribution
        change = chain.codomain.event_dim - chain.domain.event_dim
        event_dim = max(chain.codomain.event_dim, base_event_dim + change)
        cut = len(shape) - event_dim
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def _expanded(self, name: str, value: Any, batch_shape: Size) -> Any:
        if name == "base_dist":
            shape = ComposeTransform(self.transforms).inverse_shape(batch_shape + self.event_shape)
            batch_shape = shape[: len(shape) - len(value.event_shape)]
        return super()._expanded(name, value, batch_shape)

    has_rsample: Any = property(lambda self: self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """The codomain of the last transform."""
        if not self.transforms:
            return self.base_dist.support
        codomain = self.transforms[-1].codomain
        more = len(self.event_shape) - codomain.event_dim
        return constraints.independent(codomain, more) if more > 0 else codomain

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            return ComposeTransform(self.transforms)(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return ComposeTransform(self.transforms)(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        y = self._checked(value)
        dims, volume = len(self.event_shape), None
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            dims += transform.domain.event_dim - transform.codomain.event_dim
            inner = transform.log_abs_det_jacobian(x, y)
            term = sum_rightmost(inner, dims - transform.domain.event_dim)
            volume = term if volume is None else volume + term
            y = x
        base = sum_rightmost(self.base_dist.log_prob(y), dims - len(self.base_dist.event_shape))
        return base if volume is None else base - volume

    def _turned(self, probability: Tensor) -> Tensor:
        """``1 - probability`` where the transforms are decreasing, else `probability`."""
        sign: Any = math.prod(t.sign for t in self.transforms)
        if isinstance(sign, int) and sign == 1:
            return probability
        return sign * (probability - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        value = ComposeTransform(self.transforms).inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return ComposeTransform(self.transforms)(self.base_dist.icdf(self._turned(value)))


def _as_list(transforms: Any) -> list[Transform]:
    if isinstance(transforms, Transform):
        return [transforms]
    if not isinstance(transforms, list):
        raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
    if not all(isinstance(t, Transform) for t in transforms):
        raise ValueError("transforms must be a Transform or a list of Transforms")
    return transforms


def of_base(name: str) -> property:
    """A property that forwards to the base distribution."""
    return property(lambda self: getattr(self.base_dist, name), doc=f"`{name}` of `base_dist`.")


__all__ = ["TransformedDistribution"]
