"""The Laplace and Gumbel distributions."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution
from torchlite.distributions.transformed_distribution import TransformedDistribution
from torchlite.distributions.transforms import AffineTransform, ExpTransform
from torchlite.distributions.uniform import Uniform
from torchlite.distributions.utils import broadcast_all, euler_constant

_LOC_SCALE = {"loc": constraints.real, "scale": constraints.positive}


class Laplace(Distribution):
    """The Laplace distribution with mean `loc`: on both sides exponential, with mean `scale`."""

    arg_constraints: Any = _LOC_SCALE
    support: Any = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    mean = property(lambda self: self.loc)
    mode = property(lambda self: self.loc)
    variance = property(lambda self: 2 * self.scale.square())
    stddev = property(lambda self: math.sqrt(2) * self.scale)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        noise = self.loc.new_empty(self._extended_shape(sample_shape))
        noise.uniform_(torch.finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * noise.sign() * (-noise.abs()).log1p()

    def log_prob(self, value: Tensor) -> Tensor:
        return -(2 * self.scale).log() - (self._checked(value) - self.loc).abs() / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        distance = self._checked(value) - self.loc
        return 0.5 - distance.sign() * (-distance.abs() / self.scale).expm1() / 2

    def icdf(self, value: Tensor) -> Tensor:
        side = value - 0.5
        return self.loc - self.scale * side.sign() * (-2 * side.abs()).log1p()

    def entropy(self) -> Tensor:
        return 1 + (2 * self.scale).log()


class Gumbel(TransformedDistribution):
    """The Gumbel distribution of maxima."""

    arg_constraints: Any = _LOC_SCALE
    support: Any = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = torch.finfo(self.loc.dtype)
        low = torch.full_like(self.loc, limits.tiny)
        base = Uniform(low, torch.full_like(self.loc, 1 - limits.eps), validate_args=validate_args)
        logarithm = ExpTransform().inv
        super().__init__(
            base,
            [
                logarithm,
                AffineTransform(0, -torch.ones_like(self.scale)),
                logarithm,
                AffineTransform(self.loc, -self.scale),
            ],
            validate_args=validate_args,
        )

    def log_prob(self, value: Tensor) -> Tensor:
        z = (self.loc - self._checked(value)) / self.scale
        return z - z.exp() - self.scale.log()

    mean = property(lambda self: self.loc + self.scale * euler_constant)
    mode = property(lambda self: self.loc)
    stddev = property(lambda self: math.pi / math.sqrt(6) * self.scale)
    variance = property(lambda self: self.stddev.square())

    def entropy(self) -> Tensor:
        return self.scale.log() + 1 + euler_constant


__all__ = ["Gumbel", "Laplace"]
