"""Registries from constraints to transforms that map unconstrained values onto them.

`biject_to` finds bijections, for samplers; `transform_to`, transforms suited to optimizers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.distributions import constraints, transforms
from torchlite.distributions.constraints import Constraint


class ConstraintRegistry:
    """Maps constraint classes to functions that make a transform from a constraint."""

    def __init__(self) -> None:
        self._registry: dict[type, Callable] = {}

    def register(self, constraint: Any, factory: Callable | None = None) -> Any:
        """Register `factory` for the class of `constraint`; without `factory`, a decorator.

        Raises: TypeError if `constraint` is not a constraint.
        """
        if factory is None:
            return lambda function: self.register(constraint, function)
        kind = type(constraint) if isinstance(constraint, Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, Constraint):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{kind}"
            )
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: Constraint) -> transforms.Transform:
        """A transform onto `constraint`. Raises: NotImplementedError if none is registered."""
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints"
            ) from None
        return factory(constraint)


biject_to, transform_to = ConstraintRegistry(), ConstraintRegistry()


def _above(constraint: Any) -> transforms.Transform:
    shift = transforms.AffineTransform(constraint.lower_bound, 1)
    return transforms.ComposeTransform([transforms.ExpTransform(), shift])


def _below(constraint: Any) -> transforms.Transform:
    shift = transforms.AffineTransform(constraint.upper_bound, -1)
    return transforms.ComposeTransform([transforms.ExpTransform(), shift])


def _between(constraint: Any) -> transforms.Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    stretch = transforms.AffineTransform(low, high - low)
    return transforms.ComposeTransform([transforms.SigmoidTransform(), stretch])


def _always(transform: type) -> Callable:
    return lambda constraint: transform()


def _register_combinations(registry: ConstraintRegistry) -> None:
    registry.register(
        constraints.independent,
        lambda c: transforms.IndependentTransform(
            registry(c.base_constraint), c.reinterpreted_batch_ndims
        ),
    )
    registry.register(
        constraints.cat,
        lambda c: transforms.CatTransform([registry(part) for part in c.cseq], c.dim, c.lengths),
    )
    registry.register(
        constraints.stack,
        lambda c: transforms.StackTransform([registry(part) for part in c.cseq], c.dim),
    )


for _registry in (biject_to, transform_to):
    _registry.register(constraints.real, lambda c: transforms.identity_transform)
    _registry.register(constraints.greater_than, _above)
    _registry.register(constraints.greater_than_eq, _above)
    _registry.register(constraints.less_than, _below)
    _registry.register(constraints.interval, _between)
    _registry.register(constraints.half_open_interval, _between)
    _registry.register(constraints.corr_cholesky, _always(transforms.CorrCholeskyTransform))
    _register_combinations(_registry)
biject_to.register(constraints.simplex, _always(transforms.StickBreakingTransform))
transform_to.register(constraints.simplex, _always(transforms.SoftmaxTransform))
transform_to.register(constraints.lower_cholesky, _always(transforms.LowerCholeskyTransform))
for _set in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_set, _always(transforms.PositiveDefiniteTransform))

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]
