"""Composites that NumPy runs with fewer passes and temporaries than their default bodies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torchlite.backends.numpy.quiet import local
from torchlite.backends.protocol import Backend

Array = Any


class Fused(Backend):
    """The same formulas and order of rounding; results overwrite temporaries."""

    def softmax(self, x: Array, axis: int) -> Array:
        """``e**x / sum(e**x)`` along `axis`."""
        run = local.run
        e = run(np.subtract, x, self.amax(x, axis, True))
        e = run(np.exp, e, e) if e.ndim else run(np.exp, e)
        return run(np.true_divide, e, self.sum(e, axis, True))

    def mean(self, x: Array, axis: Any, keepdims: bool) -> Array:
        """Arithmetic mean; NaN if empty."""
        if axis is None:
            count = x.size
        else:
            count = math.prod(x.shape[a] for a in ((axis,) if isinstance(axis, int) else axis))
        return local.run(np.true_divide, self.sum(x, axis, keepdims), count or math.nan)

    def cross_entropy(self, input: Array, target: Array) -> tuple[Array, Array]:
        """Losses (N,) and probabilities (N, C)."""
        if input.dtype == np.float16:  # whose sums need more precision
            return super().cross_entropy(input, target)
        return local.run(_cross_entropy, input, target)

    def cross_entropy_backward(self, g: Array, probabilities: Array, target: Array) -> Array:
        """``(probabilities - onehot(target)) * g``."""
        out = local.run(np.multiply, probabilities, g[:, None])
        out[np.arange(len(target)), target] -= g
        return out

    def sgd_step(self, params: list, grads: list, buffers: list | None, lr: float, momentum: float,
                 dampening: float, weight_decay: float, nesterov: bool, maximize: bool,
                 first: bool) -> None:  # fmt: skip
        """PyTorch's SGD, in place."""
        run = local.run
        for i, (p, g) in enumerate(zip(params, grads)):
            if maximize:
                g = run(np.negative, g)
            if weight_decay:
                g = run(np.add, g, run(np.multiply, p, weight_decay))
            if buffers is not None:
                buffer = buffers[i]
                if first:
                    buffer[...] = g
                else:
                    run(np.multiply, buffer, momentum, buffer)
                    run(np.add, buffer, run(np.multiply, g, 1 - dampening), buffer)
                g = run(np.add, g, run(np.multiply, buffer, momentum)) if nesterov else buffer
            run(np.subtract, p, run(np.multiply, g, lr), p)

    def adam_step(self, params: list, grads: list, means: list, squares: list,
                  max_squares: list | None, step: int, lr: float, beta1: float, beta2: float,
                  eps: float, weight_decay: float, decoupled: bool,
                  maximize: bool) -> None:  # fmt: skip
        """PyTorch's Adam or AdamW, in place."""
        run = local.run
        scale, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
        for i, (p, g, mean, square) in enumerate(zip(params, grads, means, squares)):
            if maximize:
                g = run(np.negative, g)
            if weight_decay and decoupled:
                run(np.multiply, p, 1 - lr * weight_decay, p)
            elif weight_decay:
                g = run(np.add, g, run(np.multiply, p, weight_decay))
            rest = run(np.multiply, g, 1 - beta1, np.empty_like(p))
            run(np.add, run(np.multiply, mean, beta1, mean), rest, mean)
            run(np.multiply, run(np.multiply, g, g, rest), 1 - beta2, rest)
            run(np.add, run(np.multiply, square, beta2, square), rest, square)
            if max_squares is not None:
                square = run(np.maximum, max_squares[i], square, out=max_squares[i])
            run(np.true_divide, run(np.sqrt, square, rest), root, rest)
            run(np.true_divide, mean, run(np.add, rest, eps, rest), rest)
            run(np.subtract, p, run(np.multiply, rest, scale, rest), p)


def _cross_entropy(x: Array, target: Array) -> tuple[Array, Array]:
    logp = x - x.max(1, keepdims=True)
    e = np.exp(logp)
    total = e.sum(1, keepdims=True)
    picked = logp[np.arange(len(target)), target]
    return np.log(total[:, 0]) - picked, np.divide(e, total, e)
