"""The elements that each resampled element combines along an axis, and their weights.

Each function returns arrays (T, count): int64 indices into an axis of `length`, and weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlite import dtypes

Array = Any


def step(length: int, count: int, factor: float | None, align: bool) -> float:
    """The distance between neighbours in the result, in elements of the input."""
    if align:
        return (length - 1) / (count - 1) if count > 1 else 0.0
    return 1 / factor if factor else length / count


def nearest(xp: Any, kind: dtypes.dtype, length: int, count: int, factor: float | None,
            exact: bool) -> Array:  # fmt: skip
    """The input index at or below each output position; `exact`: nearest to its centre."""
    kind = dtypes.float64 if kind is dtypes.float64 else dtypes.float32  # PyTorch's rounding
    places = xp.arange(0, count, 1, kind)
    if exact:
        places = xp.add(places, 0.5)
    places = xp.floor(xp.mul(places, step(length, count, factor, False)))
    return xp.reshape(xp.astype(xp.minimum(places, length - 1), dtypes.int64), (1, count))


def _places(xp: Any, kind: dtypes.dtype, count: int, scale: float, align: bool) -> Array:
    kind = dtypes.float64 if kind is dtypes.float64 else dtypes.float32
    places = xp.arange(0, count, 1, kind)
    if align:
        return xp.mul(places, scale)
    return xp.sub(xp.mul(xp.add(places, 0.5), scale), 0.5)


def linear(xp: Any, kind: dtypes.dtype, length: int, count: int, scale: float,
           align: bool) -> tuple:  # fmt: skip
    """Two neighbours, weighted by proximity."""
    places = xp.maximum(_places(xp, kind, count, scale, align), 0)
    low = xp.minimum(xp.floor(places), length - 1)
    part = xp.maximum(xp.minimum(xp.sub(places, low), 1), 0)
    first = xp.astype(low, dtypes.int64)
    index = xp.stack([first, xp.minimum(xp.add(first, 1), length - 1)], 0)
    return index, xp.astype(xp.stack([xp.sub(1, part), part], 0), kind)


def cubic(xp: Any, kind: dtypes.dtype, length: int, count: int, scale: float, align: bool) -> tuple:
    """Four neighbours. Source: Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711, a = -0.75."""
    places = _places(xp, kind, count, scale, align)
    low = xp.floor(places)
    weights = cubic_weights(xp, xp.sub(places, low))
    first = xp.astype(low, dtypes.int64)
    index = [xp.minimum(xp.maximum(xp.add(first, k), 0), length - 1) for k in (-1, 0, 1, 2)]
    return xp.stack(index, 0), xp.astype(xp.stack(weights, 0), kind)


def cubic_weights(xp: Any, t: Array) -> list[Array]:
    """The weights of the neighbours at -1, 0, 1 and 2 for a position t in [0, 1)."""
    a = -0.75

    def near(x: Array) -> Array:
        return xp.add(xp.mul(xp.mul(xp.sub(xp.mul(x, a + 2), a + 3), x), x), 1)

    def far(x: Array) -> Array:
        inner = xp.add(xp.mul(xp.sub(xp.mul(x, a), 5 * a), x), 8 * a)
        return xp.sub(xp.mul(inner, x), 4 * a)

    other = xp.sub(1, t)
    return [far(xp.add(t, 1)), near(t), near(other), far(xp.add(other, 1))]


def _triangle(x: float) -> float:
    return max(1 - abs(x), 0.0)


def _keys(x: float) -> float:
    x, a = abs(x), -0.5
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0


def _lanczos(x: float) -> float:
    def sinc(y: float) -> float:
        return math.sin(math.pi * y) / (math.pi * y) if y else 1.0

    return sinc(x) * sinc(x / 3) if -3 <= x < 3 else 0.0


#: Mode -> the filter and its radius.
_FILTERS: dict[str, tuple[Callable, int]] = {
    "bilinear": (_triangle, 1), "bicubic": (_keys, 2), "lanczos": (_lanczos, 3),
}  # fmt: skip


def smoothed(xp: Any, kind: dtypes.dtype, mode: str, length: int, count: int, scale: float,
             align: bool, antialias: bool) -> tuple:  # fmt: skip
    """All neighbours under a filter that widens when the image shrinks."""
    curve, radius = _FILTERS[mode]
    width = max(scale, 1.0) if antialias else 1.0
    support = radius * width
    rows = []
    for i in range(count):
        centre = scale * (i + 0.5)
        start = max(int(centre - support + 0.5), 0)
        stop = min(int(centre + support + 0.5), length)
        weights = [curve((j - centre + 0.5) / width) for j in range(start, stop)]
        total = sum(weights)
        rows.append((start, [w / total for w in weights]))
    most = max(len(weights) for _, weights in rows)
    index = [[min(start + t, start + len(w) - 1) for start, w in rows] for t in range(most)]
    filled = [[w[t] if t < len(w) else 0.0 for _, w in rows] for t in range(most)]
    return xp.array(index, dtypes.int64), xp.array(filled, kind)
