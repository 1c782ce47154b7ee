"""Distributions over matrices."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions import constraints
from torchlite.distributions.beta import Beta
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.gamma import Chi2
from torchlite.distributions.multivariate_normal import FromFactor, log_diagonal
from torchlite.distributions.utils import broadcast_all

_TRIES = 10  # attempts to replace singular samples


class Wishart(FromFactor, ExponentialFamily):
    """``x^T x`` for x of `df` normal vectors (n) with mean 0; `df` need not be an integer.

    The covariance is given in one of three forms, as in `MultivariateNormal`.
    Raises: ValueError unless ``df > n - 1``; AssertionError unless one form is given.
    """

    support: Any = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure: Any = 0

    @property
    def arg_constraints(self) -> Any:
        """`df` is bounded by the size of the matrices."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(self, df: Any, covariance_matrix: Tensor | None = None,
                 precision_matrix: Tensor | None = None, scale_tril: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        forms = {
            "scale_tril": scale_tril, "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
        }  # fmt: skip
        given = {name: matrix for name, matrix in forms.items() if matrix is not None}
        if len(given) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        (matrix,) = given.values()
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading "
                             "batch dimensions")  # fmt: skip
        freedom = torch.as_tensor(df, dtype=matrix.dtype)
        batch_shape = Size(torch.broadcast_shapes(matrix.shape[:-2], freedom.shape))
        self.df = freedom.expand(batch_shape)
        n = matrix.shape[-1]
        if (self.df <= n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        if (self.df < n).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        ((name, _),) = given.items()
        self.__dict__[name] = matrix.expand(batch_shape + matrix.shape[-2:])
        Distribution.__init__(self, batch_shape, matrix.shape[-2:], validate_args)
        self._set_matrix(batch_shape, **given)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - torch.arange(n, dtype=matrix.dtype))

    def _expanded(self, name: str, value: Any, batch_shape: Size) -> Any:
        if name == "_dist_chi2":
            batch_shape = batch_shape + self.event_shape[:1]
        return super()._expanded(name, value, batch_shape)

    def _freedom(self) -> Tensor:
        """`df` (*, 1, 1)."""
        return self.df.reshape(self._batch_shape + (1, 1))

    @property
    def mean(self) -> Tensor:
        return self._freedom() * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        """NaN unless ``df > n + 1``."""
        factor = self._freedom() - self.event_shape[-1] - 1
        return torch.where(factor > 0, factor, math.nan) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._freedom() * (self.covariance_matrix.square() + products)

    def _bartlett(self, sample_shape: Any) -> Tensor:
        """Samples by the Bartlett decomposition, which may be singular due to rounding."""
        n = self.event_shape[-1]
        spread = self._dist_chi2.rsample(sample_shape).sqrt()
        spread = spread.clamp(min=torch.finfo(spread.dtype).eps)
        rows, columns = torch.tril_indices(n, n, -1)
        shape = self._extended_shape(sample_shape)
        noise = torch.randn(shape[:-2] + (n * (n - 1) // 2,), dtype=spread.dtype)
        flat = spread.new_zeros(shape[:-2] + (n * n,))
        places = (rows * n + columns).expand(noise.shape)
        below = flat.scatter(-1, places, noise).reshape(shape)
        factor = self._unbroadcasted_scale_tril @ (below + spread.diag_embed())
        return factor @ factor.mT

    def _singular(self, sample: Tensor) -> Tensor:
        """Which samples contain a matrix that is not positive definite: bool (*sample_shape)."""
        bad = ~self.support.check(sample)
        return bad.flatten(bad.dim() - len(self._batch_shape)).any(-1) if self._batch_shape else bad

    def rsample(self, sample_shape: Any = (),
                max_try_correction: int | None = None) -> Tensor:  # fmt: skip
        """Samples; singular ones are redrawn up to `max_try_correction` times (default 10)."""
        self._bartlett(sample_shape)  # PyTorch's stream: it redraws non-singular samples
        sample = self._bartlett(sample_shape)
        singular = self._singular(sample)
        if not singular.any():
            return sample
        warnings.warn("Singular sample detected.", stacklevel=2)
        for _ in range(_TRIES if max_try_correction is None else max_try_correction):
            shape = singular.shape + (1,) * (sample.dim() - singular.dim())
            sample = torch.where(singular.reshape(shape), self._bartlett(sample_shape), sample)
            singular = self._singular(sample)
            if not singular.any():
                break
        return sample

    def _half_log_det(self) -> Tensor:
        """Half of the log-determinant of twice the covariance."""
        n = self.event_shape[-1]
        return n * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril)

    def log_prob(self, value: Tensor) -> Tensor:
        value, n = self._checked(value), self.event_shape[-1]
        ratio = torch.cholesky_solve(value, self._unbroadcasted_scale_tril)
        trace = ratio.diagonal(dim1=-2, dim2=-1).sum(-1)
        log_det = torch.linalg.slogdet(value).logabsdet
        constant = self.df * self._half_log_det() + torch.mvlgamma(self.df / 2, n)
        return (self.df - n - 1) / 2 * log_det - trace / 2 - constant

    def entropy(self) -> Tensor:
        n, half = self.event_shape[-1], self.df / 2
        steps = half.unsqueeze(-1) - torch.arange(n, dtype=half.dtype) / 2
        slope = steps.digamma().sum(-1)  # of mvlgamma
        entropy = (n + 1) * self._half_log_det() + torch.mvlgamma(half, n)
        return entropy - (self.df - n - 1) / 2 * slope + half * n

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self.event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        n = self.event_shape[-1]
        half = y + (n + 1) / 2
        log_det = -torch.linalg.slogdet(-2 * x).logabsdet + math.log(2) * n
        return half * log_det + torch.mvlgamma(half, n)


class LKJCholesky(Distribution):
    """Lower Cholesky factors of correlation matrices (*, dim, dim).

    The density of a matrix is proportional to ``det**(concentration - 1)``: 1 is uniform. From the
    third row on, samples differ from PyTorch's, whose correlations there are too widely spread.
    Source: Lewandowski, Kurowicka and Joe 2009, "Generating random correlation matrices based on
    vines and extended onion method".
    Raises: ValueError for ``dim < 2``.
    """

    arg_constraints: Any = {"concentration": constraints.positive}
    support: Any = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        before = torch.arange(dim - 1, dtype=self.concentration.dtype)
        before = torch.cat([before.new_zeros((1,)), before]) / 2
        marginal = (self.concentration + (dim - 2) / 2).unsqueeze(-1)
        self._beta = Beta(before + 0.5, marginal - before)
        super().__init__(self.concentration.shape, Size((dim, dim)), validate_args)

    def _expanded(self, name: str, value: Any, batch_shape: Size) -> Any:
        return super()._expanded(
            name, value, batch_shape + (self.dim,) if name == "_beta" else batch_shape
        )

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with torch.no_grad():
            square = self._beta.sample(sample_shape).unsqueeze(-1)  # squared norms
            noise = torch.randn(self._extended_shape(sample_shape), dtype=square.dtype).tril(-1)
            length = torch.linalg.norm(noise, dim=-1, keepdim=True)
            rows = square.sqrt() * torch.where(length > 0, noise / length, 0.0)
            rest = (1 - rows.square().sum(-1)).clamp(min=torch.finfo(rows.dtype).tiny)
            return rows + rest.sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        diagonal = self._checked(value).diagonal(dim1=-1, dim2=-2)[..., 1:]
        steps = torch.arange(self.dim - 2, -1, -1, dtype=diagonal.dtype)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + steps
        n = self.dim - 1
        alpha = self.concentration + n / 2
        constant = n * math.log(math.pi) / 2 + torch.mvlgamma(alpha - 0.5, n) - n * alpha.lgamma()
        return (order * diagonal.log()).sum(-1) - constant


__all__ = ["LKJCholesky", "Wishart"]
