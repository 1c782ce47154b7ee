"""`rearrange`: reorder, merge and split named dimensions by a pattern.

The notation is that of einops: Rogozhnikov 2022, https://openreview.net/forum?id=oapKSVM2bcj
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.shape.joining import stack

#: For each dimension on one side of a pattern, the list of its names. Ellipsis stands for all
#: unnamed ones: merged into one dimension inside a list, kept separate in place of a list.
Side = list[Any]


def rearrange(tensor: Tensor | Sequence[Tensor], pattern: str, **axes_lengths: int) -> Tensor:
    """Rearrange dimensions: ``rearrange(x, "n (h w) c -> n c h w", h=2)``.

    Args:
        tensor: A tensor, or tensors of one shape, which are stacked first.
        pattern: Names of the dimensions before and after ``->``. Parentheses merge several into
            one; ``1`` or ``()`` is a dimension of size 1; ``...`` stands for all unnamed ones.
        axes_lengths: Sizes of names in parentheses before ``->``; one per group may be omitted.
    Raises: ValueError for a pattern that is malformed or does not match; TypeError for lengths
        that are not integers.
    """
    x = tensor if isinstance(tensor, Tensor) else stack(tuple(tensor))
    before, after = _parsed(pattern)
    _check_lengths(before, axes_lengths)
    sizes = _sizes(before, tuple(x.shape), axes_lengths)
    names, kept = _names(before), _names(after)
    rest = sizes.get(..., ())
    split = x.reshape([n for name in names for n in (rest if name is ... else [sizes[name]])])
    starts, start = {}, 0
    for name in names:
        starts[name] = range(start, start + (len(rest) if name is ... else 1))
        start = starts[name].stop
    turned = split.permute([i for name in kept for i in starts[name]])
    return turned.reshape(_shape(after, sizes))


def _shape(side: Side, sizes: dict) -> list[int]:
    shape: list[int] = []
    for group in side:
        if group is ...:
            shape += sizes[...]
        else:
            shape.append(math.prod(math.prod(sizes[n]) if n is ... else sizes[n] for n in group))
    return shape


def _sizes(side: Side, shape: tuple[int, ...], given: dict[str, int]) -> dict:
    """The size of each name; for the ellipsis, a tuple of sizes."""
    free = len(shape) - len([group for group in side if group is not ...])
    if free < 0 or (free and ... not in side):
        least = "at most" if ... in side else "equal to"
        raise ValueError(
            f"Number of dimensions in pattern ({len(shape) - free}) must be {least} the number of "
            f"dimensions in the tensor ({len(shape)})"
        )
    sizes: dict[Any, Any] = {}
    rest = iter(shape)
    for group in side:
        if group is ...:
            sizes[...] = tuple(next(rest) for _ in range(free))
        else:
            sizes.update(_divided(group, next(rest), given))
    return sizes


def _divided(group: list[str], size: int, given: dict[str, int]) -> dict[str, int]:
    """The sizes of the names in one dimension of size `size`."""
    sizes = {name: given[name] for name in group if name in given}
    unknown = [name for name in group if name not in given]
    if len(unknown) > 1:
        raise ValueError(
            f"cannot infer the sizes of two dimensions at once {unknown[0]} and {unknown[1]}"
        )
    known = math.prod(sizes.values())
    if unknown:
        sizes[unknown[0]] = size // known if known else 0
    if math.prod(sizes.values()) != size:
        raise ValueError(
            f"Dimension sizes do not match: ({' '.join(group)}) has {size} elements, which "
            f"{sizes or 1} are not"
        )
    return sizes


def _check_lengths(before: Side, given: dict[str, Any]) -> None:
    for value in given.values():
        if not isinstance(value, int):
            raise TypeError(f"rearrange axis lengths must be integers, got: {type(value)}")
    absent = given.keys() - _names(before)
    if absent:
        raise ValueError(f"Identifiers not found in rearrange expression: {absent}")


def _parsed(pattern: str) -> tuple[Side, Side]:
    """The two sides of a pattern, which have the same names."""
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError("Pattern must contain a single '->' separator")
    before, after = (_side(text) for text in sides)
    if any(group is not ... and ... in group for group in before):
        raise ValueError(f"Ellipsis is parenthesis in the left side is not allowed: {pattern}")
    left, right = set(_names(before)), set(_names(after))
    if ... in right - left:
        raise ValueError(f"Ellipsis found in right side, but not left side of a pattern {pattern}")
    if left != right:
        raise ValueError(
            "Identifiers only on one side of rearrange expression (should be on both): "
            f"{left ^ right}"
        )
    return before, after


def _names(side: Side) -> list[Any]:
    """All names of one side, in order."""
    return [name for group in side for name in ([...] if group is ... else group)]


def _side(text: str) -> Side:
    """The dimensions in the text of one side."""
    if "." in text.replace("...", "", 1):
        raise ValueError(
            "Expression may contain dots only inside ellipsis (...); only one ellipsis for tensor "
        )
    side: Side = []
    group: list[Any] | None = None
    for token in text.replace("(", " ( ").replace(")", " ) ").replace("...", " ... ").split():
        if token == "(":
            if group is not None:
                raise ValueError(
                    "Axis composition is one-level (brackets inside brackets not allowed)"
                )
            group = []
        elif token == ")":
            if group is None:
                raise ValueError("Brackets are not balanced")
            side.append(group)
            group = None
        else:
            names = [] if token == "1" else [_name(token, [*_names(side), *(group or ())])]
            if group is not None:
                group += names
            else:
                side.append(... if names == [...] else names)
    if group is not None:
        raise ValueError(f"Imbalanced parentheses in expression: '{text}'")
    return side


def _name(token: str, seen: list[Any]) -> Any:
    if token == "...":
        return ...
    if token.isdigit():
        raise ValueError("rearrange only supports unnamed axes of size 1")
    if not token.isidentifier():
        odd = next((c for c in token if not (c.isalnum() or c == "_")), token)
        raise ValueError(f"Unknown character '{odd}'")
    if token[0] == "_" or token[-1] == "_":
        raise ValueError(
            f"Invalid axis identifier: {token}\n"
            "axis name should should not start or end with underscore"
        )
    if token in seen:
        raise ValueError(f"Indexing expression contains duplicate dimension '{token}'")
    return token


__all__ = ["rearrange"]
