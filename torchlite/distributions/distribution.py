"""The base classes of all distributions."""

from __future__ import annotations

import warnings
from typing import Any

import torchlite as torch
from torchlite import Size, Tensor
from torchlite.distributions.constraints import Constraint, is_dependent
from torchlite.distributions.utils import broadcast_all, lazy_property


class Distribution:
    """A probability distribution: a batch of independent ones over events of the same shape.

    Samples have shape ``sample_shape + batch_shape + event_shape``; `log_prob` and `entropy` have
    no event dimensions. Parameters are checked against `arg_constraints`, and values against
    `support`, unless ``validate_args=False``.

    Raises: ValueError for parameters that violate their constraint.
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args: bool = __debug__
    _batch_shape: Size
    _event_shape: Size

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Set the default of `validate_args`. Initially True (unless Python runs with -O)."""
        if value not in [True, False]:
            raise ValueError
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Size = Size(),  # noqa: B008  it is immutable
        event_shape: Size = Size(),  # noqa: B008
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        try:
            arg_constraints = self.arg_constraints
        except NotImplementedError:
            arg_constraints = {}
            warnings.warn(
                f"{self.__class__} does not define `arg_constraints`. Please set `arg_constraints "
                "= {}` or initialize the distribution with `validate_args=False` to turn off "
                "validation.",
                stacklevel=4,
            )
        for name, constraint in arg_constraints.items():
            lazy = isinstance(getattr(type(self), name, None), lazy_property)
            if is_dependent(constraint) or (lazy and name not in self.__dict__):
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _set(self, validate_args: bool | None, **parameters: Any) -> None:
        """Store scalar parameters, broadcast; initialise with their shape as the batch shape."""
        self.__dict__.update(zip(parameters, broadcast_all(*parameters.values())))
        shape = self.__dict__[next(iter(parameters))].shape
        Distribution.__init__(self, shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters expanded to `batch_shape`, without copying memory.

        `_instance`: an object to fill, passed by subclasses with a custom ``__init__``.
        """
        new = self._get_checked_instance(self._library_class(), _instance)
        batch_shape = Size(batch_shape)
        for name, value in self.__dict__.items():
            new.__dict__[name] = self._expanded(name, value, batch_shape)
        new._batch_shape = batch_shape
        return new

    def _expanded(self, name: str, value: Any, batch_shape: Size) -> Any:
        """The attribute `name` of an expanded distribution."""
        if isinstance(value, Distribution):
            return value.expand(batch_shape)
        constraint = self.arg_constraints.get(name)
        if constraint is None:
            return value
        return value.expand(batch_shape + value.shape[value.dim() - constraint.event_dim :])

    def _library_class(self) -> type:
        return next(c for c in type(self).__mro__ if c.__module__.startswith(__package__))

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        if _instance is not None:
            return _instance
        if type(self).__init__ is not cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ "
                "method must also define a custom .expand() method."
            )
        return self.__new__(type(self))

    @property
    def batch_shape(self) -> Size:
        """The shape over which parameters are batched."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one event."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, Constraint]:
        """The constraint on each parameter, by name."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The constraint that describes the support."""
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Random samples, detached from the graph."""
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Reparameterised random samples, differentiable with respect to the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """`n` samples; deprecated, as in PyTorch."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.",
            FutureWarning,
            stacklevel=2,
        )
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density, or log probability, at `value`."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The cumulative distribution function at `value`."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values along a new first dimension; with `expand`, expanded over the batch shape."""
        raise NotImplementedError

    def _enumerated(self, values: Tensor, expand: bool) -> Tensor:
        """Scalar `values` (n) in the form that `enumerate_support` returns."""
        values = values.reshape((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values

    def entropy(self) -> Tensor:
        """The entropy, in nats."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """``e**entropy``."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """The shape of samples."""
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def _validate_sample(self, value: Tensor) -> None:
        """Check a value's shape against that of samples, and its elements against the support.

        Raises: ValueError.
        """
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        actual, expected = value.shape, self._batch_shape + self._event_shape
        if actual[len(actual) - len(self._event_shape) :] != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {actual} vs "
                f"{self._event_shape}."
            )
        for i, j in zip(reversed(actual), reversed(expected)):
            if i != 1 and j != 1 and i != j:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{actual} vs {expected}."
                )
        self._check_support(value)

    def _check_support(self, value: Tensor) -> None:
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
            return
        if not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def _checked(self, value: Tensor) -> Tensor:
        """`value`, validated if validation is on."""
        if self._validate_args:
            self._validate_sample(value)
        return value

    def __repr__(self) -> str:
        known = {k: self.__dict__[k] for k in self.arg_constraints if k in self.__dict__}
        parts = (f"{k}: {v if v.numel() == 1 else v.shape}" for k, v in known.items())
        return f"{type(self).__name__}({', '.join(parts)})"


class ExponentialFamily(Distribution):
    """Densities ``exp(t(x) . theta - F(theta) + k(x))``, theta being the natural parameters.

    Entropies and divergences are computed from the gradients of F (Nielsen and Nock 2010,
    "Entropies and cross-entropies of exponential families").
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> float:
        """The mean of k(x)."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy, from the gradients of the log normalizer."""
        theta = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*theta)
        slopes: Any = torch.autograd.grad(normalizer.sum(), theta, create_graph=True)
        result = -self._mean_carrier_measure + normalizer
        for parameter, slope in zip(theta, slopes):
            product = parameter * slope
            result = result - product.reshape(self._batch_shape + (-1,)).sum(-1)
        return result


__all__ = ["Distribution", "ExponentialFamily"]
