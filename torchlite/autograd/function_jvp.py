"""Custom functions in forward mode: their results get the tangents that ``jvp`` returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torchlite import dtypes
from torchlite.autograd.dual_graph import checked_tangent
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, alias, wrap
from torchlite.interpreters.forward import Forward


def run_forward(function: Any, ctx: Any, args: tuple) -> Any:
    """The output of ``function.forward``, with tangents if the arguments have any.

    `forward` does not see tangents: ``jvp`` computes them. Nested levels are handled one by one,
    innermost first.
    """
    outer: list[Forward] = []
    xp: Any = local.mode.xp
    while isinstance(xp, Forward):
        tangents = [_tangent(xp, x, outer) for x in args]
        if any(t is not None for t in tangents):
            return _pushed(function, ctx, args, xp, outer, tangents)
        outer.append(xp)
        xp = xp.inner
    return function._forward(ctx, args)


def _inside(x: Tensor, outer: Sequence[Forward]) -> Any:
    """The array of `x` as seen by the level inside `outer`."""
    data = x._data
    for level in outer:
        data = level.primal(data)
    return data


def _tangent(level: Forward, x: Any, outer: Sequence[Forward]) -> Any:
    return level.tangent(_inside(x, outer)) if isinstance(x, Tensor) else None


@contextmanager
def _paused(level: Forward) -> Iterator[None]:
    level.paused = True
    try:
        yield
    finally:
        level.paused = False


def _pushed(function: Any, ctx: Any, args: tuple, level: Forward, outer: Sequence[Forward],
            tangents: Sequence[Any]) -> Any:  # fmt: skip
    """Like `run_forward`, for the tangents of `level`, which is inside `outer`."""
    with _paused(level):
        output = run_forward(function, ctx, args)
        several = isinstance(output, (tuple, list))
        outs = list(output) if several else [output]
        moved = function.jvp(ctx, *(_argument(ctx, x, t) for x, t in zip(args, tangents)))
        moved = moved if isinstance(moved, tuple) else (moved,)
        if len(moved) != len(outs):
            raise RuntimeError(
                "Function's jvp returned an invalid number of forward gradients (expected "
                f"{len(outs)} but got {len(moved)})"
            )
        checked = [_checked(ctx, i, y, t) for i, (y, t) in enumerate(zip(outs, moved))]
    for i, (y, t) in enumerate(zip(outs, checked)):
        if t is not None:
            outs[i] = _attached(ctx, level, outer, args, y, level.primal(_inside(t, outer)))
    return tuple(outs) if several else outs[0]


def _argument(ctx: Any, x: Any, tangent: Any) -> Tensor | None:
    """What ``jvp`` receives for the argument `x`."""
    if tangent is not None:
        return wrap(tangent)
    if not isinstance(x, Tensor) or x.dtype.category < dtypes.FLOAT or not ctx._materialize:
        return None
    return wrap(local.mode.xp.full(tuple(x.shape), 0, x.dtype))


def _checked(ctx: Any, i: int, out: Any, tangent: Any) -> Tensor | None:
    """The tangent of result `i`; None if it is zero or the result cannot have one."""
    if tangent is not None and not isinstance(tangent, Tensor):
        raise RuntimeError(
            f"expected Variable or None (got {type(tangent).__name__}) for grad output {i}."
        )
    differentiable = isinstance(out, Tensor) and out.dtype.category >= dtypes.FLOAT
    if tangent is None or not differentiable or any(out is x for x in ctx._non_differentiable):
        return None
    return checked_tangent(out, tangent)


def _attached(ctx: Any, level: Forward, outer: Sequence[Forward], args: tuple, out: Tensor,
              tangent: Any) -> Tensor:  # fmt: skip
    """The result `out` with its tangent at `level`."""
    data = _inside(out, outer)
    if any(out is x for x in ctx._dirty) and level.owns(data):
        level.set_tangent(data, tangent)  # its views see it too
        return out
    if any(out is x for x in args):
        out = alias(out)
    data = level.dual(level.primal(data), tangent)
    for other in reversed(outer):
        data = other.dual(data)
    out._data = data
    return out


__all__ = ["run_forward"]
