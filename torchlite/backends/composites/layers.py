"""Affine maps, losses, embeddings; views of strided memory."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import (
    CREATION,
    ELEMENTWISE,
    LAYER,
    MOVEMENT,
    PRODUCT,
    QUERY,
    VIEW,
    composite,
)

Array = Any
_FLOAT = (dtypes.FLOAT,)


class Places:
    """Gradients of indexing, and views of memory."""

    @composite(VIEW, linear="x")
    def strided_view(xp, x: Array, shape: tuple, strides: tuple, offset: int) -> Array:
        """`as_strided` of the row-major x; a view of x itself if x is row-major."""
        return xp.as_strided(xp.contiguous(x), shape, strides, offset)

    @composite(MOVEMENT, linear="grad", exact=False)
    def getitem_backward(xp, grad: Array, shape: tuple, dtype: dtypes.dtype, index: tuple) -> Array:
        """Zeros of `shape` with grad at `index`, a basic index."""
        count = math.prod(shape)
        places = xp.reshape(xp.arange(0, count, 1, dtypes.int64), shape)
        written = xp.reshape(xp.getitem(places, index), (-1,))
        zeros = xp.full((count,), 0, dtype)
        return xp.reshape(xp.index_put(zeros, (written,), xp.reshape(grad, (-1,)), False), shape)


class Layers:
    """Building blocks of layers and losses."""

    @composite(PRODUCT, bilinear="input weight", accumulates=True)
    def linear(xp, input: Array, weight: Array, bias: Array | None) -> Array:
        """``input @ weight.T + bias``. input (*, I), weight (O, I), bias (O,) or None -> (*, O)."""
        product = xp.matmul(_rows(xp, input), xp.permute(weight, (1, 0)))
        if bias is not None:
            product = xp.add(product, bias)
        if len(input.shape) == 2:
            return product
        return xp.reshape(product, (*input.shape[:-1], weight.shape[0]))

    @composite(PRODUCT, results=3, accumulates=True)
    def linear_backward(xp, g: Array, x: Array, weight: Array,
                        needs: tuple[bool, bool, bool]) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias; None where `needs` is False."""
        rows = _rows(xp, g)
        gx = xp.matmul(rows, weight) if needs[0] else None
        if needs[0] and len(x.shape) != 2:
            gx = xp.reshape(gx, tuple(x.shape))
        gw = xp.matmul(xp.permute(rows, (1, 0)), _rows(xp, x)) if needs[1] else None
        return gx, gw, xp.sum(rows, 0, False) if needs[2] else None

    @composite(LAYER, takes=_FLOAT, results=2, accumulates=True)
    def cross_entropy(xp, input: Array, target: Array) -> tuple[Array, Array]:
        """``-log_softmax(input)[target]`` of each row, and the softmax, which its gradient needs.

        input (N, C), target (N,) of int64 in range -> losses (N,), probabilities (N, C).
        """
        logp = xp.log_softmax(input, 1)
        picked = xp.gather(logp, xp.reshape(target, (-1, 1)), 1)
        return xp.neg(xp.reshape(picked, (-1,))), xp.exp(logp)

    @composite(LAYER, takes=_FLOAT, linear="g")
    def cross_entropy_backward(xp, g: Array, probabilities: Array, target: Array) -> Array:
        """``(probabilities - onehot(target)) * g``, where g (N,) is the gradient of the losses."""
        rows = xp.reshape(g, (-1, 1))
        index = xp.reshape(target, (-1, 1))
        return xp.scatter_add(xp.mul(probabilities, rows), index, xp.neg(rows), 1)

    @composite(LAYER, takes=_FLOAT, results=2, accumulates=True)
    def cross_entropy_mean(xp, input: Array, target: Array) -> tuple[Array, Array]:
        """The mean of `cross_entropy`'s losses, and its probabilities."""
        losses, probabilities = xp.cross_entropy(input, target)
        return xp.mean(losses, None, False), probabilities

    @composite(LAYER, takes=_FLOAT, linear="g")
    def cross_entropy_mean_backward(xp, g: Array, probabilities: Array, target: Array) -> Array:
        """Like `cross_entropy_backward`, where g () is the gradient of the mean."""
        count = probabilities.shape[0]
        rows = xp.broadcast_to(xp.div(g, count), (count,))
        return xp.cross_entropy_backward(rows, probabilities, target)

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def mse_mean(xp, input: Array, target: Array) -> Array:
        """``mean((input - target)**2)``; both have the same shape."""
        return xp.mean(xp.square(xp.sub(input, target)), None, False)

    @composite(LAYER, takes=_FLOAT, linear="g")
    def mse_mean_backward(xp, g: Array, x: Array, target: Array) -> Array:
        """The gradient of x; the target's gradient is its negative."""
        return xp.mul(xp.sub(x, target), xp.mul(g, 2 / math.prod(x.shape)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def bce(xp, input: Array, target: Array) -> Array:
        """Binary cross-entropy of probabilities, with logarithms clamped to at least -100."""
        yes, no = (xp.maximum(xp.log(p), -100) for p in (input, xp.sub(1, input)))
        return xp.sub(xp.mul(xp.sub(target, 1), no), xp.mul(target, yes))

    @composite(QUERY)
    def in_range(xp, index: Array, size: int) -> bool:
        """Whether all elements of an int64 array are in [0, size)."""
        if not index.size:
            return True
        top = xp.amax(xp.view_dtype(index, dtypes.uint64), None, False)  # negatives become huge
        return xp.item(xp.asarray(top)) < size

    @composite(QUERY)
    def extremes(xp, x: Array) -> tuple:
        """The minimum and maximum as Python scalars, for checking values."""
        low, high = xp.amin(x, None, False), xp.amax(x, None, False)
        return xp.item(xp.asarray(low)), xp.item(xp.asarray(high))

    @composite(CREATION)
    def alike(xp, array: Array, x: Array) -> Array:
        """`array`, fresh and not used elsewhere; one copy per example if x is a batch."""
        return array

    @composite(QUERY)
    def any_true(xp, mask: Array) -> bool:
        """Whether any element is True."""
        return bool(xp.item(xp.asarray(xp.any(mask, None, False))))

    @composite(MOVEMENT, linear="weight")
    def embedding(xp, weight: Array, index: Array, padding: int, by_frequency: bool) -> Array:
        """Rows of weight (V, D) at index (*), int64 in range -> (*, D).

        `padding` and `by_frequency` affect only the gradient.
        """
        return xp.index_get(weight, (index,))

    @composite(MOVEMENT, linear="g", exact=False, accumulates=True)
    def embedding_backward(xp, g: Array, index: Array, count: int) -> Array:
        """Sums rows of g (*, D) at index (*) -> (count, D)."""
        zeros = xp.full((count, g.shape[-1]), 0, dtypes.of(g))
        return xp.index_put(zeros, (index,), g, True)

    @composite(ELEMENTWISE, takes=_FLOAT, linear="input")
    def dropout(xp, input: Array, mask: Array, scale: float) -> Array:
        """``input * mask * scale`` with a bool mask; the input's gradient has the same form."""
        return xp.mul(input, xp.mul(xp.astype(mask, dtypes.of(input)), scale))


def _rows(xp: Any, x: Array) -> Array:
    """x (*, I) reshaped to a matrix."""
    shape = x.shape
    return x if len(shape) == 2 else xp.reshape(x, (math.prod(shape[:-1]), shape[-1]))
