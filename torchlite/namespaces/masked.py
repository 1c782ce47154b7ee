"""Reductions and normalisations with masked-out elements: PyTorch's `torch.masked`.

``mask``: a tensor broadcastable to the input, true where an element counts; None: all count.
A masked-out element is replaced by the identity: 0 in a sum, -inf under `softmax`. So where all
are masked out, the result is 0, 1, an infinity, or NaN for `mean`, `median`, `var`.

``dim``: an int, a tuple of ints, or None or ``()`` for all. ``dtype``: of the result, by default
that of the input. Raises: IndexError for a mask with more dimensions than the input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dim, normalize_dims
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT, INTEGER, dtype
from torchlite.ops.core.promotion import at_least_float, cast
from torchlite.ops.math.arithmetic import div, mul, neg, sub
from torchlite.ops.math.clamping import clamp_min
from torchlite.ops.math.comparison import isnan, where
from torchlite.ops.math.exponentials import logaddexp as _logaddexp
from torchlite.ops.math.exponentials import sqrt
from torchlite.ops.reduce import extremes, reductions, scan, sorting
from torchlite.ops.reduce import norms as norms
from torchlite.ops.shape.reshaping import broadcast_to

Dims = Any  # int | Sequence[int] | None
Mask = Tensor | None


def _as_bools(input: Tensor, mask: Tensor) -> Tensor:
    if mask.ndim > input.ndim:
        raise IndexError(
            "_input_mask expected broadcastable mask (got mask dimensionality higher than of the "
            f"input)\nThe mask has shape {list(mask.shape)}, the input {list(input.shape)}."
        )
    return cast(broadcast_to(mask, input.shape), dtypes.bool_)


def _filled(input: Tensor, mask: Mask, value: Any) -> Tensor:
    """`input` with `value` in place of masked-out elements."""
    return input if mask is None else where(_as_bools(input, mask), input, value)


def _limit(name: str, kind: dtype, sign: int) -> Any:
    """The smallest value of a dtype, or with `sign` 1 the largest."""
    if kind.category == FLOAT:
        return sign * math.inf
    if kind.category != INTEGER:
        raise NotImplementedError(f"identity of {name} on {kind} input")
    return dtypes.iinfo(kind).max if sign > 0 else dtypes.iinfo(kind).min


def _above(name: str, input: Tensor, mask: Mask, sign: int) -> Tensor:
    """`input` with the smallest (`sign` -1) or largest value in place of masked-out elements."""
    return input if mask is None else _filled(input, mask, _limit(name, input.dtype, sign))


def _sum_dtype(input: Tensor, dtype: dtype | None) -> dtype:
    return dtype or (input.dtype if input.dtype.category >= FLOAT else dtypes.int64)


# --- sums and products --------------------------------------------------------------------------


def sum(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False,
        dtype: dtype | None = None, mask: Mask = None) -> Tensor:  # fmt: skip
    """The sum over `dim`; integers and bools are summed in int64."""
    kept = _filled(input, mask, 0)
    return reductions.sum(kept, dim, bool(keepdim), dtype=_sum_dtype(input, dtype))


def prod(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False,
         dtype: dtype | None = None, mask: Mask = None) -> Tensor:  # fmt: skip
    """The product over `dim`; integers and bools are multiplied in int64."""
    result = cast(_filled(input, mask, 1), _sum_dtype(input, dtype))
    for axis in sorted(normalize_dims(dim, input.ndim), reverse=True):
        result = reductions.prod(result, axis, bool(keepdim))
    return result


def cumsum(input: Tensor, dim: int, *, dtype: dtype | None = None,
           mask: Mask = None) -> Tensor:  # fmt: skip
    """Running sums along `dim`."""
    kind = dtype or input.dtype
    return cast(scan.cumsum(_filled(input, mask, 0), dim, dtype=kind), kind)


def cumprod(input: Tensor, dim: int, *, dtype: dtype | None = None,
            mask: Mask = None) -> Tensor:  # fmt: skip
    """Running products along `dim`."""
    kind = dtype or input.dtype
    return cast(scan.cumprod(_filled(input, mask, 1), dim, dtype=kind), kind)


def logsumexp(input: Tensor, dim: Dims = None, *, keepdim: bool = False,
              dtype: dtype | None = None, mask: Mask = None) -> Tensor:  # fmt: skip
    """``log(exp(input).sum(dim))`` without overflow."""
    kept = _above("logsumexp", input, mask, -1)
    axes = normalize_dims(dim, input.ndim)
    return cast(norms.logsumexp(kept, axes, keepdim), dtype or input.dtype)


def logaddexp(input: Tensor, other: Tensor, *, dtype: dtype | None = None,
              input_mask: Mask = None, other_mask: Mask = None) -> Tensor:  # fmt: skip
    """``log(e**input + e**other)`` without overflow; each operand has its own mask."""
    x = _above("logaddexp", input, input_mask, -1)
    y = _above("logaddexp", other, other_mask, -1)
    return cast(_logaddexp(x, y), dtype or input.dtype)


# --- extremes -----------------------------------------------------------------------------------


def _extreme(name: str, find: Callable, sign: int) -> Callable:
    def extreme(input: Tensor, dim: Any = None, *, keepdim: bool | None = False,
                dtype: dtype | None = None, mask: Mask = None) -> Tensor:  # fmt: skip
        kept = _above(name, input, mask, sign)
        dims = dim if name.startswith("arg") else normalize_dims(dim, input.ndim)
        return cast(find(kept, dims, bool(keepdim)), dtype or input.dtype)

    extreme.__name__ = extreme.__qualname__ = name
    place = "The index of the " if name.startswith("arg") else "The "
    which = "smallest" if sign > 0 else "greatest"
    extreme.__doc__ = f"{place}{which} element over `dim`, in the dtype of the input."
    return extreme


amax, amin = _extreme("amax", extremes.amax, -1), _extreme("amin", extremes.amin, 1)
argmax, argmin = _extreme("argmax", reductions.argmax, -1), _extreme("argmin", reductions.argmin, 1)


def median(input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: dtype | None = None,
           mask: Mask = None) -> Tensor:  # fmt: skip
    """The lower median along `dim`. Raises: ValueError if an integer row is fully masked out."""
    kept = _filled(cast(input, at_least_float(input.dtype)), mask, math.nan)
    result = sorting.nanmedian(kept, normalize_dim(dim, input.ndim), keepdim).values
    if input.dtype.category == FLOAT:
        return result
    if bool(isnan(result).any()):
        raise ValueError(
            "masked median expects no fully masked out rows if dtype is not floating point"
        )
    return cast(result, dtype or input.dtype)


# --- moments and norms --------------------------------------------------------------------------


def _count(input: Tensor, mask: Mask, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The number of elements that count."""
    if mask is None:
        return math.prod(input.shape[i] for i in axes)
    return reductions.sum(_as_bools(input, mask), axes, keepdim)


def mean(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False,
         dtype: dtype | None = None, mask: Mask = None) -> Tensor:  # fmt: skip
    """The mean over `dim`. Raises: ValueError (as PyTorch) for an integer or bool result."""
    kind = dtype or input.dtype
    if kind.category < FLOAT:
        raise ValueError(
            f"mean(): Could not infer output dtype. {'Optional' if dtype else 'Input'} dtype must "
            f"be either a floating point or complex dtype. Got: {kind}"
        )
    axes = normalize_dims(dim, input.ndim)
    total = sum(input, axes, keepdim=keepdim, dtype=kind, mask=mask)
    return div(total, _count(input, mask, axes, bool(keepdim)))


def var(input: Tensor, dim: Dims = None, unbiased: bool | None = None, *,
        correction: float | None = None, keepdim: bool | None = False, dtype: dtype | None = None,
        mask: Mask = None) -> Tensor:  # fmt: skip
    """The variance over `dim`, with the divisor ``count - correction`` (default: 1)."""
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    if correction is None:
        correction = 0 if unbiased is False else 1
    kind = at_least_float(dtype or input.dtype)
    axes, keepdim = normalize_dims(dim, input.ndim), bool(keepdim)
    average = mean(input, axes, keepdim=True, dtype=kind, mask=mask)
    gap = sub(input, average)
    total = sum(mul(gap, gap.conj()), axes, keepdim=keepdim, dtype=kind, mask=mask)
    count = _count(input, mask, axes, keepdim)
    rest = clamp_min(sub(count, correction), 0) if mask is not None else max(count - correction, 0)
    return cast(div(total, rest), dtype or kind)


def std(input: Tensor, dim: Dims = None, unbiased: bool | None = None, *,
        correction: float | None = None, keepdim: bool | None = False, dtype: dtype | None = None,
        mask: Mask = None) -> Tensor:  # fmt: skip
    """The square root of `var`."""
    return sqrt(var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype,
                    mask=mask))  # fmt: skip


def norm(input: Tensor, ord: float | None = 2.0, dim: Dims = None, *,
         keepdim: bool | None = False, dtype: dtype | None = None,
         mask: Mask = None) -> Tensor:  # fmt: skip
    """The vector norm of order `ord` over `dim`."""
    kept = _filled(input, mask, math.inf if ord == -math.inf else 0)
    axes, ord = normalize_dims(dim, input.ndim), 2.0 if ord is None else ord
    return norms.vector_norm(kept, ord, axes, bool(keepdim), dtype=dtype or input.dtype)


# --- normalisations -----------------------------------------------------------------------------


def softmax(input: Tensor, dim: int, *, dtype: dtype | None = None,
            mask: Mask = None) -> Tensor:  # fmt: skip
    """``exp(input) / exp(input).sum(dim)`` of the elements that count, 0 elsewhere."""
    return norms.softmax(_above("amax", input, mask, -1), dim, dtype or input.dtype)


def log_softmax(input: Tensor, dim: int, *, dtype: dtype | None = None,
                mask: Mask = None) -> Tensor:  # fmt: skip
    """The logarithm of `softmax`, -inf where an element does not count."""
    return norms.log_softmax(_above("amax", input, mask, -1), dim, dtype or input.dtype)


def softmin(input: Tensor, dim: int, *, dtype: dtype | None = None,
            mask: Mask = None) -> Tensor:  # fmt: skip
    """`softmax` of ``-input``."""
    return norms.softmax(neg(_above("amin", input, mask, 1)), dim, dtype or input.dtype)


def normalize(input: Tensor, ord: float, dim: int, *, eps: float = 1e-12,
              dtype: dtype | None = None, mask: Mask = None) -> Tensor:  # fmt: skip
    """`input`, 0 where masked out, divided by its `norm` along `dim`, or by `eps` if greater."""
    size = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return div(_filled(input, mask, 0), clamp_min(size, eps))


__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum",
    "var",
]  # fmt: skip
