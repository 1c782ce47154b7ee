"""Variance, covariance, histograms and counts."""

from __future__ import annotations

import math
import warnings
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import reduced_count
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX, FLOAT, INTEGER
from torchlite.ops.core.family import functional, operation, refuse, write_out
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.arithmetic import div, mul, sub
from torchlite.ops.math.complex_numbers import conj, real
from torchlite.ops.math.exponentials import sqrt
from torchlite.ops.reduce.reductions import axes_of, data_of, in_single, mean, restore
from torchlite.ops.reduce.reductions import sum as sum_
from torchlite.ops.shape.slicing import diagonal


def _var_x(xp: Any, g: Any, x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    shape = tuple(x.shape)
    freedom = max(reduced_count(shape, axis) - correction, 0)
    centred = xp.sub(x, xp.mean(x, axis, True))
    slope = xp.mul(centred, 2 / freedom) if freedom else xp.div(centred, 0)
    return xp.mul(restore(xp, g, shape, axis, keepdims), slope)


def _std_x(xp: Any, g: Any, x: Any, out: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    """The gradient is 0 where the deviation is 0."""
    flat = xp.eq(out, 0)
    slope = xp.where(flat, 0, xp.div(g, xp.mul(xp.where(flat, 1, out), 2)))
    return _var_x(xp, slope, x, axis, correction, keepdims)


_var = declare("var", x=_var_x)
_std = declare("std", x=_std_x)


def _spread(name: str, primitive: Any, input: Any, dim: Any, unbiased: bool | None,
            keepdim: bool, correction: float | None) -> tuple:  # fmt: skip
    """The variance or deviation, and the dimensions it is taken over."""
    data = data_of(name, input)
    if dtypes.of(data).category < FLOAT:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    if isinstance(dim, bool):  # var(input, unbiased)
        unbiased, dim = dim, None
    if correction is None:
        correction = 0 if unbiased is False else 1
    elif unbiased is not None:
        raise TypeError(f"{name}() received an invalid combination of arguments")
    axes = axes_of(dim, data.ndim)
    if data.size and reduced_count(data.shape, axes) <= correction:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel).",
            stacklevel=3,
        )
    return in_single(primitive, input, axes, correction, keepdim), axes


@operation
def var(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``((input - mean)**2).sum(dim) / (count - correction)``; correction 1, 0 if not `unbiased`.

    ``var(input, unbiased)`` is over all dimensions. Raises: RuntimeError for integers and bool.
    """
    result, _ = _spread("var", _var, input, dim, unbiased, keepdim, correction)
    return result if out is None else write_out("var", out, result)


@operation
def std(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The square root of `var`, with the same parameters."""
    result, _ = _spread("std", _std, input, dim, unbiased, keepdim, correction)
    return result if out is None else write_out("std", out, result)


@functional
def var_mean(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False,
             *, correction: float | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`var` and the mean over the same dimensions."""
    result, axes = _spread("var_mean", _var, input, dim, unbiased, keepdim, correction)
    return result, mean(input, axes, keepdim)


@functional
def std_mean(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False,
             *, correction: float | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`std` and the mean over the same dimensions."""
    result, axes = _spread("std_mean", _std, input, dim, unbiased, keepdim, correction)
    return result, mean(input, axes, keepdim)


# --- covariance ---------------------------------------------------------------------------------


@operation
def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
        aweights: Tensor | None = None) -> Tensor:  # fmt: skip
    """The covariance matrix of variables (rows) over observations (columns).

    `fweights`: how often each observation counts (integers); `aweights`: its weight.
    """
    if input._data.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input._data.ndim} dimensions"
        )
    if input.dtype is dtypes.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = input if input._data.ndim == 2 else input.reshape(1, -1)
    if rows.dtype.category < FLOAT:
        rows = cast(rows, dtypes.get_default_dtype())
    weights = _observation_weights(rows, fweights, aweights)
    if weights is None:
        freedom: Any = rows._data.shape[1] - correction
        centred = right = sub(rows, mean(rows, 1, True))
    else:
        total = sum_(weights)
        lost: Any = correction
        if aweights is not None:
            lost = mul(div(sum_(mul(weights, aweights)), total), correction)
        freedom = sub(total, lost)
        centred = sub(rows, div(sum_(mul(rows, weights), 1, True), total))
        right = mul(centred, weights)
    if float(freedom) <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "number of observations.",
            stacklevel=2,
        )
        freedom = 0
    return div(centred @ conj(right).t(), freedom).squeeze()


def _check_weights(name: str, weights: Tensor, observations: int) -> None:
    if weights._data.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
            f"{weights._data.ndim} dimensions"
        )
    if (weights.dtype.category == INTEGER) != (name == "fweights"):
        wanted = "integral" if name == "fweights" else "floating point"
        raise RuntimeError(
            f"cov(): expected {name} to have {wanted} dtype but got {name} with "
            f"{weights.dtype.legacy} dtype"
        )
    if weights._data.size != observations:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the "
            f"input but got {weights._data.size} != {observations}"
        )
    if observations and local.mode.xp.extremes(weights._data)[0] < 0:
        raise RuntimeError(f"cov(): {name} cannot be negative")


def _observation_weights(rows: Tensor, fweights: Any, aweights: Any) -> Tensor | None:
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is not None:
            _check_weights(name, weights, rows._data.shape[1])
    if fweights is None or aweights is None:
        weights = aweights if fweights is None else fweights
        return weights if weights is None else cast(weights, rows.dtype.to_real())
    return cast(mul(fweights, aweights), rows.dtype.to_real())


@operation
def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables (rows) over observations (columns)."""
    if input._data.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input._data.ndim} dimensions"
        )
    matrix = cov(input)
    if not matrix._data.ndim:
        return div(matrix, matrix)
    spread = sqrt(real(diagonal(matrix)))
    quotient = div(div(matrix, spread.unsqueeze(1)), spread.unsqueeze(0))
    return quotient if quotient.dtype.category == COMPLEX else quotient.clamp(-1, 1)


# --- histograms ---------------------------------------------------------------------------------


@operation
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """The count of each number from 0 to the maximum in a vector of non-negative integers.

    With `weights`, the sums of their weights. The result has at least `minlength` elements.
    """
    data = data_of("bincount", input)
    if dtypes.of(data).category != INTEGER:
        raise refuse("bincount_cpu", input.dtype)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if data.ndim != 1 or (data.size and local.mode.xp.extremes(data)[0] < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None:
        if weights._data.shape != data.shape:
            raise RuntimeError("weights should be 1-d and have the same length as input")
        if weights.dtype is not dtypes.float32:
            weights = cast(weights, dtypes.float64)
    xp = local.mode.xp
    return wrap(xp.bincount(data, None if weights is None else weights._data, minlength))


@operation
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The number of elements in each of `bins` equal bins on [min, max], in the dtype of `input`.

    ``min == max``: from the smallest to the greatest element. Others are not counted.
    """
    data = data_of("histc", input)
    if dtypes.of(data).category != FLOAT:
        raise refuse("histogram_cpu", input.dtype)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = _histogram_range(input, min, max)
    values = input.detach().reshape(-1)
    values = values[(values >= low) & (values <= high)]
    places = cast(mul(div(sub(values, low), high - low), bins), dtypes.int64).clamp(max=bins - 1)
    result = cast(bincount(places, minlength=bins), input.dtype)
    return result if out is None else write_out("histc", out, result)


def _histogram_range(input: Tensor, low: float, high: float) -> tuple[float, float]:
    if low == high and input._data.size:
        low, high = input.min().item(), input.max().item()
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    return (low - 1, high + 1) if low == high else (low, high)


__all__ = [
    "bincount", "corrcoef", "cov", "histc", "std", "std_mean", "var",
    "var_mean",
]  # fmt: skip
