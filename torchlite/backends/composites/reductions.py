"""Reductions, softmax and its relatives, and order statistics."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import MOVEMENT, REDUCTION, SCAN, composite
from torchlite.core.shapes import reduced_count, reduced_shape

Array = Any
_FLOAT = (dtypes.FLOAT,)


class Reductions:
    """Reductions, softmax and its relatives; `axis` is an int, a tuple or None."""

    @composite(REDUCTION, axis="axis", linear="x", accumulates=True)
    def mean(xp, x: Array, axis: Any, keepdims: bool) -> Array:
        """Arithmetic mean; NaN if empty."""
        count = reduced_count(x.shape, axis)
        return xp.div(xp.sum(x, axis, keepdims), count if count else math.nan)

    @composite(REDUCTION, axis="axis", accumulates=True, holomorphic=False)
    def var(xp, x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
        """``sum((x - mean)**2) / max(count - correction, 0)``."""
        centred = xp.sub(x, xp.mean(x, axis, True))
        freedom = max(reduced_count(x.shape, axis) - correction, 0)
        total = xp.sum(xp.square(xp.abs(centred)), axis, keepdims)
        return xp.mul(total, 1 / freedom) if freedom else xp.div(total, 0)

    @composite(REDUCTION, axis="axis", accumulates=True, holomorphic=False)
    def std(xp, x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
        """The square root of `var`."""
        return xp.sqrt(xp.var(x, axis, correction, keepdims))

    @composite(REDUCTION, axis="axis", accumulates=True, holomorphic=False)
    def norm(xp, x: Array, p: float, axis: Any, keepdims: bool) -> Array:
        """``sum(|x|**p) ** (1/p)`` for finite p; for p = 0, the number of nonzero elements."""
        if p == 0:
            return xp.sum(xp.astype(xp.ne(x, 0), dtypes.of(x).to_real()), axis, keepdims)
        if p == 2:
            return xp.sqrt(xp.sum(xp.square(xp.abs(x)), axis, keepdims))
        return xp.pow(xp.sum(xp.pow(xp.abs(x), p), axis, keepdims), 1 / p)

    @composite(MOVEMENT, linear="x")
    def pick(xp, x: Array, index: Array, axis: int) -> Array:
        """The elements at `index` along `axis`; index has x's shape, with or without that axis."""
        kept = tuple(1 if i == axis else size for i, size in enumerate(x.shape))
        return xp.reshape(xp.gather(x, xp.reshape(index, kept), axis), tuple(index.shape))

    @composite(REDUCTION, axis="axis", accumulates=True)
    def logsumexp(xp, x: Array, axis: Any, keepdims: bool) -> Array:
        """``log(sum(e**x))`` without overflow."""
        top = xp.amax(x, axis, True)
        top = xp.where(xp.isfinite(top), top, 0)
        total = xp.log(xp.sum(xp.exp(xp.sub(x, top)), axis, True))
        result = xp.add(total, top)
        return result if keepdims else xp.reshape(result, reduced_shape(x.shape, axis, False))

    @composite(SCAN, axis="axis")
    def softmax(xp, x: Array, axis: int) -> Array:
        """``e**x / sum(e**x)`` along `axis`."""
        e = xp.exp(xp.sub(x, xp.amax(x, axis, True)))
        return xp.div(e, xp.sum(e, axis, True))

    @composite(SCAN, axis="axis", linear="g", accumulates=True)
    def softmax_backward(xp, g: Array, out: Array, axis: int) -> Array:
        return xp.mul(out, xp.sub(g, xp.sum(xp.mul(g, out), axis, True)))

    @composite(SCAN, axis="axis")
    def log_softmax(xp, x: Array, axis: int) -> Array:
        """``log(softmax(x))`` along `axis`."""
        shifted = xp.sub(x, xp.amax(x, axis, True))
        return xp.sub(shifted, xp.log(xp.sum(xp.exp(shifted), axis, True)))

    @composite(SCAN, axis="axis", linear="g", accumulates=True)
    def log_softmax_backward(xp, g: Array, out: Array, axis: int) -> Array:
        return xp.sub(g, xp.mul(xp.exp(out), xp.sum(g, axis, True)))


class Order:
    """Order statistics; `axis` is an int."""

    @composite(REDUCTION)
    def median(xp, x: Array, ignore_nan: bool) -> Array:
        """The lower of the middle elements; NaN if x has any, unless `ignore_nan`. -> ()"""
        flat = xp.reshape(x, (-1,))
        place = xp.reshape(xp.median_place(flat, 0, ignore_nan), (1,))
        return xp.reshape(xp.take(flat, place, 0), ())

    @composite(REDUCTION, axis="axis")
    def median_place(xp, x: Array, axis: int, ignore_nan: bool) -> Array:
        """The index of the median of each row along `axis`, int64."""
        values, places = xp.sort(x, axis, False)  # NaN last
        valid = xp.sum(xp.astype(xp.logical_not(xp.isnan(values)), dtypes.int64), axis, True)
        if ignore_nan:
            rank = xp.floor_divide(xp.maximum(xp.sub(valid, 1), 0), 2)
        else:
            size = x.shape[axis]
            rank = xp.where(xp.eq(valid, size), (size - 1) // 2, valid)
        return xp.reshape(xp.gather(places, rank, axis), reduced_shape(x.shape, axis, False))

    @composite(REDUCTION, axis="axis")
    def mode_place(xp, x: Array, axis: int) -> Array:
        """The index of the most frequent element of each row along `axis`, int64."""
        values, places = xp.sort(x, axis, False)
        before, size = (slice(None),) * axis, x.shape[axis]
        kept = [size if i == axis else 1 for i in range(len(x.shape))]
        steps = xp.reshape(xp.arange(0, size, 1, dtypes.int64), kept)
        changed = xp.ne(
            xp.getitem(values, (*before, slice(1, None))),
            xp.getitem(values, (*before, slice(0, size - 1))),
        )
        widths = [(int(i == axis), 0) for i in range(len(x.shape))]
        starts = xp.cummax(xp.where(xp.pad(changed, widths, False), steps, 0), axis)[0]
        longest = xp.argmax(xp.sub(steps, starts), axis, True)  # where the first such run ends
        return xp.reshape(xp.gather(places, longest, axis), reduced_shape(x.shape, axis, False))
