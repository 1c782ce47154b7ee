"""Arrays with tangents, for `torchlite.interpreters.forward`."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from torchlite import dtypes
from torchlite.backends.wrapped import Wrapped, detached
from torchlite.core.graph import next_number


class Level:
    """One run in forward mode, which owns its duals whichever `Forward` computes with them.

    `alive`: the set of its duals, if `track`.
    """

    def __init__(self, track: bool = False) -> None:
        self.start = next_number()  # newer graph nodes were made inside
        self.alive: WeakSet[Dual] | None = WeakSet() if track else None


class Dual(Wrapped):
    """A value of `level` with its tangent: see `Forward.tangent`.

    Or a view of another dual, `base`, by `steps`: it has no tangent of its own but sees writes
    to its base, and vice versa.
    """

    __slots__ = ("level", "primal", "own_tangent", "base", "steps", "__weakref__")

    def __init__(self, level: Level, primal: Any, tangent: Any = None, base: Dual | None = None,
                 steps: tuple = ()) -> None:  # fmt: skip
        super().__init__(primal.shape, primal.dtype)
        self.level, self.primal, self.own_tangent = level, primal, tangent
        self.base, self.steps = base, steps
        if level.alive is not None:
            level.alive.add(self)

    def detached(self) -> Dual:
        return Dual(self.level, detached(self.primal))


def zeros_like(xp: Any, x: Any) -> Any:
    """Zeros of the shape and dtype of the array `x`."""
    return xp.full(tuple(x.shape), 0, dtypes.of(x))


def copied_like(xp: Any, x: Any, like: Any) -> Any:
    """A copy of `x` with the memory layout of `like`, so that the same views exist."""
    strides = xp.strides(like)
    order = sorted(range(x.ndim), key=lambda i: -strides[i])
    back = sorted(range(x.ndim), key=order.__getitem__)
    return xp.permute(xp.copy(xp.permute(x, tuple(order))), tuple(back))


__all__ = ["Dual", "Level", "copied_like", "zeros_like"]
