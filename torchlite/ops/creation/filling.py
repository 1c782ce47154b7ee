"""Filling tensors in place with random numbers: PyTorch's numbers for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import dtype
from torchlite.ops.core.inplace import assign, check_writable
from torchlite.ops.core.methods import method
from torchlite.ops.core.promotion import c_name, cast
from torchlite.ops.creation.conversion import is_contiguous
from torchlite.ops.creation.random import (
    check_chance,
    check_std,
    engine_of,
    float_kind,
    laid_out,
    normal_array,
    uniform_array,
)
from torchlite.random import Generator


def _fill(self: Tensor, draw: Callable[[tuple], Any]) -> Tensor:
    check_writable(self)
    return assign(self, cast(laid_out(self, lambda shape: wrap(draw(shape))), self.dtype))


@method()
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *,
             generator: Generator | None = None, **bounds: float) -> Tensor:  # fmt: skip
    """Fill with uniform numbers in [from, to)."""
    low = bounds.pop("from", from_)
    for label, bound in (("from", low), ("to", to)):
        if self.is_floating_point() and abs(bound) > dtypes.finfo(self.dtype).max:
            raise RuntimeError(f"{label} is out of bounds for {c_name(self.dtype, sized=True)}")
    if low > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={to:g}"
        )
    rng = engine_of(generator)
    return _fill(self, lambda shape: uniform_array(rng, shape, self.dtype, low, to))


@method()
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *,
            generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Fill with normal numbers."""
    check_std(std)
    rng = engine_of(generator)
    draw = normal_array if is_contiguous(self) else _normal_one_by_one
    return _fill(self, lambda shape: draw(rng, shape, self.dtype, mean, std))


def _normal_one_by_one(rng: Any, shape: tuple, kind: dtype, mean: float, std: float) -> Any:
    """Any number of normal numbers, drawn as PyTorch draws fewer than 16."""
    xp, count = local.mode.xp, math.prod(shape)
    runs = [min(15, count - i) for i in range(0, count, 15)] or [0]
    drawn = [normal_array(rng, (n,), kind, mean, std) for n in runs]
    return xp.reshape(xp.concatenate(drawn, 0), shape)


@method()
def random_(self: Tensor, from_: int | None = None, to: int | None = None, *,
            generator: Generator | None = None, **bounds: int) -> Tensor:  # fmt: skip
    """Fill with integers: any of the dtype, ``random_(to)`` or ``random_(from, to)``."""
    low, xp, rng = bounds.pop("from", from_), local.mode.xp, engine_of(generator)
    if low is None and to is None:
        return _fill(self, lambda shape: xp.random_bits(rng, shape, self.dtype))
    low, high = (0, low or 0) if to is None else (low or 0, to)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    return _fill(self, lambda shape: xp.random_integers(rng, shape, self.dtype, low, high))


@method()
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability `p` (a scalar or a tensor) and 0 otherwise."""
    xp, rng = local.mode.xp, engine_of(generator)
    if not isinstance(p, Tensor):
        check_chance(p)
        return _fill(self, lambda shape: xp.random_bernoulli(rng, p, shape))
    chance = p.detach().expand(self._data.shape).contiguous()._data
    check_chance(chance)
    check_writable(self)
    drawn = wrap(xp.random_bernoulli(rng, chance, self._data.shape))
    return assign(self, cast(drawn, self.dtype))


@method()
def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponentially distributed numbers of rate `lambd`."""
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    kind = float_kind("exponential", self.dtype)
    rng = engine_of(generator)
    return _fill(self, lambda shape: local.mode.xp.random_exponential(rng, shape, kind, lambd))


@method()
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials up to the first success, of probability `p` each."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    xp, rng, scale = local.mode.xp, engine_of(generator), math.log1p(-p)

    def draw(shape: tuple) -> Any:
        return xp.ceil(xp.div(xp.log(uniform_array(rng, shape, dtypes.float64)), scale))

    return _fill(self, draw)


@method()
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *,
                generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Fill with numbers whose logarithm has this mean and standard deviation."""
    if std <= 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    float_kind("log_normal_cpu", self.dtype)
    xp, rng = local.mode.xp, engine_of(generator)
    return _fill(
        self, lambda shape: xp.exp(_normal_one_by_one(rng, shape, dtypes.float64, mean, std))
    )


@method()
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *,
            generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Fill with numbers from the Cauchy distribution."""
    if sigma <= 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    float_kind("cauchy_cpu", self.dtype)
    xp, rng = local.mode.xp, engine_of(generator)

    def draw(shape: tuple) -> Any:
        angle = xp.mul(xp.sub(uniform_array(rng, shape, dtypes.float64), 0.5), math.pi)
        return xp.add(xp.mul(xp.tan(angle), sigma), median)

    return _fill(self, draw)
