"""Products summed over chosen dimensions: einsum, tensordot, kron, inner."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional, not_a_tensor, operation, write_out
from torchlite.ops.linalg.products import matmul, outer

# --- tensordot, inner, kron ---------------------------------------------------------------------


def _contracted_dims(dims: Any) -> tuple[list[int], list[int]] | int:
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        return dims
    first, second = dims
    return ([first] if isinstance(first, int) else list(first),
            [second] if isinstance(second, int) else list(second))  # fmt: skip


@functional
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The product summed over the last `dims` dimensions of `a` and the first `dims` of `b`.

    Or over the dimensions ``dims[0]`` of `a` and ``dims[1]`` of `b`.
    Raises: RuntimeError (as PyTorch) if sizes do not match.
    """
    chosen = _contracted_dims(dims)
    if isinstance(chosen, int):
        if chosen < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={chosen}")
        if chosen > min(a._data.ndim, b._data.ndim):
            raise RuntimeError(
                "tensordot expects dims < ndim_a or ndim_b, but got "
                f"dims={chosen}\nThey have {a._data.ndim} and {b._data.ndim} dimensions."
            )
        chosen = list(range(a._data.ndim - chosen, a._data.ndim)), list(range(chosen))
    if len(chosen[0]) != len(chosen[1]):
        raise RuntimeError("both dimension lists should have same length")
    if a.dtype is not b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    first = [normalize_dim(d, a._data.ndim) for d in chosen[0]]
    second = [normalize_dim(d, b._data.ndim) for d in chosen[1]]
    a, b = _equal_sizes(a, b, first, second)
    result = _tensordot(a, b, first, second)
    return result if out is None else write_out("tensordot", out, result)


def _equal_sizes(a: Tensor, b: Tensor, first: list[int], second: list[int]) -> tuple:
    """Both tensors; a contracted size that meets a size of 1 is summed to 1."""
    for i, j in zip(first, second):
        m, n = a._data.shape[i], b._data.shape[j]
        if m == 1 != n:
            b = b.sum(j, True)
        elif n == 1 != m:
            a = a.sum(i, True)
        elif m != n:
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{m} in dim {i} and second has size {n} in dim {j}"
            )
    return a, b


def _tensordot(a: Tensor, b: Tensor, first: list[int], second: list[int]) -> Tensor:
    rows = [i for i in range(a._data.ndim) if i not in first]
    columns = [i for i in range(b._data.ndim) if i not in second]
    count = math.prod(a._data.shape[i] for i in first)
    left_sizes = [a._data.shape[i] for i in rows]
    right_sizes = [b._data.shape[i] for i in columns]
    left = a.permute(*rows, *first).reshape(math.prod(left_sizes), count)
    right = b.permute(*second, *columns).reshape(count, math.prod(right_sizes))
    return matmul(left, right).reshape(*left_sizes, *right_sizes)


@operation
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product summed over the last dimension of both; with a scalar, the scaled tensor.

    Raises: RuntimeError (as PyTorch) if these sizes differ.
    """
    if not input._data.ndim or not other._data.ndim:
        result = input * other
    else:
        if input._data.shape[-1] != other._data.shape[-1]:
            raise RuntimeError(
                "inner() the last dimension must match on both input tensors but got shapes "
                f"{list(input.shape)} and {list(other.shape)}"
            )
        result = tensordot(input, other, ([-1], [-1]))
    return result if out is None else write_out("inner", out, result)


@operation
def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sum(conj(input) * other)`` of two vectors of equal length."""
    result = input.conj().dot(other)
    return result if out is None else write_out("vdot", out, result)


@operation
def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: each element of `input` times all of `other`; sizes multiply."""
    ndim = max(input._data.ndim, other._data.ndim)
    a, b = (
        (1,) * (ndim - x._data.ndim) + x._data.shape for x in (input, other)
    )  # each dimension of the result combines one of `input` and one of `other`
    left = input.reshape([n for size in a for n in (size, 1)])
    right = other.reshape([n for size in b for n in (1, size)])
    result = (left * right).reshape([m * n for m, n in zip(a, b)])
    return result if out is None else write_out("kron", out, result)


@operation
def ger(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The outer product: an alias of `outer`."""
    return outer(input, vec2, out=out)


# --- einsum -------------------------------------------------------------------------------------

_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_ELLIPSIS = "..."


@functional
def einsum(*args: Any) -> Tensor:
    """Sums of products by Einstein's notation: ``einsum("bij,bjk->bik", a, b)``.

    Each letter names a dimension; those not named in the result are summed over (without ``->``,
    the result has the letters that occur once, alphabetically); ``...`` are dimensions that
    broadcast; a repeated letter in a term takes the diagonal. Also ``einsum(a, [0, 1], b, [1, 2],
    [0, 2])``. Raises: RuntimeError (as PyTorch) for equations that do not fit the operands.
    """
    equation, operands = _formula_of(args)
    terms, result = _parsed(equation, operands)
    pairs = [_sorted_diagonal(*pair, i) for i, pair in enumerate(zip(operands, terms))]
    _check_sizes(pairs)
    tensor, names = _summed(*pairs[0], _later(result, pairs[1:]))
    for i, pair in enumerate(pairs[1:], 2):
        kept = _later(result, pairs[i:])
        tensor, names = _product(tensor, names, *pair, kept)
    return tensor.permute([names.index(n) for n in result])


def _formula_of(args: tuple) -> tuple[str, list[Tensor]]:
    """The equation and the operands, for either call signature of `einsum`."""
    if not args or (isinstance(args[0], str) and len(args) == 1):
        raise ValueError("einsum(): must specify the equation string and at least one operand, or "
                         "at least one operand and its subscripts list")  # fmt: skip
    if isinstance(args[0], str):
        equation, operands = args[0], list(args[1:])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
    else:
        operands = list(args[0 : len(args) - len(args) % 2 : 2])
        terms = ",".join(_letters_of(s) for s in args[1::2])
        equation = terms + ("->" + _letters_of(args[-1]) if len(args) % 2 else "")
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    for i, x in enumerate(operands):
        if not isinstance(x, Tensor):
            raise not_a_tensor("einsum", i + 2, "operands", x)
    return equation, operands


def _letters_of(subscripts: Any) -> str:
    if not isinstance(subscripts, (list, tuple)):
        raise TypeError("einsum(): expected subscripts to be a list of integers")
    for s in subscripts:
        if s is not Ellipsis and not 0 <= s < len(_LETTERS):
            raise ValueError(
                f"einsum(): subscript {s} is not within the valid range [0, {len(_LETTERS)})"
            )
    return "".join(_ELLIPSIS if s is Ellipsis else _LETTERS[s] for s in subscripts)


def _parsed(equation: str, operands: Sequence[Tensor]) -> tuple[list[list], list]:
    """The dimension names of each operand and of the result: letters, and negative integers for
    dimensions under an ellipsis, counted from its end."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        fewer = "fewer" if len(terms) > len(operands) else "more"
        raise RuntimeError(
            f"einsum(): {fewer} operands were provided than specified in the equation"
        )
    named = [_named(term, x._data.ndim, i) for i, (term, x) in enumerate(zip(terms, operands))]
    wide = max((sum(isinstance(n, int) for n in names) for names in named), default=0)
    hidden = list(range(-wide, 0))
    counts: dict[Any, int] = {}
    for names in named:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    if not arrow:
        once = sorted((n for n in counts if isinstance(n, str) and counts[n] == 1),
                      key=_LETTERS.index)  # fmt: skip
        return named, [*hidden, *once]
    return named, _named_result(right, hidden, counts)


def _split(term: str, place: str) -> tuple[str, str, str]:
    before, dots, after = term.partition(_ELLIPSIS)
    for letter in before + after:
        if letter == ".":
            raise RuntimeError(f"einsum(): found '.' for {place} that is not part of any ellipsis")
        if letter not in _LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given: {letter}, subscripts must be in [a-zA-Z]"
            )
    return before, dots, after


def _named(term: str, ndim: int, place: int) -> list:
    before, dots, after = _split(term, f"operand {place}")
    hidden = ndim - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise RuntimeError(
            "einsum(): the number of subscripts in the equation "
            f"({len(before) + len(after)}) does not match the number of dimensions ({ndim}) for "
            f"operand {place}" + ("" if dots else " and no ellipsis was given")
        )
    return [*before, *range(-hidden, 0), *after]


def _named_result(term: str, hidden: list, counts: dict) -> list:
    before, dots, after = _split(term, "output")
    letters = before + after
    for letter in letters:
        if letters.count(letter) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {letter} appears more than once in the output"
            )
        if letter not in counts:
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any "
                "input operand"
            )
    return [*before, *(hidden if dots else ()), *after]


def _sorted_diagonal(x: Tensor, names: list, place: int) -> tuple[Tensor, list]:
    """`x` with unique names: a repeated name takes the diagonal."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            i = names.index(name)
            j = names.index(name, i + 1)
            m, n = x._data.shape[i], x._data.shape[j]
            if m != n:
                raise RuntimeError(
                    f"einsum(): subscript {name} is repeated for operand {place} but the sizes "
                    f"don't match, {n} != {m}"
                )
            x = x.diagonal(0, i, j)
            names = [n for k, n in enumerate(names) if k not in (i, j)] + [name]
    return x, names


def _check_sizes(pairs: Sequence[tuple]) -> None:
    sizes: dict[Any, int] = {}
    for place, (x, names) in enumerate(pairs):
        for name, size in zip(names, x._data.shape):
            if sizes.get(name, 1) != 1 and size not in (1, sizes[name]):
                raise RuntimeError(
                    f"einsum(): subscript {name} has size {size} for operand {place} which does "
                    f"not broadcast with previously seen size {sizes[name]}"
                )
            sizes[name] = max(sizes.get(name, 1), size) if size else 0


def _later(result: list, pairs: Sequence[tuple]) -> set:
    """The names that are still needed."""
    return {*result, *(name for _, names in pairs for name in names)}


def _summed(x: Tensor, names: list, kept: set) -> tuple[Tensor, list]:
    """`x` summed over the dimensions that are no longer needed."""
    gone = [i for i, name in enumerate(names) if name not in kept]
    return (x.sum(gone), [n for n in names if n in kept]) if gone else (x, names)


def _product(a: Tensor, a_names: list, b: Tensor, b_names: list, kept: set) -> tuple[Tensor, list]:
    """The product of two operands, contracted where possible, as a batched matrix product."""
    a, a_names = _summed(a, a_names, kept | set(b_names))
    b, b_names = _summed(b, b_names, kept | set(a_names))
    shared = [n for n in a_names if n in b_names]
    a_sizes, b_sizes = dict(zip(a_names, a._data.shape)), dict(zip(b_names, b._data.shape))
    summed = [n for n in shared if n not in kept]
    a, a_sizes = _sum_ones(a, a_names, a_sizes, b_sizes, summed)
    b, b_sizes = _sum_ones(b, b_names, b_sizes, a_sizes, summed)
    batch = [n for n in shared if n in kept]
    rows = [n for n in a_names if n not in shared]
    columns = [n for n in b_names if n not in shared]
    left = _grouped(a, a_names, a_sizes, batch, rows, summed)
    right = _grouped(b, b_names, b_sizes, batch, summed, columns)
    sizes = [max(a_sizes[n], b_sizes[n]) if a_sizes[n] and b_sizes[n] else 0 for n in batch]
    sizes += [a_sizes[n] for n in rows] + [b_sizes[n] for n in columns]
    return matmul(left, right).reshape(sizes), [*batch, *rows, *columns]


def _sum_ones(x: Tensor, names: list, own: dict, other: dict, summed: list) -> tuple[Tensor, dict]:
    """Where the other has size 1 in a dimension to be summed, sum this one in advance."""
    axes = [names.index(n) for n in summed if other[n] == 1 != own[n]]
    if not axes:
        return x, own
    return x.sum(axes, True), {n: 1 if names.index(n) in axes else size for n, size in own.items()}


def _grouped(x: Tensor, names: list, sizes: dict, batch: list, rows: list,
             columns: list) -> Tensor:  # fmt: skip
    ordered = x.permute([names.index(n) for n in (*batch, *rows, *columns)])
    shape = [sizes[n] for n in batch]
    for group in (rows, columns):
        shape.append(math.prod(sizes[n] for n in group))
    return ordered.reshape(shape)


__all__ = ["einsum", "ger", "inner", "kron", "tensordot", "vdot"]
