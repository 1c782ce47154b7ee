"""Optimizer steps: each parameter in one pass over its memory, rounded as the composite rounds.

A call of a compiled function with arrays costs less than asking an array for its address, so
there is one call a parameter (0.5 µs), not one for the list.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from torchlite.backends.numpy import NumpyBackend
from torchlite_numba import launch
from torchlite_numba.codegen import jit
from torchlite_numba.vector import maximum

Array = Any
_FLOATS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))


@jit(nogil=True)
def _sgd(p, g, lr, decay, sign):
    lr, decay, sign = p.dtype.type(lr), p.dtype.type(decay), p.dtype.type(sign)
    for i in range(p.size):
        v = g[i] * sign
        if decay != 0:
            v += p[i] * decay
        p[i] -= v * lr


@jit(nogil=True)
def _momentum(p, g, b, lr, momentum, keep, decay, nesterov, sign, first):
    lr, momentum = p.dtype.type(lr), p.dtype.type(momentum)
    keep, decay, sign = p.dtype.type(keep), p.dtype.type(decay), p.dtype.type(sign)
    for i in range(p.size):
        v = g[i] * sign
        if decay != 0:
            v += p[i] * decay
        moved = v if first else b[i] * momentum + v * keep
        b[i] = moved
        p[i] -= (v + moved * momentum if nesterov else moved) * lr


@jit(nogil=True)
def _adam(p, g, mean, square, top, amsgrad, scale, root, beta1, rest1, beta2, rest2, eps,
          decay, shrink, sign):  # fmt: skip
    """`shrink` multiplies p and `decay` joins the gradient: one of them, at most, does anything."""
    kind = p.dtype.type
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


@jit(parallel=True, nogil=True)
def _sgd_parallel(p, g, lr, decay, sign, threads):
    for part in numba.prange(threads):
        lo, hi = part * p.size // threads, (part + 1) * p.size // threads
        _sgd(p[lo:hi], g[lo:hi], lr, decay, sign)


@jit(parallel=True, nogil=True)
def _momentum_parallel(p, g, b, lr, momentum, keep, decay, nesterov, sign, first, threads):
    for part in numba.prange(threads):
        lo, hi = part * p.size // threads, (part + 1) * p.size // threads
        _momentum(p[lo:hi], g[lo:hi], b[lo:hi], lr, momentum, keep, decay, nesterov, sign,
                  first)  # fmt: skip


@jit(parallel=True, nogil=True)
def _adam_parallel(p, g, mean, square, top, amsgrad, scale, root, beta1, rest1, beta2, rest2, eps,
                   decay, shrink, sign, threads):  # fmt: skip
    for part in numba.prange(threads):
        lo, hi = part * p.size // threads, (part + 1) * p.size // threads
        _adam(p[lo:hi], g[lo:hi], mean[lo:hi], square[lo:hi], top[lo:hi], amsgrad, scale, root,
              beta1, rest1, beta2, rest2, eps, decay, shrink, sign)  # fmt: skip


def _like(p: Array, a: Array) -> bool:
    """Whether both are row-major, of one shape and of one type."""
    return (
        p.dtype == a.dtype and p.shape == a.shape and p.flags.c_contiguous and a.flags.c_contiguous
    )


def _run(kernel: Callable, in_parallel: Callable, p: Array, *args: Any) -> None:
    if p.size < launch.CHEAP_FROM or launch.get_num_threads() == 1:
        kernel(p, *args)
    else:
        launch.launch(in_parallel, p, *args, launch.get_num_threads())


class Updates(NumpyBackend):
    """SGD and Adam; a parameter that does not fit the kernel takes the composite."""

    def sgd_step(self, params: list, grads: list, buffers: list | None, lr: float, momentum: float,
                 dampening: float, weight_decay: float, nesterov: bool, maximize: bool,
                 first: bool) -> None:  # fmt: skip
        """PyTorch's SGD. `buffers` (written) is None without momentum; `first`: they are unset."""
        sign, keep = -1.0 if maximize else 1.0, 1.0 - dampening
        lr, momentum, weight_decay = float(lr), float(momentum), float(weight_decay)
        nesterov, first = bool(nesterov), bool(first)  # kernels are compiled for each type
        for p, g, b in zip(params, grads, buffers or params):
            if p.dtype not in _FLOATS or not _like(p, g) or not (b is p or _like(p, b)):
                super().sgd_step([p], [g], buffers and [b], lr, momentum, dampening, weight_decay,
                                 nesterov, maximize, first)  # fmt: skip
            elif buffers is None:
                _run(_sgd, _sgd_parallel, p.ravel(), g.ravel(), lr, weight_decay, sign)
            else:
                _run(_momentum, _momentum_parallel, p.ravel(), g.ravel(), b.ravel(), lr, momentum,
                     keep, weight_decay, nesterov, sign, first)  # fmt: skip

    def adam_step(self, params: list, grads: list, means: list, squares: list,
                  max_squares: list | None, step: int, lr: float, beta1: float, beta2: float,
                  eps: float, weight_decay: float, decoupled: bool,
                  maximize: bool) -> None:  # fmt: skip
        """PyTorch's Adam, or AdamW if `decoupled`; AMSGrad if `max_squares` is a list."""
        amsgrad, sign = max_squares is not None, -1.0 if maximize else 1.0
        decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
        scale, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
        rest1, rest2 = 1 - beta1, 1 - beta2
        floats = (scale, root, beta1, rest1, beta2, rest2, eps, decay, shrink, sign)
        numbers = (amsgrad, *map(float, floats))  # kernels are compiled for each type
        for p, g, m, s, t in zip(params, grads, means, squares, max_squares or squares):
            fits = p.dtype in _FLOATS and _like(p, g) and _like(p, m) and _like(p, s)
            if fits and (t is s or _like(p, t)):
                _run(_adam, _adam_parallel, p.ravel(), g.ravel(), m.ravel(), s.ravel(), t.ravel(),
                     *numbers)  # fmt: skip
            else:
                super().adam_step([p], [g], [m], [s], [t] if amsgrad else None, step, lr, beta1,
                                  beta2, eps, weight_decay, decoupled, maximize)  # fmt: skip
