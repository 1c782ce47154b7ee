"""Random tensors: PyTorch's numbers for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.device import check_device
from torchlite.core.overrides import taken_over
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX, FLOAT, dtype
from torchlite.ops.core.family import operation, refuse, write_out
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.conversion import is_contiguous
from torchlite.ops.creation.factories import empty_like, size_of
from torchlite.random import Generator, default_generator


def engine_of(generator: Generator | None) -> Any:
    """The state that the backend's random primitives draw from."""
    if generator is None:
        return default_generator.engine
    if not isinstance(generator, Generator):
        raise TypeError(
            f"argument 'generator' must be torch.Generator, not {type(generator).__name__}"
        )
    return generator.engine


def uniform_array(rng: Any, shape: tuple, kind: dtype, low: float = 0.0, high: float = 1.0) -> Any:
    if kind.category == COMPLEX:
        return _complex(uniform_array(rng, (*shape, 2), kind.to_real(), low, high), shape, kind)
    if kind.category < FLOAT:
        raise refuse("check_uniform_bounds", kind)
    return local.mode.xp.random_uniform(rng, shape, kind, low, high)


def normal_array(rng: Any, shape: tuple, kind: dtype, mean: float = 0.0, std: float = 1.0) -> Any:
    if kind.category == COMPLEX:  # each part has half the variance
        std *= math.sqrt(0.5)
        return _complex(normal_array(rng, (*shape, 2), kind.to_real(), mean, std), shape, kind)
    if kind.category < FLOAT:
        raise refuse("normal_kernel_cpu", kind)
    return local.mode.xp.random_normal(rng, shape, kind, mean, std)


def _complex(pairs: Any, shape: tuple, kind: dtype) -> Any:
    xp = local.mode.xp
    return xp.reshape(xp.view_dtype(pairs, kind), shape)


def _finished(data: Any, out: Tensor | None, requires_grad: bool) -> Tensor:
    result = wrap(data)
    if out is not None:
        return write_out("random", out, result)
    return result.requires_grad_() if requires_grad else result


def float_kind(name: str, kind: dtype) -> dtype:
    if kind.category != FLOAT:
        raise refuse(name, kind)
    return kind


@taken_over
def rand(*size: Any, generator: Generator | None = None, out: Tensor | None = None,
         dtype: dtype | None = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1)."""
    check_device(device)
    kind = dtype or dtypes.get_default_dtype()
    data = uniform_array(engine_of(generator), size_of(size), kind)
    return _finished(data, out, requires_grad)


@taken_over
def randn(*size: Any, generator: Generator | None = None, out: Tensor | None = None,
          dtype: dtype | None = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Standard normal numbers."""
    check_device(device)
    kind = dtype or dtypes.get_default_dtype()
    data = normal_array(engine_of(generator), size_of(size), kind)
    return _finished(data, out, requires_grad)


@taken_over
def randint(low: Any = 0, high: Any = None, size: Any = None, *, generator: Generator | None = None,
            out: Tensor | None = None, dtype: dtype | None = None, layout: Any = None,
            device: Any = None, requires_grad: bool = False,
            pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Integers ``low <= n < high``: ``randint(high, size)`` or ``randint(low, high, size)``."""
    check_device(device)
    if size is None:
        low, high, size = 0, low, high
    if size is None:
        raise TypeError("randint() missing 1 required positional argument: 'size'")
    if high is None or isinstance(high, (tuple, list)):
        low, high = 0, low
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= "
                           f"to={high}")  # fmt: skip
    shape = size_of((tuple(size),))
    kind = dtype or dtypes.int64
    data = local.mode.xp.random_integers(engine_of(generator), shape, kind, low, high)
    return _finished(data, out, requires_grad)


@taken_over
def randperm(n: int, *, generator: Generator | None = None, out: Tensor | None = None,
             dtype: dtype = dtypes.int64, layout: Any = None, device: Any = None,
             requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A random permutation of 0 .. n - 1."""
    check_device(device)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    result = wrap(local.mode.xp.random_permutation(engine_of(generator), n))
    return _finished(cast(result, dtype)._data, out, requires_grad)


def laid_out(tensor: Tensor, draw: Callable[[tuple], Tensor]) -> Tensor:
    """``draw(shape)`` for `tensor`, with the numbers in the memory order of its elements."""
    shape = tuple(tensor._data.shape)
    if is_contiguous(tensor):
        return draw(shape)
    steps = local.mode.xp.strides(tensor._data)
    order = sorted(range(len(shape)), key=lambda d: -steps[d])
    drawn = draw(tuple(shape[d] for d in order))
    return drawn.permute(sorted(range(len(shape)), key=order.__getitem__)).detach()


def _like(make: Callable) -> Callable:
    def like(input: Tensor, *, dtype: dtype | None = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False, memory_format: Any = None,
             generator: Generator | None = None) -> Tensor:  # fmt: skip
        options: Any = {"dtype": dtype or input.dtype, "device": device, "generator": generator}
        result = laid_out(input, lambda shape: make(shape, **options))
        return result.requires_grad_() if requires_grad else result

    like.__name__ = f"{make.__name__}_like"
    like.__doc__ = f"`{make.__name__}` in the shape and, by default, the dtype of `input`."
    return like


rand_like, randn_like = _like(rand), _like(randn)


def randint_like(input: Tensor, low: int, high: int | None = None, *, dtype: dtype | None = None,
                 layout: Any = None, device: Any = None, requires_grad: bool = False,
                 memory_format: Any = None) -> Tensor:  # fmt: skip
    """`randint` in the shape and, by default, the dtype of `input`."""
    low, high = (0, low) if high is None else (int(low), int(high))
    return randint(low, high, input._data.shape, dtype=dtype or input.dtype, device=device,
                   requires_grad=requires_grad)  # fmt: skip


@taken_over
def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *,
           generator: Generator | None = None, out: Tensor | None = None,
           dtype: dtype | None = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Normal numbers; `mean` and `std` are scalars (then with `size`) or tensors, elementwise."""
    check_device(device)
    check_std(std)
    if size is not None:
        kind = dtype or dtypes.get_default_dtype()
        data = normal_array(engine_of(generator), size_of((tuple(size),)), kind, mean, std)
        return _finished(data, out, requires_grad)
    pattern = mean * 0 + std
    result = randn(pattern._data.shape, generator=generator, dtype=pattern.dtype) * std + mean
    return result if out is None else write_out("normal", out, result)


def check_std(std: Any) -> None:
    if isinstance(std, Tensor):
        if local.mode.xp.any_true((std < 0)._data):
            raise RuntimeError("normal expects all elements of std >= 0.0")
    elif std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


@operation
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """1 with probability `input` (or `p`) and 0 otherwise, in the dtype of `input`."""
    if input.dtype.category < FLOAT and p is None:
        raise refuse("bernoulli_tensor_cpu_self_", input.dtype)
    chance = input._data if p is None else p
    check_chance(chance)
    drawn = local.mode.xp.random_bernoulli(engine_of(generator), chance, input._data.shape)
    result = cast(wrap(drawn), input.dtype)
    if input._needs_grad:
        result = result + input * 0
    return result if out is None else write_out("bernoulli", out, result)


def check_chance(p: Any) -> None:
    if isinstance(p, (int, float)):
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    elif p.size:
        low, high = local.mode.xp.extremes(p)
        if not (low >= 0 and high <= 1):
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")


@operation
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Generator | None = None,
                out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`num_samples` int64 indices per row of weights, (n) or (m, n), which need not sum to 1.

    Raises: RuntimeError for weights that are negative, infinite or all zero, and, without
    replacement, for more samples than weights.
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
    if out is None:
        return result
    if out.dtype is not dtypes.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype.legacy}")
    return write_out("multinomial", out, result)


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
    any_true, usable = local.mode.xp.any_true, weights.isfinite() & (weights >= 0)
    if any_true((~usable)._data):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if any_true((weights.sum(-1) == 0)._data):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn",
    "randn_like", "randperm",
]  # fmt: skip
