"""Whole Jacobians and Hessians, row by row (`jacrev`) or column by column (`jacfwd`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torchlite._tensor import Tensor
from torchlite.func import trees
from torchlite.func.derivatives import Linearization
from torchlite.ops.creation import zeros
from torchlite.ops.joining import stack


def _basis(tensors: Sequence[Tensor]) -> Iterator[tuple[int, list[Tensor]]]:
    """(k, tensors like `tensors`, all 0 but for one element of the k-th), for each element."""
    for k, tensor in enumerate(tensors):
        for i in range(tensor.numel()):
            units = [zeros(t.shape, dtype=t.dtype) for t in tensors]
            units[k].view(-1)[i] = 1
            yield k, units


def _chosen(api: str, func: Callable, argnums: Any, args: tuple, kwargs: dict,
            has_aux: bool) -> tuple[Linearization, Callable]:  # fmt: skip
    """`func` run as one of the arguments in `argnums`; and what makes their tree of a list."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all(isinstance(i, int) and -len(args) <= i < len(args) for i in numbers):
        raise RuntimeError(
            f"{api}: argnums must be int or Tuple[int, ...] below {len(args)}, got {argnums}"
        )

    def of_chosen(*chosen: Any) -> Any:
        full = list(args)
        for i, value in zip(numbers, chosen):
            full[i] = value
        return func(*full, **kwargs)

    line = Linearization(api, of_chosen, tuple(args[i] for i in numbers), has_aux)
    if len(line.own) != len(trees.leaves(line.inputs)):
        raise RuntimeError(f"{api}: Expected inputs to be floating point or complex tensors")

    def tree_of(found: list) -> Any:
        tree = trees.fill(line.inputs, iter(found))
        return tree if isinstance(argnums, tuple) else tree[0]

    return line, tree_of


def _finish(line: Linearization, tree_of: Callable, blocks: list[list], has_aux: bool) -> Any:
    result = trees.fill(line.output, iter([tree_of(row) for row in blocks]))
    return (result, line.settled(line.aux)) if has_aux else result


def jacrev(func: Callable, argnums: Any = 0, *, has_aux: bool = False,
           chunk_size: int | None = None,
           _preallocate_and_copy: bool = False) -> Callable:  # fmt: skip
    """A function that returns the Jacobian of `func`: ``(*output, *input)``, by reverse mode.

    For trees of outputs or inputs: a tree of outputs of trees of inputs. `argnums` as in `grad`;
    `chunk_size` has no effect: the rows are computed one by one.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"jacrev: `chunk_size` should be greater than 0, got {chunk_size}")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        line, tree_of = _chosen("jacrev", func, argnums, args, kwargs, has_aux)
        rows: list[list] = [[] for _ in line.ends]
        for k, unit in _basis(line.ends):
            rows[k].append(trees.leaves(line.pull(unit)))
        blocks = [
            [_stacked([row[i] for row in rows[k]], 0, y.shape, x) for i, x in enumerate(line.own)]
            for k, y in enumerate(line.ends)
        ]
        return _finish(line, tree_of, blocks, has_aux)

    return wrapper


def _stacked(rows: list[Tensor], dim: int, shape: Sequence[int], other: Tensor) -> Tensor:
    """Rows joined at `dim`, which becomes `shape`; zero rows make an empty tensor."""
    if not rows:
        return zeros(*shape, *other.shape, dtype=other.dtype)
    joined = stack(rows, dim)
    kept = tuple(rows[0].shape)
    return joined.reshape((*shape, *kept) if dim == 0 else (*kept, *shape))


def jacfwd(func: Callable, argnums: Any = 0, has_aux: bool = False, *,
           randomness: str = "error") -> Callable:  # fmt: skip
    """As `jacrev`, column by column, by products with tangents: for few inputs."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        line, tree_of = _chosen("jacfwd", func, argnums, args, kwargs, has_aux)
        columns: list[list] = [[] for _ in line.own]
        for i, unit in _basis(line.own):
            columns[i].append(trees.leaves(line.push(unit)))
        blocks = [
            [_stacked([c[k] for c in columns[i]], -1, x.shape, y) for i, x in enumerate(line.own)]
            for k, y in enumerate(line.ends)
        ]
        return _finish(line, tree_of, blocks, has_aux)

    return wrapper


def hessian(func: Callable, argnums: Any = 0) -> Callable:
    """A function that returns the second derivatives of `func`: ``(*output, *input, *input)``."""
    return jacfwd(jacrev(func, argnums), argnums)


__all__ = ["hessian", "jacfwd", "jacrev"]
