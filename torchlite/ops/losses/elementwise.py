"""Elementwise losses: squared and absolute errors, binary cross-entropy."""

from __future__ import annotations

import warnings
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.ops.core.family import functional, not_a_tensor
from torchlite.ops.core.op import declare, run
from torchlite.ops.layers.activations import logsigmoid
from torchlite.ops.losses.classification import chosen, reduced
from torchlite.ops.math.arithmetic import abs, add, div, mul, square, sub


def _mse_mean_both(xp: Any, g: Any, needs: Any, input: Any, target: Any) -> tuple:
    slope = xp.mse_mean_backward(g, input, target)
    return slope, xp.neg(slope) if needs[1] else None


_mse_mean = declare("mse_mean", joint=_mse_mean_both, title="MseLoss")


def warn_of_broadcast(input: Tensor, target: Tensor) -> None:
    """Warn (as PyTorch) if the shapes differ, which is rarely intended."""
    if target._data.shape != input._data.shape:
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


@functional
def mse_loss(input: Tensor, target: Tensor, size_average: bool | None = None,
             reduce: bool | None = None, reduction: str = "mean",
             weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """``(input - target)**2``. Shapes should be equal: broadcasting warns.

    With `weight`, in the shape of `input`, the mean is weighted.
    Raises: ValueError for a weight of a different shape.
    """
    x, y = getattr(input, "_data", None), getattr(target, "_data", None)
    if x is None or y is None:
        raise not_a_tensor("mse_loss", 1 if x is None else 2, "input", input)
    reduction = chosen(reduction, size_average, reduce)
    if (
        x.shape == y.shape and x.dtype is y.dtype and reduction == "mean" and weight is None
        and x.size and dtypes.of(x).category == FLOAT
    ):  # fmt: skip
        return run(_mse_mean, (input, target), (x, y))
    warn_of_broadcast(input, target)
    loss = square(sub(input, target))
    if loss.dtype.category != FLOAT and weight is None:
        raise NotImplementedError(f"\"mse_cpu\" not implemented for '{loss.dtype.legacy}'")
    if weight is None:
        return reduced(loss, reduction)
    if weight._data.shape != x.shape:
        raise ValueError("Weights and input must have the same size.")
    loss = mul(loss, weight)
    return div(loss.sum(), weight.sum()) if reduction == "mean" else reduced(loss, reduction)


@functional
def l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None,
            reduce: bool | None = None, reduction: str = "mean",
            weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """``|input - target|``. Shapes should be equal: broadcasting warns.

    With `weight`, in the shape of `input`, the mean is weighted.
    Raises: ValueError for a weight of a different shape.
    """
    reduction = chosen(reduction, size_average, reduce)
    warn_of_broadcast(input, target)
    loss = abs(sub(input, target))
    if weight is None:
        return reduced(loss, reduction)
    if weight._data.shape != input._data.shape:
        raise ValueError("Weights and input must have the same size.")
    loss = mul(loss, weight)
    return div(loss.sum(), weight.sum()) if reduction == "mean" else reduced(loss, reduction)


# --- binary cross-entropy -----------------------------------------------------------------------


def _bce_input(xp: Any, g: Any, input: Any, target: Any) -> Any:
    spread = xp.maximum(xp.mul(xp.sub(1, input), input), 1e-12)
    return xp.div(xp.mul(g, xp.sub(input, target)), spread)


def _bce_target(xp: Any, g: Any, input: Any) -> Any:
    yes, no = (xp.maximum(xp.log(p), -100) for p in (input, xp.sub(1, input)))
    return xp.mul(g, xp.sub(no, yes))


_bce = declare("bce", input=_bce_input, target=_bce_target,
               title="BinaryCrossEntropy")  # fmt: skip


@functional
def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None,
                         size_average: bool | None = None, reduce: bool | None = None,
                         reduction: str = "mean") -> Tensor:  # fmt: skip
    """``-(target * log(input) + (1 - target) * log(1 - input))``; logs are clamped at -100.

    input holds probabilities; `weight` broadcasts.
    Raises: ValueError for unequal shapes; RuntimeError for an input outside [0, 1].
    """
    reduction = chosen(reduction, size_average, reduce)
    if target._data.shape != input._data.shape:
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}) is deprecated. Please ensure they have the same size."
        )
    if input.dtype is not target.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.legacy} but expected {input.dtype.legacy}")
    if local.mode.xp.any_true((~((input >= 0) & (input <= 1)))._data):
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = _bce(input, target)
    if weight is not None:
        broadcast_shapes(target._data.shape, weight._data.shape)
        loss = mul(loss, weight)
    return reduced(loss, reduction)


@functional
def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None,
                                     size_average: bool | None = None, reduce: bool | None = None,
                                     reduction: str = "mean",
                                     pos_weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """`binary_cross_entropy` of ``sigmoid(input)``, without overflow.

    `weight` and `pos_weight`, a factor for the positive term of the loss, broadcast.
    Raises: ValueError for unequal shapes.
    """
    reduction = chosen(reduction, size_average, reduce)
    if target._data.shape != input._data.shape:
        raise ValueError(
            f"Target size ({target.size()}) must be the same as input size ({input.size()})"
        )
    share = sub(1, target)
    if pos_weight is None:
        loss = sub(mul(share, input), logsigmoid(input))
    else:
        factor = add(mul(sub(pos_weight, 1), target), 1)
        loss = sub(mul(share, input), mul(factor, logsigmoid(input)))
    if weight is not None:
        loss = mul(loss, weight)
    return reduced(loss, reduction)
