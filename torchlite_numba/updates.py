"""Optimizer steps: one pass over each parameter, with the roundings of the composite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba.kernel import REALS, Real, kernel
from torchlite_numba.launch import CHEAP_FROM
from torchlite_numba.vector import maximum

Array = Any


@kernel(threshold=CHEAP_FROM)
def _sgd(p: Real, g: Real, lo: int, hi: int, lr: float, decay: float, sign: float) -> None:
    kind, p, g = p.dtype.type, p[lo:hi], g[lo:hi]
    lr, decay, sign = kind(lr), kind(decay), kind(sign)
    for i in range(p.size):
        v = g[i] * sign
        if decay != 0:
            v += p[i] * decay
        p[i] -= v * lr


@kernel(threshold=CHEAP_FROM)
def _momentum(p: Real, g: Real, b: Real, lo: int, hi: int, lr: float, momentum: float, keep: float,
              decay: float, nesterov: int, sign: float, first: int) -> None:  # fmt: skip
    kind, p, g, b = p.dtype.type, p[lo:hi], g[lo:hi], b[lo:hi]
    lr, momentum, keep, decay, sign = kind(lr), kind(momentum), kind(keep), kind(decay), kind(sign)
    for i in range(p.size):
        v = g[i] * sign
        if decay != 0:
            v += p[i] * decay
        moved = v if first else b[i] * momentum + v * keep
        b[i] = moved
        p[i] -= (v + moved * momentum if nesterov else moved) * lr


@kernel(threshold=CHEAP_FROM)
def _adam(p: Real, g: Real, mean: Real, square: Real, top: Real, lo: int, hi: int, amsgrad: int,
          scale: float, root: float, beta1: float, rest1: float, beta2: float, rest2: float,
          eps: float, decay: float, shrink: float, sign: float) -> None:  # fmt: skip
    """`shrink` multiplies p and `decay` joins the gradient: at most one of them does anything."""
    kind, p, g = p.dtype.type, p[lo:hi], g[lo:hi]
    mean, square, top = mean[lo:hi], square[lo:hi], top[lo:hi]
    scale, root, eps, decay, shrink = kind(scale), kind(root), kind(eps), kind(decay), kind(shrink)
    beta1, rest1, beta2, rest2 = kind(beta1), kind(rest1), kind(beta2), kind(rest2)
    sign = kind(sign)
    for i in range(p.size):
        v = g[i] * sign
        if decay != 0:
            v += p[i] * decay
        m = mean[i] * beta1 + v * rest1
        s = square[i] * beta2 + v * v * rest2
        mean[i] = m
        square[i] = s
        if amsgrad:
            s = maximum(top[i], s)
            top[i] = s
        p[i] = p[i] * shrink - m / (np.sqrt(s) / root + eps) * scale


def _like(p: Array, a: Array) -> bool:
    """Whether both are row-major, of one shape and of one type."""
    return (
        p.dtype == a.dtype and p.shape == a.shape and p.flags.c_contiguous and a.flags.c_contiguous
    )


class Updates(NumpyBackend):
    """SGD and Adam; a parameter that does not fit the kernel takes the composite."""

    def sgd_step(self, params: list, grads: list, buffers: list | None, lr: float, momentum: float,
                 dampening: float, weight_decay: float, nesterov: bool, maximize: bool,
                 first: bool) -> None:  # fmt: skip
        """PyTorch's SGD. `buffers` (written) is None without momentum; `first`: they are unset."""
        sign, keep = -1.0 if maximize else 1.0, 1.0 - dampening
        for p, g, b in zip(params, grads, buffers or params):
            if p.dtype not in REALS or not _like(p, g) or not (b is p or _like(p, b)):
                super().sgd_step([p], [g], buffers and [b], lr, momentum, dampening, weight_decay,
                                 nesterov, maximize, first)  # fmt: skip
            elif buffers is None:
                _sgd.launch(p, g, p.size, lr, weight_decay, sign)
            else:
                _momentum.launch(
                    p, g, b, p.size, lr, momentum, keep, weight_decay, nesterov, sign, first
                )

    def adam_step(self, params: list, grads: list, means: list, squares: list,
                  max_squares: list | None, step: int, lr: float, beta1: float, beta2: float,
                  eps: float, weight_decay: float, decoupled: bool,
                  maximize: bool) -> None:  # fmt: skip
        """PyTorch's Adam, or AdamW if `decoupled`; AMSGrad if `max_squares` is a list."""
        amsgrad, sign = max_squares is not None, -1.0 if maximize else 1.0
        decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
        scale, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
        rest1, rest2 = 1 - beta1, 1 - beta2
        numbers = amsgrad, scale, root, beta1, rest1, beta2, rest2, eps, decay, shrink, sign
        for p, g, m, s, t in zip(params, grads, means, squares, max_squares or squares):
            fits = p.dtype in REALS and _like(p, g) and _like(p, m) and _like(p, s)
            if fits and (t is s or _like(p, t)):
                _adam.launch(p, g, m, s, t, p.size, *numbers)
            else:
                super().adam_step([p], [g], [m], [s], [t] if amsgrad else None, step, lr, beta1,
                                  beta2, eps, weight_decay, decoupled, maximize)  # fmt: skip
