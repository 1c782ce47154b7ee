"""`NestedIOFunction`: legacy custom functions on nested tuples and lists of tensors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torchlite.autograd.function import Function, FunctionCtx
from torchlite.core.tensor import Tensor


def _leaves(tree: Any) -> list:
    """The leaves of nested tuples and lists."""
    if isinstance(tree, (tuple, list)):
        return [leaf for branch in tree for leaf in _leaves(branch)]
    return [tree]


def _filled(tree: Any, values: Iterable) -> Any:
    """`tree` with its leaves replaced by `values`, in order."""
    rest = iter(values)
    if isinstance(tree, (tuple, list)):
        return type(tree)([_filled(branch, rest) for branch in tree])
    return next(rest)


def _empty(tree: Any) -> Any:
    """The structure of `tree`, without its tensors."""
    return _filled(tree, itertools.repeat(None))


class _Flat(Function):
    """A call of `owner`, a `NestedIOFunction`, on the leaves of its arguments."""

    @staticmethod
    def forward(ctx: Any, owner: NestedIOFunction, structure: Any, *leaves: Any) -> tuple:
        ctx.owner = owner
        with owner._using(ctx):
            output = owner.forward_extended(*_filled(structure, leaves))
        owner._output = _empty(output)
        return tuple(_leaves(output))

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple:
        owner = ctx.owner
        nested = _filled(owner._output, gradients)
        with owner._using(ctx):
            found = owner.backward_extended(*(nested if isinstance(nested, tuple) else (nested,)))
        return None, None, *_leaves(found)


class NestedIOFunction(Function):
    """For old programs only: prefer `Function`.

    Define ``forward_extended(self, *input)`` and ``backward_extended(self, *grad_output)``, whose
    arguments and results are nested tuples and lists of tensors; call an instance.
    """

    _ctx: FunctionCtx
    _output: Any = None
    _saved: Any = ()

    def __call__(self, *input: Any) -> Any:
        flat = _Flat.apply(self, _empty(input), *_leaves(input))
        return _filled(self._output, flat)

    @contextmanager
    def _using(self, ctx: FunctionCtx) -> Iterator[None]:
        """Inside, the methods below delegate to `ctx`, which owns this object."""
        self._ctx = ctx
        try:
            yield
        finally:
            del self._ctx

    def save_for_backward(self, *args: Any) -> None:
        """Save nested inputs or outputs for backward."""
        self._saved = _empty(args)
        self._ctx.save_for_backward(*_leaves(args))

    @property
    def saved_tensors(self) -> tuple:
        """The tensors saved by `save_for_backward`."""
        return _filled(self._saved, self._ctx.saved_tensors)

    def mark_dirty(self, *args: Tensor) -> None:
        """See `FunctionCtx.mark_dirty`."""
        self._ctx.mark_dirty(*_leaves(args))

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """See `FunctionCtx.mark_non_differentiable`."""
        self._ctx.mark_non_differentiable(*_leaves(args))

    def forward_extended(self, *input: Any) -> Any:
        """Compute the function."""
        raise NotImplementedError

    def backward_extended(self, *grad_output: Any) -> Any:
        """Compute the gradients of the inputs."""
        raise NotImplementedError


__all__ = ["NestedIOFunction"]
