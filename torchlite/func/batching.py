"""`vmap`: a function of one example becomes a function of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlite._tensor import Tensor
from torchlite.func import trees
from torchlite.ops.joining import stack
from torchlite.random import default_generator


def vmap(func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
         chunk_size: int | None = None) -> Callable:  # fmt: skip
    """`func` for each slice of the arguments, the results stacked.

    Args:
        in_dims: The dimension along which to cut each argument, None for those that all calls
            share: one for all, or a tuple with one for each argument (which may be trees).
        out_dims: Where the new dimension goes in each result; None: not stacked, all are equal.
        randomness: "different" numbers for each slice, the "same", or "error" if `func` draws any.
        chunk_size: Without effect: slices are computed one by one.
    Raises: ValueError (as PyTorch) for arguments and dimensions that do not fit; RuntimeError.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    @functools.wraps(func)
    def batched(*args: Any, **kwargs: Any) -> Any:
        values = trees.leaves([args, kwargs])
        dims = _input_dims(name, in_dims, args, values, len(trees.leaves(kwargs)))
        size = _batch_size(dims, values)
        results = []
        draw = _Draw(randomness)
        for i in range(size):
            cut = (v if d is None else v.select(d, i) for v, d in zip(values, dims))
            own_args, own_kwargs = trees.fill([args, kwargs], iter(list(cut)))
            results.append(draw.call(func, own_args, own_kwargs))
        return _joined(name, results, out_dims)

    return batched


def _input_dims(name: str, in_dims: Any, args: tuple, values: list, keywords: int) -> list:
    """The checked dimension, or None, for each leaf of the arguments; keywords are cut at 0."""
    head = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple, list)):
        raise ValueError(
            f"{head}expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
            "trying to vmap over a function with no inputs. The latter is unsupported."
        )
    try:
        given = trees.spread(tuple(in_dims) if isinstance(in_dims, list) else in_dims, args)
    except ValueError:
        raise ValueError(
            f"{head}in_dims is not compatible with the structure of `inputs`. "
            f"There are {len(args)} arguments."
        ) from None
    return [_checked_dim(head, d, v) for d, v in zip([*given, *[0] * keywords], values)]


def _checked_dim(head: str, dim: Any, value: Any) -> int | None:
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{head}Got in_dim={dim} for an input but in_dim must be either an integer dimension "
            "or None."
        )
    if not isinstance(value, Tensor):
        raise ValueError(
            f"{head}Got in_dim={dim} for an input but the input is of type {type(value)}. We "
            "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
    if not -value.ndim <= dim < value.ndim:
        raise ValueError(
            f"{head}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality "
            f"{value.ndim} so expected in_dim to satisfy -{value.ndim} <= in_dim < {value.ndim}."
        )
    return dim


def _batch_size(dims: list, values: list) -> int:
    sizes = [v.size(d) for v, d in zip(values, dims) if d is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    if not sizes[0]:
        raise ValueError("vmap: the mapped dimension is empty, so there is no result to stack")
    return sizes[0]


class _Draw:
    """Calls that draw random numbers as `randomness` asks for."""

    def __init__(self, randomness: str) -> None:
        self.randomness = randomness
        self.start = None if randomness == "different" else default_generator.engine.get_state()

    def call(self, func: Callable, args: tuple, kwargs: dict) -> Any:
        if self.randomness == "same":
            default_generator.engine.set_state(self.start)
        result = func(*args, **kwargs)
        if self.randomness == "error" and default_generator.engine.get_state() != self.start:
            default_generator.engine.set_state(self.start)
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use "
                "the 'same' or 'different' randomness flags on vmap or perform the randomness "
                "operation out of vmap"
            )
        return result


def _joined(name: str, results: list, out_dims: Any) -> Any:
    """The results stacked, leaf by leaf."""
    try:
        dims = trees.spread(out_dims, results[0])
    except ValueError:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with "
            f"the structure of `outputs`: there are {len(trees.leaves(results[0]))}."
        ) from None
    columns = zip(*(trees.leaves(result) for result in results))
    joined = [_join(name, column, d) for column, d in zip(columns, dims)]
    return trees.fill(results[0], iter(joined))


def _join(name: str, column: tuple, dim: int | None) -> Any:
    if dim is None:
        return column[0]
    if not isinstance(column[0], Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(column[0])}. "
            "Did you mean to set out_dims= to None for output?"
        )
    return stack(column, dim)


__all__ = ["vmap"]
