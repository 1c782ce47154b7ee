"""Kullback-Leibler divergences between families: ``-entropy(p)`` minus the mean of ``log q``.

That mean follows from a few moments of p; it is infinite if p extends beyond the support of q.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions.bernoulli import Bernoulli, ContinuousBernoulli
from torchlite.distributions.beta import Beta
from torchlite.distributions.binomial import Binomial, Poisson
from torchlite.distributions.distribution import Distribution
from torchlite.distributions.exponential import Exponential, Pareto
from torchlite.distributions.gamma import Gamma
from torchlite.distributions.kl import register_kl
from torchlite.distributions.laplace import Gumbel, Laplace
from torchlite.distributions.normal import Normal
from torchlite.distributions.uniform import Uniform
from torchlite.distributions.utils import euler_constant

# --- moments of p -----------------------------------------------------------------------------


def _x_log_x(p: Uniform) -> Tensor:
    """The mean of ``log x`` plus 1."""
    parts = torch.xlogy(p.high, p.high) - torch.xlogy(p.low, p.low)
    return parts / (p.high - p.low)


#: The mean of ``log x``.
_MEAN_LOG: dict[type, Callable[[Any], Tensor]] = {
    Beta: lambda p: p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma(),
    Exponential: lambda p: -euler_constant - p.rate.log(),
    Gamma: lambda p: p.concentration.digamma() - p.rate.log(),
    Pareto: lambda p: p.scale.log() + p.alpha.reciprocal(),
    Uniform: lambda p: _x_log_x(p) - 1,
}
#: The mean of ``exp(-x / s)``.
_MEAN_DECAY: dict[type, Callable[[Any, Tensor], Tensor]] = {
    Exponential: lambda p, s: p.rate * s / (p.rate * s + 1),
    Gamma: lambda p, s: (p.rate * s / (p.rate * s + 1)) ** p.concentration,
    Gumbel: lambda p, s: (-p.loc / s + (1 + p.scale / s).lgamma()).exp(),
    Normal: lambda p, s: (-p.loc / s + (p.scale / s).square() / 2).exp(),
    Uniform: lambda p, s: ((-p.low / s).exp() - (-p.high / s).exp()) * s / (p.high - p.low),
}


def _moment(table: dict[type, Callable], p: Distribution, *args: Any) -> Tensor:
    return next(f for kind, f in table.items() if isinstance(p, kind))(p, *args)


# --- the mean of log q over p -----------------------------------------------------------------


def _of_beta(p: Any, q: Any) -> Tensor:
    a, b = q.concentration1, q.concentration0
    rest = _moment(_MEAN_LOG, Uniform(1 - p.high, 1 - p.low, validate_args=False))
    log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
    return (a - 1) * _moment(_MEAN_LOG, p) + (b - 1) * rest - log_beta


def _of_continuous_bernoulli(p: Any, q: Any) -> Tensor:
    return p.mean * q.logits + (-q.probs).log1p() + q._log_constant()


def _of_exponential(p: Any, q: Any) -> Tensor:
    return q.rate.log() - q.rate * p.mean


def _of_gamma(p: Any, q: Any) -> Tensor:
    a = q.concentration
    grown = (a - 1) * _moment(_MEAN_LOG, p) + a * q.rate.log()
    return grown - q.rate * p.mean - a.lgamma()


def _of_gumbel(p: Any, q: Any) -> Tensor:
    decay = (q.loc / q.scale).exp() * _moment(_MEAN_DECAY, p, q.scale)
    return (q.loc - p.mean) / q.scale - decay - q.scale.log()


def _of_laplace(p: Any, q: Any) -> Tensor:
    """Uses the mean of ``|x|`` for a normal x."""
    distance = p.loc - q.loc
    z = distance / p.scale
    spread = p.scale * math.sqrt(2 / math.pi) * (-z.square() / 2).exp()
    mean = spread + distance * (z * math.sqrt(0.5)).erf()
    return -mean / q.scale - (2 * q.scale).log()


def _of_normal(p: Any, q: Any) -> Tensor:
    square = (p.variance + (p.mean - q.loc).square()) / q.scale.square()
    return -square / 2 - q.scale.log() - math.log(2 * math.pi) / 2


def _of_pareto(p: Any, q: Any) -> Tensor:
    return q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _moment(_MEAN_LOG, p)


def _of_poisson(p: Any, q: Any) -> Tensor:
    return p.mean * q.rate.log() - q.rate


def _of_uniform(p: Any, q: Any) -> Tensor:
    return -(q.high - q.low).log()


# --- the table --------------------------------------------------------------------------------


def _bounds(p: Any) -> tuple[Any, Any]:
    """The bounds of the support of p or q, for divergences where they matter."""
    if isinstance(p, Uniform):
        return p.low, p.high
    if isinstance(p, Pareto):
        return p.scale, math.inf
    if isinstance(p, (Exponential, Gamma, Poisson)):
        return 0.0, math.inf
    unit = isinstance(p, (Beta, ContinuousBernoulli, Bernoulli))
    return (0.0, 1.0) if unit else (-math.inf, math.inf)


def _register(kind_p: type, kind_q: type, mean_log: Callable[[Any, Any], Tensor]) -> None:
    @register_kl(kind_p, kind_q)
    def divergence(p: Any, q: Any) -> Tensor:
        result = -p.entropy() - mean_log(p, q)
        (low_p, high_p), (low_q, high_q) = _bounds(p), _bounds(q)
        beyond = torch.as_tensor(low_p < low_q) | torch.as_tensor(high_p > high_q)
        return torch.where(beyond, torch.inf, result)


_FINITE: tuple[tuple[type, Callable, tuple[type, ...]], ...] = (
    (Beta, _of_beta, (Uniform,)),
    (ContinuousBernoulli, _of_continuous_bernoulli, (Beta, Uniform)),
    (Exponential, _of_exponential, (Beta, ContinuousBernoulli, Gamma, Pareto, Uniform)),
    (Gamma, _of_gamma, (Beta, Exponential, Pareto, Uniform)),
    (Gumbel, _of_gumbel, (Exponential, Gamma, Gumbel, Normal, Uniform)),
    (Laplace, _of_laplace, (Normal,)),
    (Normal, _of_normal, (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Pareto,
                          Uniform)),
    (Pareto, _of_pareto, (Uniform,)),
    (Poisson, _of_poisson, (Bernoulli,)),
    (Uniform, _of_uniform, (Beta, ContinuousBernoulli)),
)  # fmt: skip
for _q, _mean_log, _ps in _FINITE:
    for _p in _ps:
        _register(_p, _q, _mean_log)

_BOUNDED = (Beta, ContinuousBernoulli, Pareto, Uniform)
#: p -> the q whose support never contains that of p.
_INFINITE: dict[type, tuple[type, ...]] = {
    Beta: (Pareto,), ContinuousBernoulli: (Pareto,), Pareto: (Beta, ContinuousBernoulli, Uniform),
    Exponential: _BOUNDED, Gamma: _BOUNDED,
    Gumbel: (*_BOUNDED, Exponential, Gamma), Laplace: (*_BOUNDED, Exponential, Gamma),
    Normal: (*_BOUNDED, Exponential, Gamma),
    Poisson: (Bernoulli, Binomial),
}  # fmt: skip


def _infinite(p: Distribution, q: Distribution) -> Tensor:
    shape = torch.broadcast_shapes(p.batch_shape, q.batch_shape)
    return torch.full_like(p.mean, math.inf).expand(shape)


for _p, _qs in _INFINITE.items():
    for _q in _qs:
        register_kl(_p, _q)(_infinite)
