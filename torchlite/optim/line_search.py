"""The line search of `LBFGS`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from torchlite.core.tensor import Tensor

_DECREASE, _CURVATURE = 1e-4, 0.9  # c1 and c2 of the Wolfe conditions


class Point(NamedTuple):
    """A point ``x + t * d`` on the line, with the function's loss and slope there."""

    t: float
    loss: float
    gradient: Tensor
    slope: float  # along d


def strong_wolfe(evaluate: Callable[[float], Point], start: Point, t: float, size: float,
                 change: float, budget: int) -> tuple[Point, int]:  # fmt: skip
    """A point that meets the strong Wolfe conditions, and the number of evaluations.

    Returns the best one so far after `budget` rounds, or when moves fall below `change`.
    Source: Nocedal and Wright 2006, Numerical Optimization, algorithms 3.5 and 3.6.

    Args:
        evaluate: Computes the point at a step length.
        start: The point at 0.
        t: The first step length to try.
        size: The greatest magnitude in the direction.
    """
    before, new, rounds = start, evaluate(t), 0
    while rounds < budget:
        if _too_high(new, start) or (rounds > 1 and new.loss >= before.loss):
            break
        if _flat(new, start):
            return new, rounds + 1
        if new.slope >= 0:
            break
        step = new.t - before.t
        t = _cubic_minimum(before, new, new.t + 0.01 * step, new.t * 10)
        before, new = new, evaluate(t)
        rounds += 1
    else:
        before = start
    low, high = (before, new) if before.loss <= new.loss else (new, before)
    return _zoom(evaluate, start, low, high, size, change, budget, rounds)


def _zoom(evaluate: Callable[[float], Point], start: Point, low: Point, high: Point, size: float,
          change: float, budget: int, rounds: int) -> tuple[Point, int]:  # fmt: skip
    """Narrow the interval from `low`, the better end, to `high`."""
    near_end = False
    while rounds < budget and abs(high.t - low.t) * size >= change:
        t, near_end = _inside(low, high, near_end)
        new = evaluate(t)
        rounds += 1
        if _too_high(new, start) or new.loss >= low.loss:
            low, high = (low, new) if low.loss <= new.loss else (new, low)
            continue
        if _flat(new, start):
            return new, rounds + 1
        if new.slope * (high.t - low.t) >= 0:
            high = low
        low = new
    return low, rounds + 1


def _inside(low: Point, high: Point, near_end: bool) -> tuple[float, bool]:
    """The length to try, and whether it is near an end: it avoids them if the last one was."""
    least, most = min(low.t, high.t), max(low.t, high.t)
    t, margin = _cubic_minimum(low, high, least, most), 0.1 * (most - least)
    if min(most - t, t - least) >= margin:
        return t, False
    if near_end or not least < t < most:
        return (most - margin if most - t < t - least else least + margin), False
    return t, True


def _too_high(new: Point, start: Point) -> bool:
    return new.loss > start.loss + _DECREASE * new.t * start.slope


def _flat(new: Point, start: Point) -> bool:
    return abs(new.slope) <= -_CURVATURE * start.slope


def _cubic_minimum(a: Point, b: Point, least: float, most: float) -> float:
    """The minimum of the cubic through both points, within bounds; their midpoint if none."""
    if a.t > b.t:
        a, b = b, a
    width = b.t - a.t
    d1 = a.slope + b.slope - 3 * (b.loss - a.loss) / width
    square = d1 * d1 - a.slope * b.slope
    d2 = math.sqrt(square) if square >= 0 else math.nan
    divisor = b.slope - a.slope + 2 * d2
    if not square >= 0 or divisor == 0:
        return (least + most) / 2
    return min(max(b.t - width * (b.slope + d2 - d1) / divisor, least), most)


__all__ = ["Point", "strong_wolfe"]
