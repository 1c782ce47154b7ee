"""Kullback-Leibler divergences: their lookup, and those within one family.

Those between families are in `kl_between`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.distributions.bernoulli import Bernoulli, ContinuousBernoulli, Geometric
from torchlite.distributions.beta import Beta
from torchlite.distributions.binomial import Binomial, Poisson
from torchlite.distributions.categorical import Categorical, OneHotCategorical
from torchlite.distributions.cauchy import Cauchy
from torchlite.distributions.dirichlet import Dirichlet
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.exponential import Exponential, Pareto
from torchlite.distributions.gamma import Gamma
from torchlite.distributions.independent import Independent
from torchlite.distributions.laplace import Laplace
from torchlite.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
    log_diagonal,
)
from torchlite.distributions.normal import HalfNormal, Normal
from torchlite.distributions.transformed_distribution import TransformedDistribution
from torchlite.distributions.uniform import Uniform
from torchlite.distributions.utils import sum_rightmost
from torchlite.nn.functional import logsigmoid

_registry: dict[tuple[type, type], Callable] = {}


def register_kl(type_p: type, type_q: type) -> Callable:
    """Decorator that registers a function as ``kl_divergence(p, q)`` for these classes.

    It applies to subclasses too, unless a more specific one is registered. Raises: TypeError if a
    class is not a subclass of `Distribution`.
    """
    for kind, name in ((type_p, "type_p"), (type_q, "type_q")):
        if not isinstance(kind, type) or not issubclass(kind, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def register(function: Callable) -> Callable:
        _registry[type_p, type_q] = function
        return function

    return register


def _find(type_p: type, type_q: type) -> Callable | None:
    """The most specific function, for p first; warns if another is more specific for q."""
    fitting = {
        (type_p.__mro__.index(p), type_q.__mro__.index(q)): function
        for (p, q), function in _registry.items()
        if issubclass(type_p, p) and issubclass(type_q, q)
    }
    if not fitting:
        return None
    by_p, by_q = fitting[min(fitting)], fitting[min(fitting, key=lambda far: far[::-1])]
    if by_p is not by_q:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            "Please register_kl for the two classes themselves.",
            RuntimeWarning,
            stacklevel=3,
        )
    return by_p


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The expectation under p of ``log p - log q``, for each batch element.

    Raises: NotImplementedError if no function is registered for the classes of `p` and `q`.
    """
    function = _find(type(p), type(q))
    if function is None:
        raise NotImplementedError(
            "No KL(p || q) is implemented for p type "
            f"{type(p).__name__} and q type {type(q).__name__}"
        )
    return function(p, q)


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_families(p: Any, q: Any) -> Tensor:
    """The Bregman divergence of the log normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    theta_p = [t.detach().requires_grad_() for t in p._natural_params]
    normalizer = p._log_normalizer(*theta_p)
    slopes = torch.autograd.grad(normalizer.sum(), theta_p, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for own, other, slope in zip(theta_p, q._natural_params, slopes):
        term = (other - own) * slope
        result = result - sum_rightmost(term, len(q.event_shape))
    return result


@register_kl(Independent, Independent)
def _independents(p: Any, q: Any) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


# --- discrete distributions -------------------------------------------------------------------


def _with_zeros(term: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """An outcome's `term`: infinite where only q excludes the outcome, 0 where p does."""
    return torch.where(p == 0, 0.0, torch.where(q == 0, torch.inf, term))


@register_kl(Bernoulli, Bernoulli)
def _bernoullis(p: Any, q: Any) -> Tensor:
    one = p.probs * (logsigmoid(p.logits) - logsigmoid(q.logits))
    zero = (1 - p.probs) * (logsigmoid(-p.logits) - logsigmoid(-q.logits))
    return _with_zeros(one, p.probs, q.probs) + _with_zeros(zero, 1 - p.probs, 1 - q.probs)


@register_kl(Binomial, Binomial)
def _binomials(p: Any, q: Any) -> Tensor:
    divergence = p.total_count * _bernoullis(p, q)
    return torch.where(p.total_count > q.total_count, torch.inf, divergence)


@register_kl(Geometric, Geometric)
def _geometrics(p: Any, q: Any) -> Tensor:
    failures = (1 / p.probs - 1) * ((-p.probs).log1p() - (-q.probs).log1p())
    return failures + p.probs.log() - q.probs.log()


@register_kl(Categorical, Categorical)
def _categoricals(p: Any, q: Any) -> Tensor:
    return _with_zeros(p.probs * (p.logits - q.logits), p.probs, q.probs).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hots(p: Any, q: Any) -> Tensor:
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Poisson, Poisson)
def _poissons(p: Any, q: Any) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


# --- continuous distributions -----------------------------------------------------------------


@register_kl(Beta, Beta)
def _betas(p: Any, q: Any) -> Tensor:
    return kl_divergence(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _dirichlets(p: Any, q: Any) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1, keepdim=True)
    parts = b.lgamma() - a.lgamma() + (a - b) * (a.digamma() - total.digamma())
    return parts.sum(-1) + a.sum(-1).lgamma() - b.sum(-1).lgamma()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoullis(p: Any, q: Any) -> Tensor:
    zero = (-p.probs).log1p() - (-q.probs).log1p()
    return p.mean * (p.logits - q.logits) + p._log_constant() - q._log_constant() + zero


@register_kl(Cauchy, Cauchy)
def _cauchys(p: Any, q: Any) -> Tensor:
    """Chyzak and Nielsen 2019, https://arxiv.org/abs/1905.10965"""
    distance = (p.scale + q.scale).square() + (p.loc - q.loc).square()
    return distance.log() - (4 * p.scale * q.scale).log()


@register_kl(Exponential, Exponential)
def _exponentials(p: Any, q: Any) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(Gamma, Gamma)
def _gammas(p: Any, q: Any) -> Tensor:
    a, b = p.concentration, q.concentration
    ratio = q.rate / p.rate
    return (a - b) * a.digamma() + b.lgamma() - a.lgamma() - b * ratio.log() + a * (ratio - 1)


@register_kl(HalfNormal, HalfNormal)
def _half_normals(p: Any, q: Any) -> Tensor:
    return _normals(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplaces(p: Any, q: Any) -> Tensor:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return distance / q.scale + ratio * (-distance / p.scale).exp() - ratio.log() - 1


@register_kl(Normal, Normal)
def _normals(p: Any, q: Any) -> Tensor:
    ratio = (p.scale / q.scale).square()
    return (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log()) / 2


@register_kl(Pareto, Pareto)
def _paretos(p: Any, q: Any) -> Tensor:
    ratio = q.alpha / p.alpha
    divergence = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return torch.where(p.scale < q.scale, torch.inf, divergence)


@register_kl(Uniform, Uniform)
def _uniforms(p: Any, q: Any) -> Tensor:
    divergence = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), torch.inf, divergence)


# --- multivariate normals ---------------------------------------------------------------------


def _root(p: Any) -> Tensor:
    """A matrix A such that ``A A^T`` is the covariance."""
    if isinstance(p, MultivariateNormal):
        return p._unbroadcasted_scale_tril
    return torch.cat([p.cov_factor, p.cov_diag.sqrt().diag_embed()], -1)


def _weighed(q: Any, a: Tensor) -> Tensor:
    """The trace of ``a^T C^-1 a`` for the covariance C of q and a (*, n, k)."""
    if isinstance(q, MultivariateNormal):
        solved = torch.linalg.solve_triangular(q.scale_tril, a, upper=False)
        return solved.square().sum((-2, -1))
    scaled = a / q.cov_diag.unsqueeze(-1)
    inner = torch.linalg.solve_triangular(
        q._capacitance_tril, q.cov_factor.mT @ scaled, upper=False
    )
    return (a * scaled).sum((-2, -1)) - inner.square().sum((-2, -1))


def _half_log_det(p: Any) -> Tensor:
    if isinstance(p, MultivariateNormal):
        return log_diagonal(p._unbroadcasted_scale_tril)
    return p._half_log_det()


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _normal_vectors(p: Any, q: Any) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {type(p).__name__} with different event shapes cannot be "
            "computed"
        )
    distance = _weighed(q, _root(p)) + _weighed(q, (q.loc - p.loc).unsqueeze(-1))
    return _half_log_det(q) - _half_log_det(p) + (distance - p.event_shape[0]) / 2


__all__ = ["kl_divergence", "register_kl"]
