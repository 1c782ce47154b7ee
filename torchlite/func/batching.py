"""`vmap`: turns a function of one example into a function of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.autograd.batched import Run
from torchlite.core.tensor import Tensor
from torchlite.func import trees
from torchlite.interpreters.batching import Level
from torchlite.ops.shape.joining import cat
from torchlite.random import default_generator


def vmap(func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
         chunk_size: int | None = None) -> Callable:  # fmt: skip
    """Map `func` over slices of the arguments and stack the results, all slices in one pass.

    `func` sees tensors with the shape of one slice, but each operation computes all of them. Its
    Python code runs once, so it cannot inspect elements (``item()``, ``if x > 0``).

    Args:
        in_dims: The dimension along which to slice each argument, None for arguments shared by all
            calls: one for all, or a tuple with one per argument (arguments may be trees).
        out_dims: Position of the batch dimension in each result; None: not stacked, all equal.
        randomness: "different" numbers for each slice, the "same", or "error" if `func` draws any.
        chunk_size: Slices to compute at a time: fewer need less memory. Default: all.
    Raises (as PyTorch): ValueError for mismatched dimensions; RuntimeError for bad `randomness`.
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

        def call(values: Sequence[Any], size: int) -> Any:
            run = Run(Level(size), randomness)
            entered = [v if d is None else run.enter(v, d) for v, d in zip(values, dims)]
            own_args, own_kwargs = trees.fill([args, kwargs], iter(entered))
            with run.inside():
                result = func(*own_args, **own_kwargs)
            return _left(name, run, result, out_dims)

        if chunk_size is None or chunk_size >= size:
            return call(values, size)
        return _in_chunks(call, values, dims, size, chunk_size, out_dims, randomness)

    return batched


def _in_chunks(call: Callable, values: list, dims: list, size: int, most: int, out_dims: Any,
               randomness: str) -> Any:  # fmt: skip
    """The results of ``call(values, size)`` for at most `most` examples at a time, concatenated."""
    state, results = default_generator.engine.get_state(), []
    for start in range(0, size, most):
        if randomness == "same":
            default_generator.engine.set_state(state)
        count = min(most, size - start)
        part = [v if d is None else v.narrow(d, start, count) for v, d in zip(values, dims)]
        results.append(call(part, count))
    columns = zip(*map(trees.leaves, results), trees.spread(out_dims, results[0]))
    joined = [parts[0] if dim is None else cat(parts, dim) for *parts, dim in columns]
    return trees.fill(results[0], iter(joined))


def _input_dims(name: str, in_dims: Any, args: tuple, values: list, keywords: int) -> list:
    """The checked dimension, or None, for each leaf of the arguments; 0 for keyword arguments."""
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
    return sizes[0]


def _left(name: str, run: Run, result: Any, out_dims: Any) -> Any:
    """The results as batched tensors, leaf by leaf."""
    try:
        dims = trees.spread(out_dims, result)
    except ValueError:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with "
            f"the structure of `outputs`: there are {len(trees.leaves(result))}."
        ) from None
    leaves = trees.leaves(result)
    for value, dim in zip(leaves, dims):
        _check_result(name, run, value, dim)
    stacked = [i for i, dim in enumerate(dims) if dim is not None]
    batches = run.leave([leaves[i] for i in stacked], [dims[i] for i in stacked])
    for i, batch in zip(stacked, batches):
        leaves[i] = batch
    return trees.fill(result, iter(leaves))


def _check_result(name: str, run: Run, value: Any, dim: int | None) -> None:
    if dim is None:
        if isinstance(value, Tensor) and run.holds(value):
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
            )
    elif not isinstance(value, Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(value)}. "
            "Did you mean to set out_dims= to None for output?"
        )


__all__ = ["vmap"]
