"""Sums, means and maxima over bags of embedding rows."""

from __future__ import annotations

import warnings

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import arange, zeros
from torchlite.ops.indexing.search import searchsorted
from torchlite.ops.layers.embedding import embedding

_MODES = ("sum", "mean", "max")


def embedding_bag(input: Tensor, weight: Tensor, offsets: Tensor | None = None,
                  max_norm: float | None = None, norm_type: float = 2,
                  scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False,
                  per_sample_weights: Tensor | None = None, include_last_offset: bool = False,
                  padding_idx: int | None = None) -> Tensor:  # fmt: skip
    """The sum, mean or max of the rows of `weight` (V, D) in each bag; 0 for an empty bag.

    Args:
        input: Row indices: (B, N), one bag per row; or (N,), with `offsets`.
        weight: (V, D).
        offsets: (B,), where each bag begins in `input` (N,).
        max_norm, norm_type, scale_grad_by_freq, sparse: As in `embedding`.
        mode: "sum", "mean" or "max".
        per_sample_weights: Factors for the rows, shaped like `input`; with "sum" only.
        include_last_offset: Whether the last offset is the end of the last bag.
        padding_idx: The index of a row to ignore.

    Shape: ``(B, D)``.
    Raises: ValueError, RuntimeError, IndexError (as PyTorch) for invalid arguments.
    """
    if weight.dtype is dtypes.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage "
            "`embedding_bag(weight, input, ...)` is deprecated, and should now be "
            "`embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    _check_mode(mode, scale_grad_by_freq, sparse)
    _check_sizes(input, weight, per_sample_weights)
    _check_factors(per_sample_weights, mode)
    bag, count = _bags(input, offsets, include_last_offset)
    numbers, factors = input.reshape(-1), per_sample_weights
    factors = None if factors is None else factors.reshape(-1)
    if padding_idx is not None:
        if not -weight.shape[0] <= padding_idx < weight.shape[0]:
            raise RuntimeError("padding_idx must be within the number of embeddings")
        kept = numbers != padding_idx % weight.shape[0]
        numbers, bag = numbers[kept], bag[kept]
        factors = None if factors is None else factors[kept]
    rows = embedding(numbers, weight, None, max_norm, norm_type, scale_grad_by_freq)
    if factors is not None:
        rows = rows * factors.unsqueeze(-1)
    return _combined(rows, bag, count, mode)


def _combined(rows: Tensor, bag: Tensor, count: int, mode: str) -> Tensor:
    result = zeros(count, rows.shape[1], dtype=rows.dtype)
    if mode == "max":
        places = bag.unsqueeze(-1).expand(rows.shape)
        return result.scatter_reduce(0, places, rows, "amax", include_self=False)
    result = result.index_add(0, bag, rows)
    if mode == "mean":
        sizes = bag.bincount(minlength=count).clamp(1)
        return result / sizes.to(rows.dtype).unsqueeze(-1)
    return result


def _bags(input: Tensor, offsets: Tensor | None, include_last: bool) -> tuple[Tensor, int]:
    """The bag of each index, and the number of bags."""
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {type(offsets)}"
            )
        return arange(input.shape[0]).repeat_interleave(input.shape[1]), input.shape[0]
    if input.dim() != 1:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        )
    offsets = _checked_offsets(offsets, input.numel())
    if include_last:
        offsets = offsets[:-1]
    return searchsorted(offsets, arange(input.numel()), right=True) - 1, offsets.numel()


def _checked_offsets(offsets: Tensor | None, length: int) -> Tensor:
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    offsets = offsets.to(dtypes.int64)
    if offsets.numel() and int(offsets[0]) != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {int(offsets[0])}"
        )
    if offsets.numel() and int(offsets[-1]) > length:
        raise RuntimeError(
            "offsets[-1] can not be greater than input's length "
            f"({length}), but got offsets[-1] of {int(offsets[-1])}"
        )
    return offsets


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool) -> None:
    if mode not in _MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")


def _check_factors(factors: Tensor | None, mode: str) -> None:
    if factors is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )


def _check_sizes(input: Tensor, weight: Tensor, factors: Tensor | None) -> None:
    if factors is not None and input.shape != factors.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({factors.shape}) is not None, "
            f"then it must have the same shape as the input ({input.shape})"
        )
    if weight.dim() != 2:
        raise ValueError(
            f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}"
        )
