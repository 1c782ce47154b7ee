"""Connectionist temporal classification: a loss for sequences without a known alignment."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.overrides import taken_over
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import arange, full, tensor, zeros
from torchlite.ops.losses.classification import chosen, reduced
from torchlite.ops.math.arithmetic import add, div, mul, neg, sub
from torchlite.ops.math.clamping import clamp
from torchlite.ops.math.comparison import eq, gt, logical_and, lt, ne, where
from torchlite.ops.math.exponentials import exp
from torchlite.ops.reduce.norms import logsumexp
from torchlite.ops.shape.joining import cat, stack

_NEVER = -1e30  # log-probability of an impossible path: finite, so that gradients are finite


@taken_over
def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any,
             blank: int = 0, reduction: str = "mean",
             zero_infinity: bool = False) -> Tensor:  # fmt: skip
    """Minus the log-probability of each target, summed over its alignments with the input.

    Source: Graves et al. 2006, Connectionist temporal classification.

    Args:
        log_probs: (T, N, C) or (T, C), logarithms of probabilities (`log_softmax`).
        targets: (N, S), padded, or concatenated (sum of lengths,); class indices except `blank`.
        input_lengths: (N,) or (), at most T.
        target_lengths: (N,) or (), at most S.
        blank: The class between labels.
        reduction: "mean" first divides each loss by the length of its target.
        zero_infinity: Whether infinite losses (targets too long) and their gradients are set to 0.

    As in PyTorch, the gradient assumes that `log_probs` comes from `log_softmax`.
    Raises: RuntimeError (as PyTorch) for lengths and shapes that do not match.
    """
    reduction = chosen(reduction)
    batched = log_probs._data.ndim == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets._data.ndim == 1 else targets
    steps, count, classes = log_probs._data.shape
    inputs = _lengths("input_lengths", input_lengths, count)
    lengths = _lengths("target_lengths", target_lengths, count)
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if log_probs.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(f'"ctc_loss_cpu" not implemented for \'{log_probs.dtype.legacy}\'')
    _check_inputs(inputs, steps)
    padded = _padded(targets, lengths)
    loss = _losses(log_probs, padded, inputs, lengths, blank)
    loss = add(loss, _softmax_share(log_probs, inputs))
    loss = where(gt(loss, -_NEVER / 2), 0.0 if zero_infinity else math.inf, loss)
    if reduction == "mean":
        return div(loss, clamp(tensor(lengths, dtype=loss.dtype), 1)).mean()
    return reduced(loss if batched else loss.reshape(()), reduction)


def _lengths(name: str, lengths: Any, count: int) -> list[int]:
    if isinstance(lengths, Tensor):
        if lengths.dtype.category != dtypes.INTEGER:
            raise RuntimeError(f"{name} must be integral")
        lengths = lengths.tolist()
    lengths = [lengths] if isinstance(lengths, int) else list(lengths)
    if len(lengths) != count:
        raise RuntimeError(f"{name} must be of size batch_size")
    for b, n in enumerate(lengths):
        if n < 0:
            raise RuntimeError(
                f"Expected {name} to have value at least 0, but got value {n} (while checking "
                f"arguments for ctc_loss_cpu; sequence {b})"
            )
    return lengths


def _check_inputs(lengths: list[int], steps: int) -> None:
    for b, n in enumerate(lengths):
        if n > steps:
            raise RuntimeError(
                f"Expected input_lengths to have value at most {steps}, but got value {n} (while "
                f"checking arguments for ctc_loss_cpu; sequence {b})"
            )


def _padded(targets: Tensor, lengths: list[int]) -> Tensor:
    """The targets as (N, longest), int64."""
    longest = max(lengths, default=0)
    targets = targets.detach().to(dtypes.int64)
    if targets._data.ndim == 2:
        if targets._data.shape[1] < longest or targets._data.shape[0] != len(lengths):
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but got size "
                f"{list(targets.shape)} for argument #2 'targets' (while checking arguments for "
                "ctc_loss_cpu)"
            )
        return targets[:, :longest]
    if targets._data.ndim != 1 or targets._data.shape[0] != sum(lengths):
        raise RuntimeError(
            f"Expected tensor to have size {sum(lengths)} at dimension 0, but got size "
            f"{list(targets.shape)} for argument #2 'targets' (while checking arguments for "
            "ctc_loss_cpu)"
        )
    out = zeros(len(lengths), longest, dtype=dtypes.int64)
    start = 0
    for b, n in enumerate(lengths):
        out[b, :n] = targets[start : start + n]
        start += n
    return out


def _softmax_share(log_probs: Tensor, lengths: list[int]) -> Tensor:
    """0 (N,), with the gradient that makes the loss's one for logits, as in PyTorch."""
    valid = lt(arange(log_probs._data.shape[0]).unsqueeze(1), tensor(lengths))
    total = where(valid, exp(log_probs).sum(2), 0.0).sum(0)
    return sub(total, total.detach())


def _losses(log_probs: Tensor, targets: Tensor, inputs: list[int], lengths: list[int],
            blank: int) -> Tensor:  # fmt: skip
    """Minus the log-probabilities (N,); at least -_NEVER where there is no path."""
    steps, count, _ = log_probs._data.shape
    kind = log_probs.dtype
    blanks = full(targets.shape, blank, dtype=dtypes.int64)
    labels = stack([blanks, targets], 2).reshape(count, -1)
    labels = cat([labels, full((count, 1), blank, dtype=dtypes.int64)], 1)  # (N, 2 S + 1)
    width = labels._data.shape[1]
    never = full((count, 2), _NEVER, dtype=kind)
    skips = logical_and(ne(labels[:, 2:], blank), ne(labels[:, 2:], labels[:, :-2]))
    skips = cat([zeros(count, min(width, 2), dtype=dtypes.bool_), skips], 1)
    ends = mul(tensor(lengths), 2).unsqueeze(1)  # the last blank
    times = tensor(inputs).unsqueeze(1)
    state = where(eq(arange(width), 0), 0.0, full((count, width), _NEVER, dtype=kind))
    for t in range(steps):
        emitted = log_probs[t].gather(1, labels)
        if t == 0:
            start = where(lt(arange(width), 2), 0.0, full((count, width), _NEVER, dtype=kind))
            new = add(start, emitted)
        else:
            before = cat([never, state], 1)
            jump = where(skips, before[:, :width], _NEVER)
            paths = stack([state, before[:, 1 : width + 1], jump])
            new = add(logsumexp(paths, 0), emitted)
        state = where(gt(times, t), clamp(new, _NEVER), state)
    last = state.gather(1, ends)
    earlier = where(gt(ends, 0), state.gather(1, clamp(sub(ends, 1), 0)), _NEVER)
    return neg(logsumexp(cat([last, earlier], 1), 1))
