"""Composites: methods of every backend whose default body is made of primitives.

`xp`, the first parameter, is the backend, or the differentiable namespace, or a tracer: a body
says what a composite *means* to each of them. A backend overrides one with a fused kernel where
that is faster. ``*_backward(g, ...)`` is the gradient of the input, given that of the result.
"""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.composites_images import Images
from torchlite.backends.composites_layers import Attention, Normalization
from torchlite.backends.composites_linalg import LinearAlgebra
from torchlite.backends.composites_recurrent import Recurrence
from torchlite.backends.composites_special import SpecialFunctions
from torchlite.backends.composites_updates import Updates

Array = Any
_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


class Activations:
    """Elementwise functions of neural networks."""

    def sigmoid(xp, x: Array) -> Array:
        """``1 / (1 + e**-x)``."""
        return xp.reciprocal(xp.add(xp.exp(xp.neg(x)), 1))

    def sigmoid_backward(xp, g: Array, out: Array) -> Array:
        return xp.mul(g, xp.mul(out, xp.sub(1, out)))

    def tanh_backward(xp, g: Array, out: Array) -> Array:
        return xp.mul(g, xp.sub(1, xp.square(out)))

    def relu(xp, x: Array) -> Array:
        """``max(x, 0)``, NaN kept."""
        return xp.maximum(x, 0)

    def relu_backward(xp, g: Array, out: Array) -> Array:
        return xp.where(xp.le(out, 0), 0, g)  # NaN passes, as in PyTorch

    def leaky_relu(xp, x: Array, negative_slope: float) -> Array:
        """``x if x > 0 else negative_slope * x``."""
        return xp.where(xp.gt(x, 0), x, xp.mul(x, negative_slope))

    def leaky_relu_backward(xp, g: Array, x: Array, negative_slope: float) -> Array:
        return xp.where(xp.gt(x, 0), g, xp.mul(g, negative_slope))

    def elu(xp, x: Array, alpha: float, scale: float, input_scale: float) -> Array:
        """``scale * (x if x > 0 else alpha * (e**(x * input_scale) - 1))``."""
        low = xp.mul(xp.expm1(xp.mul(x, input_scale)), alpha * scale)
        return xp.where(xp.gt(x, 0), xp.mul(x, scale), low)

    def elu_backward(xp, g: Array, x: Array, alpha: float, scale: float,
                     input_scale: float) -> Array:  # fmt: skip
        low = xp.mul(xp.exp(xp.mul(xp.minimum(x, 0), input_scale)), alpha * scale * input_scale)
        return xp.mul(g, xp.where(xp.gt(x, 0), scale, low))

    def silu(xp, x: Array) -> Array:
        """``x * sigmoid(x)``."""
        return xp.mul(x, xp.sigmoid(x))

    def silu_backward(xp, g: Array, x: Array) -> Array:
        s = xp.sigmoid(x)
        return xp.mul(g, xp.mul(s, xp.add(xp.mul(x, xp.sub(1, s)), 1)))

    def mish(xp, x: Array) -> Array:
        """``x * tanh(log(1 + e**x))``."""
        return xp.mul(x, xp.tanh(xp.softplus(x, 1, 20)))

    def mish_backward(xp, g: Array, x: Array) -> Array:
        t = xp.tanh(xp.softplus(x, 1, 20))
        inner = xp.mul(xp.mul(x, xp.sigmoid(x)), xp.sub(1, xp.square(t)))
        return xp.mul(g, xp.add(t, inner))

    def gelu(xp, x: Array, approximate: str) -> Array:
        """``x * Phi(x)``, with Phi exact ("none") or by "tanh" (Hendrycks and Gimpel 2016)."""
        if approximate == "tanh":
            return xp.mul(xp.mul(x, 0.5), xp.add(xp.tanh(xp._gelu_inner(x)), 1))
        return xp.mul(xp.mul(x, 0.5), xp.add(xp.erf(xp.mul(x, _SQRT_HALF)), 1))

    def gelu_backward(xp, g: Array, x: Array, approximate: str) -> Array:
        if approximate == "tanh":
            t = xp.tanh(xp._gelu_inner(x))
            slope = xp.mul(xp.add(xp.mul(xp.square(x), 3 * 0.044715), 1), _SQRT_2_OVER_PI)
            inner = xp.mul(xp.mul(x, xp.sub(1, xp.square(t))), slope)
            return xp.mul(g, xp.mul(xp.add(xp.add(t, 1), inner), 0.5))
        density = xp.mul(xp.exp(xp.mul(xp.square(x), -0.5)), _INV_SQRT_2PI)
        cdf = xp.mul(xp.add(xp.erf(xp.mul(x, _SQRT_HALF)), 1), 0.5)
        return xp.mul(g, xp.add(cdf, xp.mul(x, density)))

    def _gelu_inner(xp, x: Array) -> Array:
        cubic = xp.add(x, xp.mul(xp.mul(xp.square(x), x), 0.044715))
        return xp.mul(cubic, _SQRT_2_OVER_PI)

    def softplus(xp, x: Array, beta: float, threshold: float) -> Array:
        """``log(1 + e**(beta * x)) / beta``; ``x`` where ``beta * x > threshold``."""
        scaled = xp.mul(x, beta)
        smooth = xp.div(xp.log1p(xp.exp(xp.minimum(scaled, threshold))), beta)
        return xp.where(xp.gt(scaled, threshold), x, smooth)

    def softplus_backward(xp, g: Array, x: Array, beta: float, threshold: float) -> Array:
        scaled = xp.mul(x, beta)
        return xp.where(xp.gt(scaled, threshold), g, xp.mul(g, xp.sigmoid(scaled)))

    def log_sigmoid(xp, x: Array) -> Array:
        """``log(sigmoid(x))``, stable at both ends."""
        return xp.sub(xp.minimum(x, 0), xp.log1p(xp.exp(xp.neg(xp.abs(x)))))

    def log_sigmoid_backward(xp, g: Array, x: Array) -> Array:
        return xp.mul(g, xp.sigmoid(xp.neg(x)))

    def clamp(xp, x: Array, low: float | None, high: float | None) -> Array:
        """``min(max(x, low), high)`` with numbers or None for bounds; NaN kept."""
        if low is not None:
            x = xp.maximum(x, low)
        return x if high is None else xp.minimum(x, high)

    def div_floor(xp, a: Array, b: Array) -> Array:
        """``floor(a / b)``."""
        return xp.floor_divide(a, b)

    def clamp_backward(xp, g: Array, x: Array, low: float | None, high: float | None) -> Array:
        if low is not None:
            g = xp.where(xp.lt(x, low), 0, g)
        return g if high is None else xp.where(xp.gt(x, high), 0, g)


    def hardtanh(xp, x: Array, low: float, high: float) -> Array:
        """`clamp` between numbers."""
        return xp.clamp(x, low, high)

    def hardtanh_backward(xp, g: Array, x: Array, low: float, high: float) -> Array:
        """As `clamp_backward`, but 0 at the bounds themselves."""
        outside = xp.logical_or(xp.le(x, low), xp.ge(x, high))
        return xp.where(outside, 0, g)


class Reductions:
    """Reductions and normalised exponentials; `axis` is an int, a tuple or None."""

    def mean(xp, x: Array, axis: Any, keepdims: bool) -> Array:
        """Arithmetic mean; NaN of nothing."""
        count = _count(x.shape, axis)
        return xp.div(xp.sum(x, axis, keepdims), count if count else math.nan)

    def var(xp, x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
        """``sum((x - mean)**2) / max(count - correction, 0)``."""
        centred = xp.sub(x, xp.mean(x, axis, True))
        freedom = max(_count(x.shape, axis) - correction, 0)
        total = xp.sum(xp.square(xp.abs(centred)), axis, keepdims)
        return xp.mul(total, 1 / freedom) if freedom else xp.div(total, 0)

    def std(xp, x: Array, axis: Any, correction: float, keepdims: bool) -> Array:
        """The root of `var`."""
        return xp.sqrt(xp.var(x, axis, correction, keepdims))

    def norm(xp, x: Array, p: float, axis: Any, keepdims: bool) -> Array:
        """``sum(|x|**p) ** (1/p)`` for finite p; the number of elements other than 0 for p = 0."""
        if p == 0:
            return xp.sum(xp.astype(xp.ne(x, 0), dtypes.of(x).to_real()), axis, keepdims)
        if p == 2:
            return xp.sqrt(xp.sum(xp.square(xp.abs(x)), axis, keepdims))
        return xp.pow(xp.sum(xp.pow(xp.abs(x), p), axis, keepdims), 1 / p)

    def pick(xp, x: Array, index: Array, axis: int) -> Array:
        """The elements at `index` along `axis`; index: the shape of x with or without that axis."""
        kept = tuple(1 if i == axis else size for i, size in enumerate(x.shape))
        return xp.reshape(xp.gather(x, xp.reshape(index, kept), axis), tuple(index.shape))

    def logsumexp(xp, x: Array, axis: Any, keepdims: bool) -> Array:
        """``log(sum(e**x))`` without overflow."""
        top = xp.amax(x, axis, True)
        top = xp.where(xp.isfinite(top), top, 0)
        total = xp.log(xp.sum(xp.exp(xp.sub(x, top)), axis, True))
        result = xp.add(total, top)
        return result if keepdims else xp.reshape(result, _reduced(x.shape, axis))

    def softmax(xp, x: Array, axis: int) -> Array:
        """``e**x / sum(e**x)`` along `axis`."""
        e = xp.exp(xp.sub(x, xp.amax(x, axis, True)))
        return xp.div(e, xp.sum(e, axis, True))

    def softmax_backward(xp, g: Array, out: Array, axis: int) -> Array:
        return xp.mul(out, xp.sub(g, xp.sum(xp.mul(g, out), axis, True)))

    def log_softmax(xp, x: Array, axis: int) -> Array:
        """``log(softmax(x))`` along `axis`."""
        shifted = xp.sub(x, xp.amax(x, axis, True))
        return xp.sub(shifted, xp.log(xp.sum(xp.exp(shifted), axis, True)))

    def log_softmax_backward(xp, g: Array, out: Array, axis: int) -> Array:
        return xp.sub(g, xp.mul(xp.exp(out), xp.sum(g, axis, True)))


class Order:
    """What is read off sorted rows; `axis` is an int."""

    def median(xp, x: Array, ignore_nan: bool) -> Array:
        """The lower of the middle elements; NaN if there is one, unless `ignore_nan`. -> ()"""
        flat = xp.reshape(x, (-1,))
        place = xp.reshape(xp.median_place(flat, 0, ignore_nan), (1,))
        return xp.reshape(xp.take(flat, place, 0), ())

    def median_place(xp, x: Array, axis: int, ignore_nan: bool) -> Array:
        """The index of the median of each row along `axis`, int64."""
        values, places = xp.sort(x, axis, False)  # NaN last
        valid = xp.sum(xp.astype(xp.logical_not(xp.isnan(values)), dtypes.int64), axis, True)
        if ignore_nan:
            rank = xp.floor_divide(xp.maximum(xp.sub(valid, 1), 0), 2)
        else:
            size = x.shape[axis]
            rank = xp.where(xp.eq(valid, size), (size - 1) // 2, valid)
        return xp.reshape(xp.gather(places, rank, axis), _reduced(x.shape, axis))

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
        return xp.reshape(xp.gather(places, longest, axis), _reduced(x.shape, axis))


class Places:
    """Gradients of indexing, and views of memory."""

    def strided_view(xp, x: Array, shape: tuple, strides: tuple, offset: int) -> Array:
        """`as_strided` of the row-major x; a view of x itself if it is stored so."""
        return xp.as_strided(xp.contiguous(x), shape, strides, offset)

    def getitem_backward(xp, g: Array, shape: tuple, dtype: dtypes.dtype, index: tuple) -> Array:
        """Zeros of `shape` with g at the basic `index`."""
        count = math.prod(shape)
        places = xp.reshape(xp.arange(0, count, 1, dtypes.int64), shape)
        written = xp.reshape(xp.getitem(places, index), (-1,))
        zeros = xp.full((count,), 0, dtype)
        return xp.reshape(xp.index_put(zeros, (written,), xp.reshape(g, (-1,)), False), shape)


class Layers:
    """What layers and losses are made of."""

    def linear(xp, x: Array, weight: Array, bias: Array | None) -> Array:
        """``x @ weight.T + bias``. x (*, I), weight (O, I), bias (O,) or None -> (*, O)."""
        product = xp.matmul(_rows(xp, x), xp.permute(weight, (1, 0)))
        if bias is not None:
            product = xp.add(product, bias)
        if len(x.shape) == 2:
            return product
        return xp.reshape(product, (*x.shape[:-1], weight.shape[0]))

    def linear_relu(xp, x: Array, weight: Array, bias: Array | None) -> Array:
        """``relu(linear(x, weight, bias))``."""
        return xp.relu(xp.linear(x, weight, bias))

    def linear_backward(xp, g: Array, x: Array, weight: Array,
                        needs: tuple[bool, bool, bool]) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias; None for those that `needs` does not ask for."""
        rows = _rows(xp, g)
        gx = xp.matmul(rows, weight) if needs[0] else None
        if needs[0] and len(x.shape) != 2:
            gx = xp.reshape(gx, tuple(x.shape))
        gw = xp.matmul(xp.permute(rows, (1, 0)), _rows(xp, x)) if needs[1] else None
        return gx, gw, xp.sum(rows, 0, False) if needs[2] else None

    def cross_entropy(xp, x: Array, target: Array) -> tuple[Array, Array]:
        """``-log_softmax(x)[target]`` of each row, and the softmax that its gradient needs.

        x (N, C), target (N,) of int64 in range -> losses (N,), probabilities (N, C).
        """
        logp = xp.log_softmax(x, 1)
        picked = xp.gather(logp, xp.reshape(target, (-1, 1)), 1)
        return xp.neg(xp.reshape(picked, (-1,))), xp.exp(logp)

    def cross_entropy_backward(xp, g: Array, probabilities: Array, target: Array) -> Array:
        """``(probabilities - onehot(target)) * g``, where g (N,) is the gradient of the losses."""
        rows = xp.reshape(g, (-1, 1))
        index = xp.reshape(target, (-1, 1))
        return xp.scatter_add(xp.mul(probabilities, rows), index, xp.neg(rows), 1)

    def cross_entropy_mean(xp, x: Array, target: Array) -> tuple[Array, Array]:
        """The mean of `cross_entropy`'s losses, and its probabilities."""
        losses, probabilities = xp.cross_entropy(x, target)
        return xp.mean(losses, None, False), probabilities

    def cross_entropy_mean_backward(xp, g: Array, probabilities: Array, target: Array) -> Array:
        """As `cross_entropy_backward`, where g () is the gradient of the mean."""
        count = probabilities.shape[0]
        rows = xp.broadcast_to(xp.div(g, count), (count,))
        return xp.cross_entropy_backward(rows, probabilities, target)

    def mse_mean(xp, x: Array, target: Array) -> Array:
        """``mean((x - target)**2)``, of equal shapes."""
        return xp.mean(xp.square(xp.sub(x, target)), None, False)

    def mse_mean_backward(xp, g: Array, x: Array, target: Array) -> Array:
        """The gradient of x; that of the target is its negative."""
        return xp.mul(xp.sub(x, target), xp.mul(g, 2 / math.prod(x.shape)))

    def bce(xp, x: Array, target: Array) -> Array:
        """Binary cross-entropy of probabilities, with logarithms of at least -100."""
        yes, no = (xp.maximum(xp.log(p), -100) for p in (x, xp.sub(1, x)))
        return xp.sub(xp.mul(xp.sub(target, 1), no), xp.mul(target, yes))

    def in_range(xp, index: Array, size: int) -> bool:
        """Whether all numbers of an int64 array are in [0, size)."""
        if not index.size:
            return True
        top = xp.amax(xp.view_dtype(index, dtypes.uint64), None, False)  # negative ones are huge
        return xp.item(xp.asarray(top)) < size

    def extremes(xp, x: Array) -> tuple:
        """The least and the greatest element, as Python numbers: for checks of values."""
        low, high = xp.amin(x, None, False), xp.amax(x, None, False)
        return xp.item(xp.asarray(low)), xp.item(xp.asarray(high))

    def alike(xp, array: Array, x: Array) -> Array:
        """`array`, new and not used elsewhere; for each example its own if x is a batch."""
        return array

    def any_true(xp, mask: Array) -> bool:
        """Whether an element is True."""
        return bool(xp.item(xp.asarray(xp.any(mask, None, False))))

    def embedding(xp, weight: Array, index: Array, padding: int, by_frequency: bool) -> Array:
        """Rows of weight (V, D) at index (*), int64 in range -> (*, D).

        `padding` and `by_frequency` matter to the gradient only.
        """
        return xp.index_get(weight, (index,))

    def embedding_backward(xp, g: Array, index: Array, count: int) -> Array:
        """Rows of g (*, D) added up at index (*) -> (count, D)."""
        zeros = xp.full((count, g.shape[-1]), 0, dtypes.of(g))
        return xp.index_put(zeros, (index,), g, True)

    def dropout(xp, x: Array, mask: Array, scale: float) -> Array:
        """``x * mask * scale`` with a bool mask; the gradient of x by the same rule."""
        return xp.mul(x, xp.mul(xp.astype(mask, dtypes.of(x)), scale))


class Composites(Activations, SpecialFunctions, LinearAlgebra, Reductions, Order, Places, Layers,
                 Images, Updates, Normalization, Attention, Recurrence):  # fmt: skip
    """All composites with their default bodies."""


def _rows(xp: Any, x: Array) -> Array:
    """x (*, I) as a matrix."""
    shape = x.shape
    return x if len(shape) == 2 else xp.reshape(x, (math.prod(shape[:-1]), shape[-1]))


def _count(shape: tuple[int, ...], axis: Any) -> int:
    if axis is None:
        return math.prod(shape)
    return math.prod(shape[a] for a in ((axis,) if isinstance(axis, int) else axis))


def _reduced(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    dropped = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(size for i, size in enumerate(shape) if i not in dropped)
