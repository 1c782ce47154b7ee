"""Whole Jacobians and Hessians, all rows (`jacrev`) or all columns (`jacfwd`) in one pass."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.func import trees
from torchlite.func.batching import vmap
from torchlite.func.derivatives import Linearization
from torchlite.func.forward import jvp
from torchlite.ops.creation.factories import eye, zeros
from torchlite.ops.shape.joining import cat


def _chosen(api: str, func: Callable, argnums: Any, args: tuple,
            kwargs: dict) -> tuple[Callable, tuple]:  # fmt: skip
    """`func` as a function of the arguments in `argnums`, and these arguments."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise RuntimeError(f"Got argnum={i}, but only {len(args)} positional inputs")
    if len({i % len(args) for i in numbers}) < len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")

    def of_chosen(*chosen: Any) -> Any:
        full = list(args)
        for i, value in zip(numbers, chosen):
            full[i] = value
        return func(*full, **kwargs)

    return of_chosen, tuple(args[i] for i in numbers)


def _matrix_of_trees(blocks: list[list], output: Any, inputs: tuple, argnums: Any) -> Any:
    """``blocks[k][i]``, for output k and input i, as a tree of outputs of trees of inputs."""
    rows = [trees.fill(inputs, iter(row)) for row in blocks]
    return trees.fill(output, iter(rows if isinstance(argnums, tuple) else [r[0] for r in rows]))


def jacrev(func: Callable, argnums: Any = 0, *, has_aux: bool = False,
           chunk_size: int | None = None,
           _preallocate_and_copy: bool = False) -> Callable:  # fmt: skip
    """A function that returns the Jacobian of `func`, ``(*output, *input)``, by reverse mode.

    For trees of outputs or inputs: a tree of outputs of trees of inputs. `argnums` as in `grad`;
    `chunk_size` rows are computed at a time, by default all.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"jacrev: `chunk_size` should be greater than 0, got {chunk_size}")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        of_chosen, chosen = _chosen("jacrev", func, argnums, args, kwargs)
        line = Linearization("jacrev", of_chosen, chosen, has_aux)
        if len(line.own) != len(trees.leaves(chosen)):
            raise RuntimeError("jacrev: Expected inputs to be floating point or complex tensors")

        def pull(*cotangents: Tensor) -> tuple:
            return tuple(trees.leaves(line.pull(cotangents)))

        rows = vmap(pull, chunk_size=chunk_size)(*_units(line.ends))
        stops = list(itertools.accumulate(y.numel() for y in line.ends))
        blocks = [
            [row[start:stop].reshape(*y.shape, *row.shape[1:]) for row in rows]
            for start, stop, y in zip([0, *stops], stops, line.ends)
        ]
        result = _matrix_of_trees(blocks, line.output, chosen, argnums)
        return (result, line.settled(line.aux)) if has_aux else result

    return wrapper


def jacfwd(func: Callable, argnums: Any = 0, has_aux: bool = False, *,
           randomness: str = "error") -> Callable:  # fmt: skip
    """Like `jacrev`, but by forward mode, all columns at once: suited to few inputs.

    `randomness` as in `vmap`, which evaluates `func` for all columns.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        of_chosen, chosen = _chosen("jacfwd", func, argnums, args, kwargs)
        inputs = trees.leaves(chosen)

        def push(*tangents: Tensor) -> tuple:
            tree = trees.fill(chosen, iter(tangents))
            return jvp(of_chosen, chosen, tree, has_aux=has_aux)[1:]

        columns, *aux = vmap(push, randomness=randomness)(*_units(inputs))
        stops = list(itertools.accumulate(x.numel() for x in inputs))
        blocks = [
            [_block(y[start:stop], x) for start, stop, x in zip([0, *stops], stops, inputs)]
            for y in trees.leaves(columns)
        ]
        result = _matrix_of_trees(blocks, columns, chosen, argnums)
        if not has_aux:
            return result
        return result, trees.apply(lambda a: a[0], aux[0])

    return wrapper


def _units(tensors: Sequence[Tensor]) -> list[Tensor]:
    """For each element of `tensors`, a row in which it is 1 and the others are 0."""
    counts = [x.numel() for x in tensors]
    rows, before = [], 0
    for x, count in zip(tensors, counts):
        own = [zeros(before, count), eye(count), zeros(sum(counts) - before - count, count)]
        rows.append(cat(own).to(x.dtype).reshape(sum(counts), *x.shape))
        before += count
    return rows


def _block(columns: Tensor, x: Tensor) -> Tensor:
    """The Jacobian of an output by `x`, ``(*output, *x)``, from its columns, ``(x, *output)``."""
    return columns.movedim(0, -1).reshape(*columns.shape[1:], *x.shape)


def hessian(func: Callable, argnums: Any = 0) -> Callable:
    """A function that returns the second derivatives of `func`: ``(*output, *input, *input)``."""
    return jacfwd(jacrev(func, argnums), argnums)


__all__ = ["hessian", "jacfwd", "jacrev"]
