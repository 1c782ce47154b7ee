"""Classification losses: cross-entropy and negative log-likelihood.

``reduction``: "mean", "sum", or "none" for elementwise losses; `size_average` and `reduce` are its
deprecated forms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.ops.core.family import check_tensors, functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.arithmetic import add, div, mul, neg
from torchlite.ops.math.comparison import eq, where


def legacy_get_string(size_average: bool | None, reduce: bool | None, stacklevel: int = 3) -> str:
    """The `reduction` equivalent to `size_average` and `reduce` (both True by default); warns."""
    if reduce is False:
        reduction = "none"
    else:
        reduction = "sum" if size_average is False else "mean"
    warnings.warn(
        "size_average and reduce args will be deprecated, "
        f"please use reduction='{reduction}' instead.",
        stacklevel=stacklevel,
    )
    return reduction


def chosen(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction that the arguments of a loss specify.

    Raises: ValueError (as PyTorch) for an invalid reduction.
    """
    if size_average is not None or reduce is not None:
        return legacy_get_string(size_average, reduce, stacklevel=4)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The elementwise losses, their mean or their sum."""
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


# --- cross-entropy ------------------------------------------------------------------------------


def _through_both(backward: str) -> Callable:
    """The rule for (loss, probabilities); only double backward has a gradient for the latter."""

    def rule(xp: Any, g: Any, out1: Any, target: Any) -> Any:
        loss, probabilities = g
        grad = None if loss is None else getattr(xp, backward)(loss, out1, target)
        if probabilities is None:
            return grad
        more = xp.softmax_backward(probabilities, out1, 1)
        return more if grad is None else xp.add(grad, more)

    return rule


_cross_entropy, _cross_entropy_mean = (
    declare(name, "NllLoss", fills=False, input=_through_both(f"{name}_backward"))
    for name in ("cross_entropy", "cross_entropy_mean")
)


@functional
def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None,
                  size_average: bool | None = None, ignore_index: int = -100,
                  reduce: bool | None = None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Tensor:  # fmt: skip
    """``-log_softmax(input)[target]``, averaged over non-ignored rows, weighted by class.

    input (N, C), (N, C, d...) or (C,) holds logits; target holds class indices, (N,), (N, d...) or
    (), or probabilities in the shape of `input`. weight (C,); rows with target `ignore_index` are
    ignored; `label_smoothing` mixes in the uniform distribution.
    Raises: IndexError for a class out of range; ValueError, RuntimeError (as PyTorch) for shapes
    and dtypes that do not match.
    """
    x: Any = getattr(input, "_data", None)
    y: Any = getattr(target, "_data", None)
    if (
        weight is None and not label_smoothing and size_average is None and reduce is None
        and x is not None and y is not None and x.ndim == 2 and x.shape[0]
        and y.shape == x.shape[:1] and dtypes.of(y) is dtypes.int64
        and dtypes.of(x).category == FLOAT and not 0 <= ignore_index < x.shape[1]
        and local.mode.xp.in_range(y, x.shape[1])
    ):  # fmt: skip
        if reduction == "mean":
            return run(_cross_entropy_mean, (input, target), (x, y))[0]
        return reduced(run(_cross_entropy, (input, target), (x, y))[0], chosen(reduction))
    reduction = chosen(reduction, size_average, reduce)
    check_tensors("cross_entropy_loss", input=input, target=target)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if x.shape == y.shape:
        return _soft_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    return _hard_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def _check_weight(weight: Tensor | None, input: Tensor) -> None:
    count = input._data.shape[0 if input._data.ndim == 1 else 1]
    if weight is None:
        return
    if weight._data.shape != (count,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {count} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {weight.dtype.legacy}"
        )


def _along_classes(weight: Tensor, input: Tensor) -> Tensor:
    """`weight` (C,) reshaped to multiply `input` (N, C, d...) or (C,)."""
    return weight.reshape((-1,) + (1,) * max(input._data.ndim - 2, 0))


def _soft_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int,
                        reduction: str, label_smoothing: float) -> Tensor:  # fmt: skip
    """For targets that are probabilities; the mean is over rows, regardless of weights."""
    if target.dtype.category < FLOAT:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, "
            f"got {target.dtype.legacy}\n"
            f"The target has the shape {list(target.shape)} of the input, which means "
            "probabilities; class indices have one dimension less."
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    _check_weight(weight, input)
    dim = 0 if input._data.ndim == 1 else 1
    classes = input._data.shape[dim]
    if label_smoothing:
        target = add(mul(target, 1 - label_smoothing), label_smoothing / max(classes, 1))
    product = mul(input.log_softmax(dim), target)
    if weight is not None:
        product = mul(product, _along_classes(weight, input))
    loss = neg(product.sum(dim))
    if reduction == "mean":
        rows = input._data.size // classes if classes else 0
        return div(loss.sum(), rows)
    return reduced(loss, reduction)


def _hard_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int,
                        reduction: str, label_smoothing: float) -> Tensor:  # fmt: skip
    """For targets that are class indices."""
    if not input._data.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    dim = 0 if input._data.ndim == 1 else 1
    logp = input.log_softmax(dim)
    losses, weights, ignored = _picked(logp, target, weight, ignore_index)
    if label_smoothing:
        spread = logp if weight is None else mul(logp, _along_classes(weight, input))
        smooth = where(ignored, 0, neg(spread.sum(dim)))
        share = label_smoothing / input._data.shape[dim]
        losses = add(mul(losses, 1 - label_smoothing), mul(smooth, share))
    return _weighted(losses, weights, reduction)


# --- negative log-likelihood --------------------------------------------------------------------


@functional
def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None,
             size_average: bool | None = None, ignore_index: int = -100,
             reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """``-input[target]``, where `input` holds log-probabilities.

    input (N, C), (N, C, d...) or (C,); target (N,), (N, d...) or () of int64 or uint8; weight (C,).
    The mean divides by the total weight of the non-ignored rows. Raises: as `cross_entropy`.
    """
    reduction = chosen(reduction, size_average, reduce)
    check_tensors("nll_loss_nd", input=input, target=target)
    losses, weights, _ = _picked(input, target, weight, ignore_index)
    return _weighted(losses, weights, reduction)


def _weighted(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return div(losses.sum(), weights.sum())
    return reduced(losses, reduction)


def _picked(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> tuple:
    """Each row's weighted loss, its weight, and whether it is ignored."""
    _check_target(input, target)
    _check_weight(weight, input)
    ndim = input._data.ndim
    target = cast(target, dtypes.int64)
    if ndim == 1:
        target = target.reshape(())
    elif ndim > 2:
        input = input.permute(0, *range(2, ndim), 1)
    ignored = eq(target, ignore_index)
    kept = where(ignored, 0, target)
    _check_classes(kept, input._data.shape[-1])
    loss = neg(input.gather(-1, kept.unsqueeze(-1)).squeeze(-1))
    if weight is None:
        weights = cast(ignored.logical_not(), input.dtype)
    else:
        weights = where(ignored, 0, weight[kept])
        loss = mul(loss, weights)
    return where(ignored, 0, loss), weights, ignored


def _check_target(input: Tensor, target: Tensor) -> None:
    """Raise PyTorch's error if a target of class indices does not match `input`."""
    x, y = input._data.shape, target._data.shape
    if not x:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if len(x) > 1 and x[0] != (y[0] if y else 0):
        raise ValueError(
            f"Expected input batch_size ({x[0]}) to match target batch_size ({y[0] if y else 0})."
        )
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.legacy}\n"
            "Class indices are integers: use target.long(). Probabilities have the shape of the "
            f"input, {list(x)}, here the target has {list(y)}."
        )
    if len(x) <= 2:
        if len(y) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if len(x) == 1 and target._data.size != 1:
            raise RuntimeError(f"size mismatch (got input: {list(x)}, target: {list(y)})")
    elif y != (x[0], *x[2:]):
        raise _wrong_places(x, y)


def _wrong_places(x: tuple, y: tuple) -> RuntimeError:
    if len(x) != 4:
        return RuntimeError(f"Expected target size {[x[0], *x[2:]]}, got {list(y)}")
    if len(y) != 3:
        return RuntimeError(
            "only batches of spatial targets supported (3D tensors) but got targets of "
            f"dimension: {len(y)}"
        )
    return RuntimeError(f"size mismatch (got input: {list(x)} , target: {list(y)}")


def _check_classes(target: Tensor, classes: int) -> None:
    xp = local.mode.xp
    if xp.in_range(target._data, classes):
        return
    flat = xp.tolist(xp.reshape(target._data, (-1,)))
    wrong = next(number for number in flat if not 0 <= number < classes)
    raise IndexError(
        f"Target {wrong} is out of bounds.\n"
        f"There are {classes} classes: a target must be 0 to {classes - 1}, or ignore_index."
    )
