"""Random numbers with parameters per element; PyTorch's numbers for the same seed."""

from __future__ import annotations

from typing import Any

from torchlite.backends.registry import local
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT, float32, float64
from torchlite.ops.core.family import functional, not_a_tensor, refuse
from torchlite.ops.core.op import declare
from torchlite.ops.creation.random import engine_of
from torchlite.random import Generator


def _no_rule(name: str) -> Any:
    def rule(xp: Any, g: Any, needs: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return rule


def _gamma_input(xp: Any, g: Any, order: Any, out: Any) -> Any:
    return xp.mul(g, xp.standard_gamma_grad(order, out))


def _dirichlet_order(xp: Any, g: Any, order: Any, out: Any) -> Any:
    shape = tuple(order.shape)
    last = len(shape) - 1
    total = xp.broadcast_to(xp.sum(order, last, True), shape)
    centred = xp.sub(g, xp.sum(xp.mul(out, g), last, True))
    return xp.mul(xp.dirichlet_grad(out, order, total), centred)


_gamma = declare("random_gamma", order=_gamma_input, title="StandardGamma")
_poisson = declare("random_poisson", rate=lambda xp, g: xp.mul(g, 0), title="Poisson")
_binomial = declare("random_binomial", joint=_no_rule("binomial"))
_dirichlet = declare("random_dirichlet", order=_dirichlet_order, title="Dirichlet")
declare("standard_gamma_grad", joint=_no_rule("_standard_gamma_grad"))
declare("dirichlet_grad", joint=_no_rule("_dirichlet_grad"))


@functional
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson-distributed counts with rates `input`, in its shape and dtype.

    The gradient is 0. Raises: RuntimeError for negative rates.
    """
    if input.dtype.category != FLOAT:
        raise refuse("poisson_cpu", input.dtype)
    if local.mode.xp.any_true((input < 0)._data):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return _poisson(engine_of(generator), input)


@functional
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """The number of successes in `count` trials of probability `prob`; the two broadcast.

    Raises: ValueError for integers; RuntimeError if the dtypes differ.
    """
    for value, position, name in ((count, 1, "count"), (prob, 2, "prob")):
        if not isinstance(value, Tensor):
            raise not_a_tensor("binomial", position, name, value)
        if value.dtype.category != FLOAT:
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: "
                f"{value.dtype.legacy}"
            )
    if count.dtype is not prob.dtype:
        raise RuntimeError(f"Found dtype {prob.dtype.legacy} but expected {count.dtype.legacy}")
    shape = broadcast_shapes(count.shape, prob.shape)
    return _binomial(engine_of(generator), count.expand(shape), prob.expand(shape))


def _check_single_or_double(name: str, input: Tensor) -> None:
    if input.dtype not in (float32, float64):
        raise refuse(name, input.dtype)


@functional
def _standard_gamma(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Samples from gamma distributions of order `self` and rate 1, differentiable.

    Negative and NaN orders give NaN.
    """
    _check_single_or_double("gamma_cpu", self)
    return _gamma(engine_of(generator), self)


@functional
def _sample_dirichlet(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Samples from Dirichlet distributions of concentrations `self` (*, n), differentiable."""
    _check_single_or_double("dirichlet", self)
    return _dirichlet(engine_of(generator), self)


__all__ = ["_sample_dirichlet", "_standard_gamma", "binomial", "poisson"]
