"""Losses that enforce a margin between scores or distances.

``reduction``, `size_average` and `reduce` as in `torchlite.ops.losses.classification`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor, wrap
from torchlite.ops.core.family import functional
from torchlite.ops.layers.activations import logsigmoid, relu
from torchlite.ops.linalg.distance import pairwise_distance
from torchlite.ops.losses.classification import chosen, reduced
from torchlite.ops.math.arithmetic import add, div, mul, neg, square, sub
from torchlite.ops.math.clamping import clamp
from torchlite.ops.math.comparison import eq, minimum, ne, where
from torchlite.ops.math.exponentials import exp, log1p, sqrt

# --- pairs and triplets -------------------------------------------------------------------------


@functional
def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0,
                          size_average: bool | None = None, reduce: bool | None = None,
                          reduction: str = "mean") -> Tensor:  # fmt: skip
    """``1 - cos`` where target is 1, ``max(cos - margin, 0)`` where it is -1.

    input1 and input2 (N, D) or (D,); target (N,) or ().
    Raises: RuntimeError (as PyTorch) for other shapes.
    """
    reduction = chosen(reduction, size_average, reduce)
    _check_cosine(input1, input2, target)
    dot = mul(input1, input2).sum(-1)
    sizes = (add(square(x).sum(-1), 1e-12) for x in (input1, input2))
    cosine = div(dot, sqrt(mul(*sizes)))
    positive = where(eq(target, 1), sub(1, cosine), 0.0)
    negative = where(eq(target, -1), clamp(sub(cosine, margin), 0), 0.0)
    return reduced(add(positive, negative), reduction)


def _check_cosine(input1: Tensor, input2: Tensor, target: Tensor) -> None:
    ndim = target._data.ndim
    if ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1._data.ndim != ndim + 1 or input2._data.ndim != ndim + 1:
        raise RuntimeError(
            f"{ndim}D target tensor expects {ndim + 1}D input tensors, but found inputs with "
            f"sizes {list(input1.shape)} and {list(input2.shape)}."
        )


@functional
def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0,
                        size_average: bool | None = None, reduce: bool | None = None,
                        reduction: str = "mean") -> Tensor:  # fmt: skip
    """``max(-target * (input1 - input2) + margin, 0)``; target 1: input1 should rank higher."""
    reduction = chosen(reduction, size_average, reduce)
    if not input1._data.ndim == input2._data.ndim == target._data.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    gap = mul(neg(target), sub(input1, input2))
    return reduced(clamp(add(gap, margin), 0), reduction)


@functional
def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0,
                         size_average: bool | None = None, reduce: bool | None = None,
                         reduction: str = "mean") -> Tensor:  # fmt: skip
    """`input`, a distance, where target is 1; ``max(margin - input, 0)`` where it is -1."""
    reduction = chosen(reduction, size_average, reduce)
    broadcast_shapes(input._data.shape, target._data.shape)
    far = where(ne(target, 1), clamp(sub(margin, input), 0), 0.0)
    return reduced(add(far, where(ne(target, -1), input, 0.0)), reduction)


@functional
def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0,
                        p: float = 2, eps: float = 1e-6, swap: bool = False,
                        size_average: bool | None = None, reduce: bool | None = None,
                        reduction: str = "mean") -> Tensor:  # fmt: skip
    """``max(d(anchor, positive) - d(anchor, negative) + margin, 0)``, d the `p`-norm distance.

    (N, D) or (D,). With `swap`, d(positive, negative) replaces d(anchor, negative) if smaller.
    Raises: ValueError for a margin that is not positive.
    """
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=chosen(reduction, size_average, reduce),
    )


@functional
def triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *,
                                      distance_function: Callable | None = None,
                                      margin: float = 1.0, swap: bool = False,
                                      reduction: str = "mean") -> Tensor:  # fmt: skip
    """`triplet_margin_loss` with a custom distance (default: `pairwise_distance`)."""
    reduction = chosen(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    dims = tuple(x._data.ndim for x in (anchor, positive, negative))
    if len(set(dims)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {dims[0]}D, positive {dims[1]}D, and negative "
            f"{dims[2]}D inputs"
        )
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp(sub(add(near, margin), far), 0), reduction)


# --- classes ------------------------------------------------------------------------------------


@functional
def soft_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None,
                     reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """``log(1 + e**(-target * input))`` for target 1 or -1."""
    reduction = chosen(reduction, size_average, reduce)
    broadcast_shapes(input._data.shape, target._data.shape)
    return reduced(log1p(exp(mul(neg(target), input))), reduction)


@functional
def multi_margin_loss(input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0,
                      weight: Tensor | None = None, size_average: bool | None = None,
                      reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """``sum(max(margin - input[target] + input[i], 0)**p) / C`` over the classes i != target.

    input (N, C) or (C,); target (N,) or () of int64; weight (C,), per target class; p 1 or 2.
    Raises: ValueError for other `p`; RuntimeError (as PyTorch) for shapes that do not match.
    """
    reduction = chosen(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    shape = list(input.shape) or [1]
    if len(shape) not in (1, 2) or not shape[-1]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {shape}"
        )
    rows = input.reshape(-1, shape[-1])
    _check_multi_margin(rows, target, weight, shape)
    own = target.reshape(-1, 1)
    gaps = relu(sub(add(rows, margin), rows.gather(1, own)))
    if p == 2:
        gaps = square(gaps)
    if weight is not None:
        gaps = mul(gaps, weight[own])
    classes = wrap(local.mode.xp.arange(0, shape[-1], 1, dtypes.int64))
    loss = div(where(eq(own, classes), 0.0, gaps).sum(1), shape[-1])
    return reduced(loss if target._data.ndim else loss.reshape(()), reduction)


def _check_multi_margin(rows: Tensor, target: Tensor, weight: Any, shape: list[int]) -> None:
    count, classes = rows._data.shape
    if target._data.ndim > 1 or target._data.size != count:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{count}], but got {list(target.shape)}. "
            f"Input has shape {shape}."
        )
    if weight is not None and weight._data.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    if weight is not None and weight._data.shape != (classes,):
        raise RuntimeError(
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    if target.dtype is not dtypes.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.legacy}")
    if not local.mode.xp.in_range(target._data, classes):
        raise RuntimeError("target out of range")


@functional
def multilabel_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None,
                           reduce: bool | None = None,
                           reduction: str = "mean") -> Tensor:  # fmt: skip
    """``sum(max(1 - (input[j] - input[i]), 0)) / C`` over target classes j and all others i.

    Both (N, C) or (C,); a row of `target` lists its classes, up to the first -1.
    Raises: RuntimeError (as PyTorch) for shapes or classes that do not match.
    """
    reduction = chosen(reduction, size_average, reduce)
    shape = list(input.shape)
    if target.shape != input.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {shape}"
        )
    classes = shape[-1] if shape else 1
    rows, listed = input.reshape(-1, classes), target.reshape(-1, classes)
    valid = eq(eq(listed, -1).cumsum(1), 0)  # before the first -1
    listed = where(valid, listed, 0)
    if target.dtype is not dtypes.int64 or not local.mode.xp.in_range(listed._data, classes):
        raise RuntimeError("argument #2 'target' is out of range")
    numbers = wrap(local.mode.xp.arange(0, classes, 1, dtypes.int64))
    hits = eq(listed.unsqueeze(-1), numbers).logical_and(valid.unsqueeze(-1))  # (N, target, class)
    pairs = valid.unsqueeze(-1).logical_and(hits.any(1).logical_not().unsqueeze(1))
    gaps = relu(add(sub(rows.unsqueeze(1), rows.gather(1, listed).unsqueeze(-1)), 1))
    loss = div(where(pairs, gaps, 0.0).sum((1, 2)), classes)
    return reduced(loss if len(shape) > 1 else loss.reshape(()), reduction)


@functional
def multilabel_soft_margin_loss(input: Tensor, target: Tensor, weight: Tensor | None = None,
                                size_average: bool | None = None, reduce: bool | None = None,
                                reduction: str = "mean") -> Tensor:  # fmt: skip
    """The binary cross-entropy of each class's logit, averaged over the last dimension.

    Both (N, C); weight (C,) or any shape that broadcasts.
    """
    reduction = chosen(reduction, size_average, reduce)
    yes, no = logsigmoid(input), logsigmoid(neg(input))
    loss = neg(add(mul(target, yes), mul(sub(1, target), no)))
    if weight is not None:
        loss = mul(loss, weight)
    return reduced(div(loss.sum(-1), loss._data.shape[-1]), reduction)
