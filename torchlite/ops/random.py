"""Random tensors: new ones, and filling in place; PyTorch's numbers for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, wrap
from torchlite.backends.registry import local
from torchlite.dtypes import FLOAT, dtype
from torchlite.ops.creation import empty_like, size_of
from torchlite.ops.family import operation, refuse, write_out
from torchlite.ops.inplace import assign, check_writable
from torchlite.ops.promotion import cast
from torchlite.random import Generator, default_generator


def engine_of(generator: Generator | None) -> Any:
    """The state that the backend's random primitives draw from."""
    return (generator or default_generator).engine


def _finished(data: Any, out: Tensor | None, requires_grad: bool) -> Tensor:
    result = wrap(data)
    if out is not None:
        return write_out("random", out, result)
    return result.requires_grad_() if requires_grad else result


def _float_kind(name: str, kind: dtype | None) -> dtype:
    kind = kind or dtypes.get_default_dtype()
    if kind.category < FLOAT:
        raise refuse(name, kind)
    return kind


def rand(*size: Any, generator: Generator | None = None, out: Tensor | None = None,
         dtype: dtype | None = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1)."""
    kind = _float_kind("check_uniform_bounds", dtype)
    data = local.mode.xp.random_uniform(engine_of(generator), size_of(size), kind, 0.0, 1.0)
    return _finished(data, out, requires_grad)


def randn(*size: Any, generator: Generator | None = None, out: Tensor | None = None,
          dtype: dtype | None = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Standard normal numbers."""
    kind = _float_kind("normal_kernel_cpu", dtype)
    data = local.mode.xp.random_normal(engine_of(generator), size_of(size), kind, 0.0, 1.0)
    return _finished(data, out, requires_grad)


def randint(low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None,
            out: Tensor | None = None, dtype: dtype | None = None, layout: Any = None,
            device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Integers ``low <= n < high``: ``randint(high, size)`` or ``randint(low, high, size)``."""
    if size is None:
        low, high, size = 0, low, high
    if high is None or isinstance(high, (tuple, list)):
        low, high = 0, low
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= "
                           f"to={high}")  # fmt: skip
    shape = size_of((tuple(size),))
    kind = dtype or dtypes.int64
    data = local.mode.xp.random_integers(engine_of(generator), shape, kind, low, high)
    return _finished(data, out, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, out: Tensor | None = None,
             dtype: dtype = dtypes.int64, layout: Any = None, device: Any = None,
             requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A random permutation of 0 .. n - 1."""
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    result = wrap(local.mode.xp.random_permutation(engine_of(generator), n))
    return _finished(cast(result, dtype)._data, out, requires_grad)


def _like(make: Callable) -> Callable:
    def like(input: Tensor, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False, memory_format: Any = None,
             generator: Generator | None = None) -> Tensor:  # fmt: skip
        return make(input._data.shape, dtype=dtype or input.dtype, requires_grad=requires_grad,
                    generator=generator)  # fmt: skip

    like.__name__ = f"{make.__name__}_like"
    like.__doc__ = f"`{make.__name__}` in the shape and, by default, the dtype of `input`."
    return like


rand_like, randn_like = _like(rand), _like(randn)


def randint_like(input: Tensor, low: int, high: int | None = None, *, dtype: dtype | None = None,
                 layout: Any = None, device: Any = None, requires_grad: bool = False,
                 memory_format: Any = None) -> Tensor:  # fmt: skip
    """`randint` in the shape and, by default, the dtype of `input`."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input._data.shape, dtype=dtype or input.dtype,
                   requires_grad=requires_grad)  # fmt: skip


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *,
           generator: Generator | None = None, out: Tensor | None = None,
           dtype: dtype | None = None) -> Tensor:  # fmt: skip
    """Normal numbers; `mean` and `std` are numbers (then with `size`) or tensors of one each."""
    if size is not None:
        result = randn(size, generator=generator, dtype=dtype)
    else:
        shape = (mean + std * 0 if isinstance(mean, Tensor) else std + mean * 0)._data.shape
        like = mean if isinstance(mean, Tensor) else std
        result = randn(shape, generator=generator, dtype=like.dtype)
    if isinstance(std, Tensor) and bool((std < 0).any()):
        raise RuntimeError("normal expects all elements of std >= 0.0")
    result = result * std + mean
    return result if out is None else write_out("normal", out, result)


@operation
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """1 with probability `input` (or `p`) and 0 otherwise, in the dtype of `input`."""
    if input.dtype.category < FLOAT and p is None:
        raise refuse("bernoulli_tensor_cpu_self_", input.dtype)
    chance = input._data if p is None else p
    drawn = local.mode.xp.random_bernoulli(engine_of(generator), chance, input._data.shape)
    result = cast(wrap(drawn), input.dtype)
    if input._needs_grad:
        result = result + input * 0
    return result if out is None else write_out("bernoulli", out, result)


@operation
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Generator | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`num_samples` int64 indices from each row of weights (n) or (m, n), which need not sum to 1.

    Raises: RuntimeError for weights that are negative, infinite or all zero, and for more samples
    than there are weights, without replacement.
    """
    weights = input.detach()
    _check_weights(weights, num_samples, replacement)
    if not replacement or num_samples == 1:
        noise = empty_like(weights).exponential_(1, generator=generator)
        result = (weights / noise).topk(num_samples, dim=-1).indices
    else:
        cumulative = (weights / weights.sum(-1, keepdim=True)).cumsum(-1)
        shape = (*weights.shape[:-1], num_samples)
        draws = rand(shape, generator=generator, dtype=dtypes.float64)
        places = local.mode.xp.searchsorted(cumulative.double()._data, draws._data, False)
        result = wrap(local.mode.xp.minimum(places, weights.shape[-1] - 1))
    return result if out is None else write_out("multinomial", out, result)


def _check_weights(weights: Tensor, num_samples: int, replacement: bool) -> None:
    if weights.dtype.category != FLOAT:
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: "
            f"{weights.dtype.legacy}"
        )
    if not 1 <= weights._data.ndim <= 2:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not bool((weights.isfinite() & (weights >= 0)).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if bool((weights.sum(-1) == 0).any()):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


# --- filling in place ---------------------------------------------------------------------------


def _fill(self: Tensor, data: Any) -> Tensor:
    check_writable(self)
    return assign(self, wrap(data))


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *,
             generator: Generator | None = None, **bounds: float) -> Tensor:  # fmt: skip
    """Fill with uniform numbers in [from, to)."""
    low = bounds.pop("from", from_)
    if low > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={to:g}"
        )
    kind = _float_kind("check_uniform_bounds", self.dtype)
    rng = engine_of(generator)
    return _fill(self, local.mode.xp.random_uniform(rng, self._data.shape, kind, low, to))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *,
            generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Fill with normal numbers."""
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    kind = _float_kind("normal_kernel_cpu", self.dtype)
    rng = engine_of(generator)
    return _fill(self, local.mode.xp.random_normal(rng, self._data.shape, kind, mean, std))


def random_(self: Tensor, from_: int | None = None, to: int | None = None, *,
            generator: Generator | None = None, **bounds: int) -> Tensor:  # fmt: skip
    """Fill with integers: ``random_()`` of the whole range, ``random_(to)``, ``random_(from, to)``."""
    low, xp, rng = bounds.pop("from", from_), local.mode.xp, engine_of(generator)
    if low is None and to is None:
        return _fill(self, xp.random_bits(rng, self._data.shape, self.dtype))
    low, high = (0, low) if to is None else (low or 0, to)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    return _fill(self, xp.random_integers(rng, self._data.shape, self.dtype, low, high))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability `p` (a number or a tensor) and 0 otherwise."""
    chance = p._data if isinstance(p, Tensor) else p
    drawn = local.mode.xp.random_bernoulli(engine_of(generator), chance, self._data.shape)
    return _fill(self, cast(wrap(drawn), self.dtype)._data)


def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponentially distributed numbers of rate `lambd`."""
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    kind = _float_kind("exponential", self.dtype)
    rng = engine_of(generator)
    return _fill(self, local.mode.xp.random_exponential(rng, self._data.shape, kind, lambd))


#: In-place methods that `torchlite.ops.methods` attaches.
FILLERS = {
    f.__name__: f for f in (uniform_, normal_, random_, bernoulli_, exponential_)
}  # fmt: skip

__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like",
    "randn", "randn_like", "randperm",
]  # fmt: skip
