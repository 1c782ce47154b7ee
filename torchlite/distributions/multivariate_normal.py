"""Multivariate normal distributions."""

from __future__ import annotations

import math
from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions import constraints
from torchlite.distributions.distribution import Distribution
from torchlite.distributions.utils import lazy_property

_LOG_2PI = math.log(2 * math.pi)


def tril_of_precision(precision: Tensor) -> Tensor:
    """The Cholesky factor of the inverse of a matrix, without inverting it.

    If L is the factor of the matrix with rows and columns reversed, this is the inverse of L's
    transpose, reversed in the same way.
    """
    reversed_factor = torch.linalg.cholesky(precision.flip(-2, -1))
    factor = reversed_factor.flip(-2, -1).mT
    identity = torch.eye(precision.shape[-1], dtype=precision.dtype)
    return torch.linalg.solve_triangular(factor, identity, upper=False)


def log_diagonal(factor: Tensor) -> Tensor:
    """Half of the log-determinant of ``factor @ factor.T``."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def mahalanobis(factor: Tensor, x: Tensor) -> Tensor:
    """``x^T (L L^T)^-1 x`` for a lower triangular factor L (*, n, n) and x (*, n)."""
    solved = torch.linalg.solve_triangular(factor, x.unsqueeze(-1), upper=False)
    return solved.square().sum((-2, -1))


class FromFactor(Distribution):
    """Stores the Cholesky factor L of a covariance matrix and derives other matrices from it."""

    _unbroadcasted_scale_tril: Tensor

    def _full(self, matrix: Tensor) -> Tensor:
        n = matrix.shape[-1]
        return matrix.expand(self._batch_shape + (n, n))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """L."""
        return self._full(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """``L L^T``."""
        factor = self._unbroadcasted_scale_tril
        return self._full(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        return self._full(torch.cholesky_inverse(self._unbroadcasted_scale_tril))

    def _set_matrix(self, batch_shape: Size, **given: Tensor | None) -> None:
        """Store the one given matrix, and its factor."""
        name, matrix = next((n, m) for n, m in given.items() if m is not None)
        self.__dict__[name] = matrix.expand(batch_shape + matrix.shape[-2:])
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = torch.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = tril_of_precision(matrix)


class MultivariateNormal(FromFactor):
    """Normal vectors (*, n) with mean `loc` and a covariance given in one of three forms.

    Raises: ValueError unless exactly one of `covariance_matrix`, `precision_matrix` (its inverse)
    and `scale_tril` (its Cholesky factor) is given, or for too few dimensions.
    """

    arg_constraints: Any = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, covariance_matrix: Tensor | None = None,
                 precision_matrix: Tensor | None = None, scale_tril: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        forms = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }  # fmt: skip
        given = {name: matrix for name, matrix in forms.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = Size(torch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.loc = loc.expand(batch_shape + loc.shape[-1:])
        self.__dict__[name] = matrix.expand(batch_shape + matrix.shape[-2:])
        Distribution.__init__(self, batch_shape, loc.shape[-1:], validate_args)
        self._set_matrix(batch_shape, **given)

    mean = property(lambda self: self.loc)
    mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        variance = self._unbroadcasted_scale_tril.square().sum(-1)
        return variance.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        noise = torch.randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + (self._unbroadcasted_scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        factor = self._unbroadcasted_scale_tril
        distance = mahalanobis(factor, self._checked(value) - self.loc)
        return -(self.event_shape[0] * _LOG_2PI + distance) / 2 - log_diagonal(factor)

    def entropy(self) -> Tensor:
        entropy = self.event_shape[0] * (1 + _LOG_2PI) / 2
        return (entropy + log_diagonal(self._unbroadcasted_scale_tril)).expand(self._batch_shape)


class LowRankMultivariateNormal(Distribution):
    """Normal vectors (*, n) with covariance ``W W^T + D``.

    W is `cov_factor` (*, n, m) and D the diagonal matrix of `cov_diag` (*, n); the Woodbury
    identity solves in O(n m**2). Raises: ValueError for incompatible shapes.
    """

    arg_constraints: Any = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        batch_shape = _fitting(loc, cov_factor, cov_diag)
        self.loc = loc.expand(batch_shape + loc.shape[-1:])
        self.cov_diag = cov_diag.expand(batch_shape + loc.shape[-1:])
        self.cov_factor = cov_factor.expand(batch_shape + cov_factor.shape[-2:])
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        scaled = cov_factor.mT / cov_diag.unsqueeze(-2)  # W^T D^-1
        identity = torch.eye(cov_factor.shape[-1], dtype=cov_factor.dtype)
        self._capacitance_tril = torch.linalg.cholesky(identity + scaled @ cov_factor)
        super().__init__(batch_shape, loc.shape[-1:], validate_args=validate_args)

    mean = property(lambda self: self.loc)
    mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self) -> Tensor:  # type: ignore[override]
        variance = self._unbroadcasted_cov_factor.square().sum(-1) + self._unbroadcasted_cov_diag
        return variance.expand(self._batch_shape + self._event_shape)

    @property
    def covariance_matrix(self) -> Tensor:
        """``W W^T + D``."""
        return self.cov_factor @ self.cov_factor.mT + self.cov_diag.diag_embed()

    @property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance matrix."""
        return torch.linalg.cholesky(self.covariance_matrix)

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        scaled = self.cov_factor.mT / self.cov_diag.unsqueeze(-2)
        part = torch.linalg.solve_triangular(self._capacitance_tril, scaled, upper=False)
        return self.cov_diag.reciprocal().diag_embed() - part.mT @ part

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        common = torch.randn(shape[:-1] + self.cov_factor.shape[-1:], dtype=self.loc.dtype)
        own = torch.randn(shape, dtype=self.loc.dtype)
        spread = (self._unbroadcasted_cov_factor @ common.unsqueeze(-1)).squeeze(-1)
        return self.loc + spread + self._unbroadcasted_cov_diag.sqrt() * own

    def _half_log_det(self) -> Tensor:
        return log_diagonal(self._capacitance_tril) + self._unbroadcasted_cov_diag.log().sum(-1) / 2

    def log_prob(self, value: Tensor) -> Tensor:
        difference = self._checked(value) - self.loc
        scaled = difference / self._unbroadcasted_cov_diag
        inner = (self._unbroadcasted_cov_factor.mT @ scaled.unsqueeze(-1)).squeeze(-1)
        distance = (difference * scaled).sum(-1) - mahalanobis(self._capacitance_tril, inner)
        return -(self.event_shape[0] * _LOG_2PI + distance) / 2 - self._half_log_det()

    def entropy(self) -> Tensor:
        entropy = self.event_shape[0] * (1 + _LOG_2PI) / 2 + self._half_log_det()
        return entropy.expand(self._batch_shape)


def _fitting(loc: Tensor, cov_factor: Tensor, cov_diag: Tensor) -> Size:
    """The batch shape of the three. Raises: ValueError for incompatible shapes."""
    if loc.dim() < 1:
        raise ValueError("loc must be at least one-dimensional.")
    n = loc.shape[-1:]
    if cov_factor.dim() < 2:
        raise ValueError("cov_factor must be at least two-dimensional, with optional leading "
                         "batch dimensions")  # fmt: skip
    if cov_factor.shape[-2:-1] != n:
        raise ValueError(f"cov_factor must be a batch of matrices with shape {n[0]} x m")
    if cov_diag.shape[-1:] != n:
        raise ValueError(f"cov_diag must be a batch of vectors with shape {n}")
    shapes = loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]
    try:
        return Size(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        raise ValueError(
            f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
            f"cov_diag {cov_diag.shape}"
        ) from None


__all__ = ["LowRankMultivariateNormal", "MultivariateNormal"]
