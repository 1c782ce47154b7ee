"""Losses composed of other operations. Shapes: equal, unless a function says otherwise."""

from __future__ import annotations

import math
import warnings

from torchlite.backends.registry import local
from torchlite.core.overrides import taken_over
from torchlite.core.tensor import Tensor
from torchlite.ops.losses.classification import chosen, reduced
from torchlite.ops.losses.elementwise import warn_of_broadcast
from torchlite.ops.math.comparison import where


@taken_over
def smooth_l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None,
                   reduce: bool | None = None, reduction: str = "mean",
                   beta: float = 1.0) -> Tensor:  # fmt: skip
    """``d**2 / (2 * beta)`` where ``d = |input - target| < beta``, else ``d - beta / 2``.

    Raises: RuntimeError if `beta` is negative.
    """
    warn_of_broadcast(input, target)
    reduction = chosen(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    distance = (input - target).abs()
    if beta == 0:
        return reduced(distance, reduction)
    small = distance * distance * (0.5 / beta)
    return reduced(where(distance < beta, small, distance - 0.5 * beta), reduction)


@taken_over
def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
               weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """``d**2 / 2`` where ``d = |input - target| < delta``, else ``delta * (d - delta / 2)``.

    `weight` is a factor for each element. Raises: RuntimeError if `delta` is not positive.
    """
    warn_of_broadcast(input, target)
    reduction = chosen(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    distance = (input - target).abs()
    large = delta * (distance - 0.5 * delta)
    loss = where(distance < delta, 0.5 * distance * distance, large)
    if weight is not None:
        if weight.shape != input.shape:
            raise ValueError("Weights and input must have the same size.")
        loss = loss * weight
    return reduced(loss, reduction)


@taken_over
def kl_div(input: Tensor, target: Tensor, size_average: bool | None = None,
           reduce: bool | None = None, reduction: str = "mean",
           log_target: bool = False) -> Tensor:  # fmt: skip
    """``target * (log(target) - input)``, 0 where `target` is 0; `input` holds log-probabilities.

    With `log_target`, `target` holds log-probabilities too. `reduction` may be "batchmean", the
    sum divided by the first size: the divergence itself.
    """
    explicit = size_average is None and reduce is None
    if explicit and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.",
            stacklevel=2,
        )
    by_batch = explicit and reduction == "batchmean"
    reduction = "sum" if by_batch else chosen(reduction, size_average, reduce)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        positive = where(target == 0, 1.0, target)  # keeps the logarithm finite
        loss = target * positive.log() - target * input
    total = reduced(loss, reduction)
    return total / input.shape[0] if by_batch and input.dim() else total


@taken_over
def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
                     size_average: bool | None = None, eps: float = 1e-8,
                     reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """``e**input - target * input``; ``input - target * log(input + eps)`` without `log_input`.

    `full` adds Stirling's approximation of ``log(target!)`` where ``target > 1``.
    """
    reduction = chosen(reduction, size_average, reduce)
    if log_input:
        loss = input.exp() - target * input
    else:
        loss = input - target * (input + eps).log()
    if full:
        large = where(target > 1, target, 1.0)
        stirling = large * large.log() - large + 0.5 * (2 * math.pi * large).log()
        loss = loss + where(target > 1, stirling, 0.0)
    return reduced(loss, reduction)


@taken_over
def gaussian_nll_loss(input: Tensor, target: Tensor, var: Tensor | float, full: bool = False,
                      eps: float = 1e-6, reduction: str = "mean") -> Tensor:  # fmt: skip
    """``(log(var) + (input - target)**2 / var) / 2``, with ``var`` at least `eps`.

    Args:
        input: Expected values, (N, *).
        target: Observed values, (N, *).
        var: Variances: a number, or (N, *), with the last dimension of size 1, or without it.
        full: Whether to add ``log(2 * pi) / 2``.
        eps: Lower bound on the variance; gradients pass through the clamping.

    Raises: ValueError for variances that are negative or of another shape.
    """
    spread = var if isinstance(var, Tensor) else input.detach() * 0 + var
    if local.mode.xp.any_true((spread < 0)._data):
        raise ValueError("var has negative entry/entries")
    if spread.shape != input.shape:
        spread = _fitted(spread, input)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    too_small = spread.detach() < eps
    spread = spread + where(too_small, eps - spread.detach(), 0.0)
    loss = 0.5 * (spread.log() + (input - target) ** 2 / spread)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def _fitted(var: Tensor, input: Tensor) -> Tensor:
    """`var`, whose shape differs from that of `input`, reshaped to broadcast against it."""
    if input.shape[:-1] == var.shape:
        return var.unsqueeze(-1)
    differing = [v for x, v in zip(input.shape, var.shape) if x != v]
    if input.dim() == var.dim() and sum(differing) == 1:
        return var
    raise ValueError("var is of incorrect size")
