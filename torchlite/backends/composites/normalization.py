"""Composites for normalization and attention: see `torchlite.backends.composites`."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import LAYER, composite

Array = Any
_FLOAT = (dtypes.FLOAT,)
Needs = tuple[bool, ...]


class Normalization:
    """Standardization followed by an affine map; weight and bias may be None."""

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def layer_norm(xp, x: Array, weight: Array | None, bias: Array | None, dims: int,
                   eps: float) -> Array:  # fmt: skip
        """Normalizes over the last `dims` axes; weight and bias have their shape."""
        unit, _ = _standardized(xp, x, _last(x, dims), eps)
        return _affine(xp, unit, weight, bias)

    @composite(LAYER, takes=_FLOAT, results=3, accumulates=True)
    def layer_norm_backward(xp, g: Array, x: Array, weight: Array | None, dims: int, eps: float,
                            needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias; None where `needs` is False."""
        axes = _last(x, dims)
        unit, scale = _standardized(xp, x, axes, eps)
        gw, gb = _affine_backward(xp, g, unit, tuple(range(len(x.shape) - dims)), needs)
        gu = g if weight is None else xp.mul(g, weight)
        return (_unit_backward(xp, gu, unit, scale, axes) if needs[0] else None), gw, gb

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def rms_norm(xp, x: Array, weight: Array | None, dims: int, eps: float) -> Array:
        """``x / sqrt(mean(x**2) + eps) * weight``; the mean is over the last `dims` axes."""
        return _affine(xp, xp.mul(x, _inverse_rms(xp, x, _last(x, dims), eps)), weight, None)

    @composite(LAYER, takes=_FLOAT, results=2, accumulates=True)
    def rms_norm_backward(xp, g: Array, x: Array, weight: Array | None, dims: int, eps: float,
                          needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x and weight."""
        axes = _last(x, dims)
        scale = _inverse_rms(xp, x, axes, eps)
        unit = xp.mul(x, scale)
        before = tuple(range(len(x.shape) - dims))
        gw, _ = _affine_backward(xp, g, unit, before, (needs[0], needs[1], False))
        gu = g if weight is None else xp.mul(g, weight)
        along = xp.mul(unit, xp.mean(xp.mul(gu, unit), axes, True))
        return (xp.mul(scale, xp.sub(gu, along)) if needs[0] else None), gw

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def group_norm(xp, x: Array, weight: Array | None, bias: Array | None, groups: int,
                   eps: float) -> Array:  # fmt: skip
        """Normalizes each of `groups` equal groups of channels. x (N, C, *), weight, bias (C,)."""
        unit, _ = _standardized(xp, _grouped(xp, x, groups), (2,), eps)
        shape = _channels(x.shape)
        return _affine(xp, xp.reshape(unit, tuple(x.shape)), _shaped(xp, weight, shape),
                       _shaped(xp, bias, shape))  # fmt: skip

    @composite(LAYER, takes=_FLOAT, results=3, accumulates=True)
    def group_norm_backward(xp, g: Array, x: Array, weight: Array | None, groups: int, eps: float,
                            needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias."""
        shape = tuple(x.shape)
        unit, scale = _standardized(xp, _grouped(xp, x, groups), (2,), eps)
        gw, gb = _affine_backward(xp, g, xp.reshape(unit, shape), _but_channels(shape), needs)
        if not needs[0]:
            return None, gw, gb
        gu = g if weight is None else xp.mul(g, xp.reshape(weight, _channels(shape)))
        gx = _unit_backward(xp, _grouped(xp, gu, groups), unit, scale, (2,))
        return xp.reshape(gx, shape), gw, gb

    @composite(LAYER, takes=_FLOAT, results=2, accumulates=True)
    def batch_moments(xp, x: Array) -> tuple[Array, Array]:
        """Mean and (biased) variance of each channel of x (N, C, *): (C,), (C,)."""
        axes = _but_channels(x.shape)
        return xp.mean(x, axes, False), xp.var(x, axes, 0, False)

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def batch_norm(xp, x: Array, weight: Array | None, bias: Array | None, mean: Array,
                   var: Array, training: bool, eps: float) -> Array:  # fmt: skip
        """``(x - mean) / sqrt(var + eps) * weight + bias``. x (N, C, *), the others (C,).

        If `training`, mean and var are the moments of x itself, so gradients flow through them.
        """
        shape = _channels(x.shape)
        scale = xp.rsqrt(xp.add(var, eps))
        scale = scale if weight is None else xp.mul(scale, weight)
        shift = xp.mul(mean, scale)
        shift = xp.neg(shift) if bias is None else xp.sub(bias, shift)
        return xp.add(xp.mul(x, xp.reshape(scale, shape)), xp.reshape(shift, shape))

    @composite(LAYER, takes=_FLOAT, results=3, accumulates=True)
    def batch_norm_backward(xp, g: Array, x: Array, weight: Array | None, mean: Array, var: Array,
                            training: bool, eps: float, needs: Needs) -> tuple:  # fmt: skip
        """Gradients of x, weight and bias.

        A kernel may use mean and var. If `training`, this body recomputes them from x: it is
        itself differentiated, and there mean and var would be constants.
        """
        shape, axes = _channels(x.shape), _but_channels(x.shape)
        if training:
            unit, scale = _standardized(xp, x, axes, eps)
        else:
            scale = xp.reshape(xp.rsqrt(xp.add(var, eps)), shape)
            unit = xp.mul(xp.sub(x, xp.reshape(mean, shape)), scale)
        gw, gb = _affine_backward(xp, g, unit, axes, needs)
        if not needs[0]:
            return None, gw, gb
        gu = g if weight is None else xp.mul(g, xp.reshape(weight, shape))
        gx = _unit_backward(xp, gu, unit, scale, axes) if training else xp.mul(gu, scale)
        return gx, gw, gb


class Attention:
    """Softmax of scaled query-key products, times values; leading axes are equal.

    q (*, L, E), k (*, S, E), v (*, S, V); mask (*, L, S) or None: bool, True where to attend, or
    floats that are added; `causal`: row i sees columns up to i. Rows that see nothing are 0.
    """

    @composite(LAYER, takes=_FLOAT, batched=True, accumulates=True)
    def attention_weights(xp, q: Array, k: Array, mask: Array | None, causal: bool,
                          scale: float) -> Array:  # fmt: skip
        """The weight of each value: (*, L, S)."""
        scores = xp.matmul(xp.mul(q, scale), _transposed(xp, k))
        if causal:
            seen = xp.tril(xp.full(tuple(scores.shape[-2:]), True, dtypes.bool_), 0)
            scores = xp.where(seen, scores, -math.inf)
        last = len(scores.shape) - 1
        if mask is None:
            return xp.softmax(scores, last)
        if dtypes.of(mask) is dtypes.bool_:
            scores = xp.where(mask, scores, -math.inf)
        else:
            scores = xp.add(scores, mask)
        blind = xp.eq(xp.amax(scores, last, True), -math.inf)
        return xp.where(blind, 0, xp.softmax(xp.where(blind, 0, scores), last))

    @composite(LAYER, takes=_FLOAT, results=2, batched=True, accumulates=True)
    def attention_weights_backward(xp, g: Array, weights: Array, q: Array, k: Array, scale: float,
                                   needs: Needs) -> tuple:  # fmt: skip
        """Gradients of q, k and mask."""
        gs = xp.softmax_backward(g, weights, len(weights.shape) - 1)
        scaled = xp.mul(gs, scale)
        gq = xp.matmul(scaled, k) if needs[0] else None
        gk = xp.matmul(_transposed(xp, scaled), q) if needs[1] else None
        return gq, gk, gs if needs[2] else None

    @composite(LAYER, takes=_FLOAT, batched=True, accumulates=True)
    def scaled_dot_product_attention(xp, q: Array, k: Array, v: Array, mask: Array | None,
                                     causal: bool, scale: float) -> Array:  # fmt: skip
        """``attention_weights @ v``: (*, L, V)."""
        return xp.matmul(xp.attention_weights(q, k, mask, causal, scale), v)

    @composite(LAYER, takes=_FLOAT, results=3, batched=True, accumulates=True)
    def scaled_dot_product_attention_backward(
        xp, g: Array, q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float,
        needs: Needs,
    ) -> tuple:  # fmt: skip
        """Gradients of q, k, v and mask."""
        weights = xp.attention_weights(q, k, mask, causal, scale)
        gv = xp.matmul(_transposed(xp, weights), g) if needs[2] else None
        if not (needs[0] or needs[1] or needs[3]):
            return None, None, gv, None
        gp = xp.matmul(g, _transposed(xp, v))
        needed = needs[0], needs[1], needs[3]
        gq, gk, gm = xp.attention_weights_backward(gp, weights, q, k, scale, needed)
        return gq, gk, gv, gm


def _last(x: Array, dims: int) -> tuple[int, ...]:
    return tuple(range(len(x.shape) - dims, len(x.shape)))


def _channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in which (C,) broadcasts over (N, C, *)."""
    return (1, shape[1]) + (1,) * (len(shape) - 2)


def _but_channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (0, *range(2, len(shape)))


def _grouped(xp: Any, x: Array, groups: int) -> Array:
    n, channels = x.shape[:2]
    return xp.reshape(x, (n, groups, channels // groups * math.prod(x.shape[2:])))


def _shaped(xp: Any, x: Array | None, shape: tuple[int, ...]) -> Array | None:
    return None if x is None else xp.reshape(x, shape)


def _standardized(xp: Any, x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array]:
    """x standardized to mean 0 and variance 1, and the factor applied."""
    centred = xp.sub(x, xp.mean(x, axes, True))
    scale = xp.rsqrt(xp.add(xp.mean(xp.square(centred), axes, True), eps))
    return xp.mul(centred, scale), scale


def _unit_backward(xp: Any, g: Array, unit: Array, scale: Array, axes: tuple[int, ...]) -> Array:
    """The gradient of `_standardized`'s input, given its result `unit`."""
    along = xp.mul(unit, xp.mean(xp.mul(g, unit), axes, True))
    return xp.mul(scale, xp.sub(xp.sub(g, xp.mean(g, axes, True)), along))


def _inverse_rms(xp: Any, x: Array, axes: tuple[int, ...], eps: float) -> Array:
    return xp.rsqrt(xp.add(xp.mean(xp.square(x), axes, True), eps))


def _affine(xp: Any, unit: Array, weight: Array | None, bias: Array | None) -> Array:
    out = unit if weight is None else xp.mul(unit, weight)
    return out if bias is None else xp.add(out, bias)


def _affine_backward(xp: Any, g: Array, unit: Array, axes: tuple[int, ...],
                     needs: Needs) -> tuple:  # fmt: skip
    """Gradients of weight and bias, summed over `axes`."""
    gw = xp.mul(g, unit) if needs[1] else None
    if axes and gw is not None:
        gw = xp.sum(gw, axes, False)
    if not needs[2]:
        return gw, None
    return gw, xp.sum(g, axes, False) if axes else g


def _transposed(xp: Any, x: Array) -> Array:
    ndim = len(x.shape)
    return xp.permute(x, (*range(ndim - 2), ndim - 1, ndim - 2))
