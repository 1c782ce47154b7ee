"""Trees of tuples, named tuples, lists and dicts; everything else is a leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def _children(tree: Any) -> Any:
    if isinstance(tree, dict):
        return tree.values()
    return tree if isinstance(tree, (tuple, list)) else None


def leaves(tree: Any) -> list:
    """The leaves of `tree`, in order."""
    children = _children(tree)
    return [tree] if children is None else [leaf for c in children for leaf in leaves(c)]


def fill(tree: Any, values: Iterator) -> Any:
    """`tree` with its leaves replaced by `values`, in order."""
    children = _children(tree)
    if children is None:
        return next(values)
    new = [fill(c, values) for c in children]
    if isinstance(tree, dict):
        return type(tree)(zip(tree, new)) if type(tree) is not dict else dict(zip(tree, new))
    return type(tree)(*new) if hasattr(tree, "_fields") else type(tree)(new)


def apply(function: Callable, tree: Any) -> Any:
    """`tree` with ``function(leaf)`` in place of each leaf."""
    return fill(tree, iter([function(leaf) for leaf in leaves(tree)]))


def same_structure(a: Any, b: Any) -> bool:
    """Whether two trees differ only in their leaves."""
    x, y = _children(a), _children(b)
    if x is None or y is None:
        return x is y
    keys_equal = not isinstance(a, dict) or (isinstance(b, dict) and list(a) == list(b))
    alike = isinstance(a, dict) == isinstance(b, dict) and keys_equal and len(x) == len(y)
    return alike and all(same_structure(c, d) for c, d in zip(x, y))


def spread(prefix: Any, tree: Any) -> list:
    """A value for each leaf of `tree`: `prefix` is a single value or a prefix tree of values.

    Raises: ValueError if their structures do not match.
    """
    parts, children = _children(prefix), _children(tree)
    if parts is None:
        return [prefix] * len(leaves(tree))
    if children is None or len(parts) != len(children):
        raise ValueError("structures differ")
    return [value for p, c in zip(parts, children) for value in spread(p, c)]
