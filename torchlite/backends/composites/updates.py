"""Optimizer steps as composites: see `torchlite.backends.composites`.

One call updates all parameters in place, with PyTorch's formulas and order of rounding. It also
writes to the states, which the optimizers document.
"""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import UPDATE, composite

Array = Any


class Updates:
    """Optimizer steps: one call for all parameters, which writes to parameters and states."""

    @composite(UPDATE)
    def sgd_step(xp, params: list, grads: list, buffers: list | None, lr: float, momentum: float,
                 dampening: float, weight_decay: float, nesterov: bool, maximize: bool,
                 first: bool) -> None:  # fmt: skip
        """PyTorch's SGD. `buffers` (written) is None without momentum, unset if `first`."""
        for i, (p, g) in enumerate(zip(params, grads)):
            g = xp.neg(g) if maximize else g
            if weight_decay:
                g = xp.add(g, xp.mul(p, weight_decay))
            if buffers is not None:
                moved = xp.add(xp.mul(buffers[i], momentum), xp.mul(g, 1 - dampening))
                xp.copyto(buffers[i], g if first else moved)
                g = xp.add(g, xp.mul(buffers[i], momentum)) if nesterov else buffers[i]
            xp.copyto(p, xp.sub(p, xp.mul(g, lr)))

    @composite(UPDATE)
    def adam_step(xp, params: list, grads: list, means: list, squares: list,
                  max_squares: list | None, step: int, lr: float, beta1: float, beta2: float,
                  eps: float, weight_decay: float, decoupled: bool,
                  maximize: bool) -> None:  # fmt: skip
        """PyTorch's Adam, or AdamW if `decoupled`; AMSGrad if `max_squares` is a list.

        Source: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980. `step` counts from 1.
        """
        scale = lr / (1 - beta1**step)
        root = math.sqrt(1 - beta2**step)
        for i, (p, g) in enumerate(zip(params, grads)):
            g = xp.neg(g) if maximize else g
            if weight_decay and decoupled:
                xp.copyto(p, xp.mul(p, 1 - lr * weight_decay))
            elif weight_decay:
                g = xp.add(g, xp.mul(p, weight_decay))
            xp.copyto(means[i], xp.add(xp.mul(means[i], beta1), xp.mul(g, 1 - beta1)))
            second = xp.add(xp.mul(squares[i], beta2), xp.mul(xp.square(g), 1 - beta2))
            xp.copyto(squares[i], second)
            if max_squares is not None:
                xp.copyto(max_squares[i], xp.maximum(max_squares[i], second))
                second = max_squares[i]
            denominator = xp.add(xp.div(xp.sqrt(second), root), eps)
            xp.copyto(p, xp.sub(p, xp.mul(xp.div(means[i], denominator), scale)))

    @composite(UPDATE)
    def rmsprop_step(xp, params: list, grads: list, squares: list, means: list | None,
                     buffers: list | None, lr: float, alpha: float, eps: float,
                     weight_decay: float, momentum: float, maximize: bool) -> None:  # fmt: skip
        """RMSprop; centered if `means` is a list. `buffers` is None without momentum."""
        for i, (p, g) in enumerate(zip(params, grads)):
            g = _direction(xp, p, g, weight_decay, maximize)
            xp.copyto(squares[i], _decayed(xp, squares[i], g, alpha))
            second = squares[i]
            if means is not None:
                xp.copyto(means[i], _lerp(xp, means[i], g, 1 - alpha))
                second = xp.sub(second, xp.square(means[i]))
            root = xp.add(xp.sqrt(second), eps)
            if buffers is None:
                xp.copyto(p, xp.sub(p, xp.div(xp.mul(g, lr), root)))
            else:
                xp.copyto(buffers[i], xp.add(xp.mul(buffers[i], momentum), xp.div(g, root)))
                xp.copyto(p, xp.sub(p, xp.mul(buffers[i], lr)))

    @composite(UPDATE)
    def adagrad_step(xp, params: list, grads: list, sums: list, step: int, lr: float,
                     lr_decay: float, eps: float, weight_decay: float,
                     maximize: bool) -> None:  # fmt: skip
        """Adagrad; `step` counts from 1."""
        rate = lr / (1 + (step - 1) * lr_decay)
        for p, g, total in zip(params, grads, sums):
            g = _direction(xp, p, g, weight_decay, maximize)
            xp.copyto(total, xp.add(total, xp.square(g)))
            xp.copyto(p, xp.sub(p, xp.div(xp.mul(g, rate), xp.add(xp.sqrt(total), eps))))

    @composite(UPDATE)
    def adadelta_step(xp, params: list, grads: list, squares: list, deltas: list, lr: float,
                      rho: float, eps: float, weight_decay: float,
                      maximize: bool) -> None:  # fmt: skip
        """Adadelta."""
        for p, g, square, moved in zip(params, grads, squares, deltas):
            g = _direction(xp, p, g, weight_decay, maximize)
            xp.copyto(square, _decayed(xp, square, g, rho))
            roots = (xp.sqrt(xp.add(x, eps)) for x in (moved, square))
            delta = xp.mul(xp.div(*roots), g)
            xp.copyto(moved, _decayed(xp, moved, delta, rho))
            xp.copyto(p, xp.sub(p, xp.mul(delta, lr)))

    @composite(UPDATE)
    def adamax_step(xp, params: list, grads: list, means: list, tops: list, step: int, lr: float,
                    beta1: float, beta2: float, eps: float, weight_decay: float,
                    maximize: bool) -> None:  # fmt: skip
        """Adamax; `step` counts from 1."""
        rate = lr / (1 - beta1**step)
        for p, g, mean, top in zip(params, grads, means, tops):
            g = _direction(xp, p, g, weight_decay, maximize)
            xp.copyto(mean, _lerp(xp, mean, g, 1 - beta1))
            xp.copyto(top, xp.maximum(xp.mul(top, beta2), xp.add(xp.abs(g), eps)))
            xp.copyto(p, xp.sub(p, xp.div(xp.mul(mean, rate), top)))

    @composite(UPDATE)
    def nadam_step(xp, params: list, grads: list, means: list, squares: list, step: int,
                   rate_of_grad: float, rate_of_mean: float, lr: float, beta1: float, beta2: float,
                   eps: float, weight_decay: float, decoupled: bool,
                   maximize: bool) -> None:  # fmt: skip
        """NAdam; the rates multiply the gradient's and the running mean's terms of the step."""
        correction = 1 - beta2**step
        for p, g, mean, square in zip(params, grads, means, squares):
            g = _decay(xp, p, g, lr, weight_decay, decoupled, maximize)
            xp.copyto(mean, _lerp(xp, mean, g, 1 - beta1))
            xp.copyto(square, _decayed(xp, square, g, beta2))
            root = xp.add(xp.sqrt(xp.div(square, correction)), eps)
            moved = xp.sub(p, xp.div(xp.mul(g, rate_of_grad), root))
            xp.copyto(p, xp.sub(moved, xp.div(xp.mul(mean, rate_of_mean), root)))

    @composite(UPDATE)
    def radam_step(xp, params: list, grads: list, means: list, squares: list, step: int, lr: float,
                   beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool,
                   maximize: bool) -> None:  # fmt: skip
        """RAdam; `step` counts from 1. Divides by the root once its variance is tractable."""
        corrections = 1 - beta1**step, 1 - beta2**step
        rectifier = _rectifier(step, beta2)
        for p, g, mean, square in zip(params, grads, means, squares):
            g = _decay(xp, p, g, lr, weight_decay, decoupled, maximize)
            xp.copyto(mean, _lerp(xp, mean, g, 1 - beta1))
            xp.copyto(square, _decayed(xp, square, g, beta2))
            move = xp.mul(xp.div(mean, corrections[0]), lr)
            if rectifier is not None:
                root = xp.add(xp.sqrt(square), eps)
                move = xp.mul(xp.mul(move, xp.div(math.sqrt(corrections[1]), root)), rectifier)
            xp.copyto(p, xp.sub(p, move))

    @composite(UPDATE)
    def asgd_step(xp, params: list, grads: list, averages: list, eta: float, mu: float,
                  lambd: float, weight_decay: float, maximize: bool) -> None:  # fmt: skip
        """Averaged SGD with rate `eta`; `mu` is the weight of the new point in the average."""
        for p, g, average in zip(params, grads, averages):
            g = _direction(xp, p, g, weight_decay, maximize)
            xp.copyto(p, xp.sub(xp.mul(p, 1 - lambd * eta), xp.mul(g, eta)))
            fresh = p if mu == 1 else xp.add(average, xp.mul(xp.sub(p, average), mu))
            xp.copyto(average, fresh)

    @composite(UPDATE)
    def rprop_step(xp, params: list, grads: list, previous: list, sizes: list, shrink: float,
                   grow: float, least: float, most: float, maximize: bool) -> None:  # fmt: skip
        """Rprop: `sizes` grow where the gradient keeps its sign and shrink where it flips."""
        for p, g, before, size in zip(params, grads, previous, sizes):
            g = xp.neg(g) if maximize else g
            agreement = xp.mul(g, before)
            turned = xp.lt(agreement, 0)
            new = xp.where(xp.gt(agreement, 0), xp.mul(size, grow), size)
            new = xp.where(turned, xp.mul(size, shrink), new)
            xp.copyto(size, xp.clamp(new, least, most))
            g = xp.where(turned, 0, g)
            xp.copyto(p, xp.sub(p, xp.mul(xp.sign(g), size)))
            xp.copyto(before, g)

    @composite(UPDATE)
    def adafactor_step(xp, params: list, grads: list, rows: list, columns: list | None, step: int,
                       lr: float, beta2_decay: float, eps1: float | None, eps2: float, d: float,
                       weight_decay: float, maximize: bool) -> None:  # fmt: skip
        """Adafactor; `step` counts from 1. For vectors, `columns` is None and `rows` unfactored."""
        share, size = step**beta2_decay, min(lr, 1 / math.sqrt(step))
        for i, (p, g) in enumerate(zip(params, grads)):
            g = xp.neg(g) if maximize else g
            least = dtypes.finfo(dtypes.of(p)).eps if eps1 is None else eps1
            rate = max(eps2, _root_mean_square(xp, p)) * size
            if weight_decay:
                xp.copyto(p, xp.mul(p, 1 - lr * weight_decay))
            if columns is None:
                xp.copyto(rows[i], _lerp(xp, rows[i], xp.square(g), share))
                second = rows[i]
            else:
                second = _outer(xp, g, rows[i], columns[i], share, least)
            update = xp.mul(xp.rsqrt(xp.maximum(second, least * least)), g)
            excess = max(1.0, _root_mean_square(xp, update) / d)
            xp.copyto(p, xp.sub(p, xp.mul(update, rate / excess)))

    @composite(UPDATE)
    def muon_step(xp, params: list, grads: list, buffers: list, rates: list, shrink: float,
                  momentum: float, nesterov: bool, coefficients: tuple[float, float, float],
                  steps: int, eps: float) -> None:  # fmt: skip
        """Muon, for matrices: steps of `rates` along orthogonalized momentum."""
        for p, g, buffer, rate in zip(params, grads, buffers, rates):
            xp.copyto(buffer, _lerp(xp, buffer, g, 1 - momentum))
            update = _lerp(xp, g, buffer, momentum) if nesterov else buffer
            update = _orthogonal(xp, update, coefficients, steps, eps)
            xp.copyto(p, xp.sub(xp.mul(p, shrink), xp.mul(update, rate)))


def _direction(xp: Any, p: Array, g: Array, weight_decay: float, maximize: bool) -> Array:
    """The gradient, negated to `maximize`, plus weight decay."""
    g = xp.neg(g) if maximize else g
    return xp.add(g, xp.mul(p, weight_decay)) if weight_decay else g


def _decay(xp: Any, p: Array, g: Array, lr: float, weight_decay: float, decoupled: bool,
           maximize: bool) -> Array:  # fmt: skip
    """Like `_direction`, but `decoupled` weight decay shrinks p instead."""
    if decoupled and weight_decay:
        xp.copyto(p, xp.mul(p, 1 - lr * weight_decay))
    return _direction(xp, p, g, 0 if decoupled else weight_decay, maximize)


def _decayed(xp: Any, mean: Array, x: Array, beta: float) -> Array:
    """The running mean of ``x**2``, updated with x."""
    return xp.add(xp.mul(mean, beta), xp.mul(xp.square(x), 1 - beta))


def _lerp(xp: Any, a: Array, b: Array, weight: float) -> Array:
    """``a + weight * (b - a)``, exact at both ends."""
    if abs(weight) < 0.5:
        return xp.add(a, xp.mul(xp.sub(b, a), weight))
    return xp.sub(b, xp.mul(xp.sub(b, a), 1 - weight))


def _rectifier(step: int, beta2: float) -> float | None:
    """RAdam's rectification factor; None while the variance of the root is intractable."""
    limit = 2 / (1 - beta2) - 1
    length = limit - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5:
        return None
    ratio = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
    return math.sqrt(ratio)


def _root_mean_square(xp: Any, x: Array) -> float:
    return xp.item(xp.asarray(xp.norm(x, 2, None, False))) / math.sqrt(math.prod(x.shape))


def _outer(xp: Any, g: Array, row: Array, column: Array, share: float, least: float) -> Array:
    """Adafactor's second moment of a matrix, from running means over its columns and rows."""
    for axis, factor in ((len(g.shape) - 1, row), (len(g.shape) - 2, column)):
        mean = xp.div(xp.square(xp.norm(g, 2, axis, True)), g.shape[axis])
        xp.copyto(factor, _lerp(xp, factor, mean, share))
    mean = xp.maximum(xp.mean(row, len(g.shape) - 2, True), least)
    return xp.div(xp.matmul(row, column), mean)


def _orthogonal(xp: Any, x: Array, coefficients: tuple[float, float, float], steps: int,
                eps: float) -> Array:  # fmt: skip
    """Approximately ``U V^T`` of ``x = U S V^T``: the Newton-Schulz iteration, in bfloat16.

    The iteration amplifies the smallest singular values, so rounding determines the result in
    directions where x is nearly zero.
    """
    a, b, c = coefficients
    kind, tall = dtypes.of(x), x.shape[0] > x.shape[1]
    x = _to_bfloat16(xp, xp.astype(x, dtypes.float32))
    x = xp.permute(x, (1, 0)) if tall else x
    size = _to_bfloat16(xp, xp.norm(x, 2, (0, 1), True))
    x = _to_bfloat16(xp, xp.div(x, xp.maximum(size, eps)))
    for _ in range(steps):
        gram = _to_bfloat16(xp, xp.matmul(x, xp.permute(x, (1, 0))))
        gram = _to_bfloat16(xp, xp.add(xp.mul(gram, b), xp.mul(xp.matmul(gram, gram), c)))
        x = _to_bfloat16(xp, xp.add(xp.mul(x, a), xp.matmul(gram, x)))
    return xp.astype(xp.permute(x, (1, 0)) if tall else x, kind)


def _to_bfloat16(xp: Any, x: Array) -> Array:
    """float32 rounded to 8 significant bits, ties to even."""
    bits = xp.view_dtype(xp.contiguous(x), dtypes.int32)
    odd = xp.bitwise_and(xp.bitwise_right_shift(bits, 16), 1)
    rounded = xp.bitwise_and(xp.add(xp.add(bits, odd), 0x7FFF), -0x10000)
    return xp.where(xp.isfinite(x), xp.view_dtype(rounded, dtypes.float32), x)
