"""Activation functions and their gradients."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import ELEMENTWISE, composite

Array = Any
_FLOAT = (dtypes.FLOAT,)
_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


class Activations:
    """Elementwise functions of neural networks."""

    @composite(ELEMENTWISE, takes=_FLOAT)
    def sigmoid(xp, input: Array) -> Array:
        """``1 / (1 + e**-input)``."""
        return xp.reciprocal(xp.add(xp.exp(xp.neg(input)), 1))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def sigmoid_backward(xp, g: Array, out: Array) -> Array:
        return xp.mul(g, xp.mul(out, xp.sub(1, out)))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def tanh_backward(xp, g: Array, out: Array) -> Array:
        return xp.mul(g, xp.sub(1, xp.square(out)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def relu(xp, x: Array) -> Array:
        """``max(x, 0)``; NaN propagates."""
        return xp.maximum(x, 0)

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def relu_backward(xp, g: Array, out: Array) -> Array:
        return xp.where(xp.le(out, 0), 0, g)  # at NaN the gradient passes, as in PyTorch

    @composite(ELEMENTWISE, takes=_FLOAT)
    def leaky_relu(xp, x: Array, negative_slope: float) -> Array:
        """``x if x > 0 else negative_slope * x``."""
        return xp.where(xp.gt(x, 0), x, xp.mul(x, negative_slope))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def leaky_relu_backward(xp, g: Array, x: Array, negative_slope: float) -> Array:
        return xp.where(xp.gt(x, 0), g, xp.mul(g, negative_slope))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def elu(xp, x: Array, alpha: float, scale: float, input_scale: float) -> Array:
        """``scale * (x if x > 0 else alpha * (e**(x * input_scale) - 1))``."""
        low = xp.mul(xp.expm1(xp.mul(x, input_scale)), alpha * scale)
        return xp.where(xp.gt(x, 0), xp.mul(x, scale), low)

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def elu_backward(xp, g: Array, x: Array, alpha: float, scale: float,
                     input_scale: float) -> Array:  # fmt: skip
        low = xp.mul(xp.exp(xp.mul(xp.minimum(x, 0), input_scale)), alpha * scale * input_scale)
        return xp.mul(g, xp.where(xp.gt(x, 0), scale, low))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def silu(xp, x: Array) -> Array:
        """``x * sigmoid(x)``."""
        return xp.mul(x, xp.sigmoid(x))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def silu_backward(xp, g: Array, x: Array) -> Array:
        s = xp.sigmoid(x)
        return xp.mul(g, xp.mul(s, xp.add(xp.mul(x, xp.sub(1, s)), 1)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def mish(xp, x: Array) -> Array:
        """``x * tanh(log(1 + e**x))``."""
        return xp.mul(x, xp.tanh(xp.softplus(x, 1, 20)))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def mish_backward(xp, g: Array, x: Array) -> Array:
        t = xp.tanh(xp.softplus(x, 1, 20))
        inner = xp.mul(xp.mul(x, xp.sigmoid(x)), xp.sub(1, xp.square(t)))
        return xp.mul(g, xp.add(t, inner))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def gelu(xp, x: Array, approximate: str) -> Array:
        """``x * Phi(x)``; Phi is exact ("none") or uses "tanh" (Hendrycks and Gimpel 2016)."""
        if approximate == "tanh":
            return xp.mul(xp.mul(x, 0.5), xp.add(xp.tanh(xp._gelu_inner(x)), 1))
        return xp.mul(xp.mul(x, 0.5), xp.add(xp.erf(xp.mul(x, _SQRT_HALF)), 1))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
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

    @composite(ELEMENTWISE, takes=_FLOAT)
    def softplus(xp, x: Array, beta: float, threshold: float) -> Array:
        """``log(1 + e**(beta * x)) / beta``; ``x`` where ``beta * x > threshold``."""
        scaled = xp.mul(x, beta)
        smooth = xp.div(xp.log1p(xp.exp(xp.minimum(scaled, threshold))), beta)
        return xp.where(xp.gt(scaled, threshold), x, smooth)

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def softplus_backward(xp, g: Array, x: Array, beta: float, threshold: float) -> Array:
        scaled = xp.mul(x, beta)
        return xp.where(xp.gt(scaled, threshold), g, xp.mul(g, xp.sigmoid(scaled)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def log_sigmoid(xp, x: Array) -> Array:
        """``log(sigmoid(x))``, stable at both ends."""
        return xp.sub(xp.minimum(x, 0), xp.log1p(xp.exp(xp.neg(xp.abs(x)))))

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def log_sigmoid_backward(xp, g: Array, x: Array) -> Array:
        return xp.mul(g, xp.sigmoid(xp.neg(x)))

    @composite(ELEMENTWISE, takes=_FLOAT)
    def clamp(xp, x: Array, low: float | None, high: float | None) -> Array:
        """``min(max(x, low), high)``; bounds are scalars or None; NaN propagates."""
        if low is not None:
            x = xp.maximum(x, low)
        return x if high is None else xp.minimum(x, high)

    @composite(ELEMENTWISE, takes=_FLOAT)
    def div_floor(xp, input: Array, other: Array) -> Array:
        """``floor(input / other)``."""
        return xp.floor_divide(input, other)

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def clamp_backward(xp, g: Array, x: Array, low: float | None, high: float | None) -> Array:
        if low is not None:
            g = xp.where(xp.lt(x, low), 0, g)
        return g if high is None else xp.where(xp.gt(x, high), 0, g)

    @composite(ELEMENTWISE, takes=_FLOAT)
    def hardtanh(xp, x: Array, low: float, high: float) -> Array:
        """`clamp` between two scalars."""
        return xp.clamp(x, low, high)

    @composite(ELEMENTWISE, takes=_FLOAT, linear="g")
    def hardtanh_backward(xp, g: Array, x: Array, low: float, high: float) -> Array:
        """Like `clamp_backward`, but 0 at the bounds themselves."""
        outside = xp.logical_or(xp.le(x, low), xp.ge(x, high))
        return xp.where(outside, 0, g)
