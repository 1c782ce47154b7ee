"""The von Mises distribution of angles."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution


class VonMises(Distribution):
    """Angles around `loc`, in radians, with density proportional to ``exp(k cos(x - loc))``.

    k is `concentration`; `variance` is the circular variance.
    """

    arg_constraints: Any = {"loc": constraints.real, "concentration": constraints.positive}
    support: Any = constraints.real
    loc: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, concentration=concentration)

    mean = property(lambda self: self.loc)
    mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        return 1 - torch.special.i1e(self.concentration) / torch.special.i0e(self.concentration)

    def log_prob(self, value: Tensor) -> Tensor:
        k = self.concentration
        log_bessel = torch.special.i0e(k).log() + k
        return k * (self._checked(value) - self.loc).cos() - math.log(2 * math.pi) - log_bessel

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """By rejection sampling from a wrapped Cauchy distribution, in float64.

        Source: Best and Fisher 1979, "Efficient simulation of the von Mises distribution".
        """
        with torch.no_grad():
            k, ratio = self.concentration.double(), self._proposal()
            shape = self._extended_shape(sample_shape)
            angle = torch.zeros(shape, dtype=torch.float64)
            done = torch.zeros(shape, dtype=torch.bool)
            while not done.all():
                u1, u2, u3 = torch.rand((3, *shape), dtype=torch.float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + ratio * z) / (ratio + z)
                c = k * (ratio - f)
                accepted = (c * (2 - c) > u2) | ((c / u2).log() + 1 - c >= 0)
                angle = torch.where(accepted, (u3 - 0.5).sign() * f.acos(), angle)
                done = done | accepted
            turned = (angle + math.pi + self.loc.double()) % (2 * math.pi) - math.pi
            return turned.to(self.loc.dtype)

    def _proposal(self) -> Tensor:
        """The parameter of the wrapped Cauchy distribution, in float64."""
        k = self.concentration.double()
        tau = 1 + (1 + 4 * k * k).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return torch.where(k < 1e-5, 1 / k + k, (1 + rho * rho) / (2 * rho))


__all__ = ["VonMises"]
