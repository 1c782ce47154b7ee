"""Quantiles: elements at fractional ranks of sorted rows."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.family import operation, write_out
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.arithmetic import add, ceil, floor, mul, sub
from torchlite.ops.math.arithmetic import round as round_
from torchlite.ops.math.comparison import ge, isnan, le, logical_and, where
from torchlite.ops.reduce.reductions import any as any_
from torchlite.ops.reduce.reductions import data_of
from torchlite.ops.reduce.reductions import sum as sum_
from torchlite.ops.reduce.sorting import sort
from torchlite.ops.shape.dimensions import movedim

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(name: str, input: Any, q: Any, interpolation: str) -> Tensor:
    """`q` as a tensor."""
    data = data_of(name, input)
    if not data.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if input.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
        return wrap(local.mode.xp.full((), float(q), input.dtype))
    if q._data.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q.dtype is not input.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if local.mode.xp.any_true((~logical_and(ge(q, 0), le(q, 1)))._data):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    return q


def _quantile(name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool,
              interpolation: str, ignore_nan: bool) -> Tensor:  # fmt: skip
    q = _check_quantile(name, input, q, interpolation)
    ndim = input._data.ndim
    axis = None if dim is None else normalize_dim(dim, ndim)
    rows = input.reshape(-1) if axis is None or not ndim else movedim(input, axis, -1)
    rows = sort(rows, -1).values
    missing = isnan(rows)
    if ignore_nan:
        last = sub(sum_(missing.logical_not(), -1, True), 1).clamp(min=0)
        ranks = mul(q, last)
    else:  # NaN is sorted to the end
        last = rows._data.shape[-1] - 1
        ranks = where(any_(missing, -1, True), last, mul(q, last))
    result = _between(rows, cast(ranks, rows.dtype), interpolation)  # (*rows, number of q)
    if not keepdim:
        return result.squeeze(-1) if not q._data.ndim else movedim(result, -1, 0)
    result = movedim(result, -1, 0)
    if axis is None:
        result = result.reshape(result._data.shape[:1] + (1,) * ndim)
    elif ndim:
        result = result.unsqueeze(axis + 1)
    return result if q._data.ndim else result.squeeze(0)


def _between(rows: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """The elements of sorted `rows` at fractional `ranks`."""
    if interpolation == "nearest":
        ranks = round_(ranks)
    elif interpolation == "higher":
        ranks = ceil(ranks)
    below = floor(ranks)
    low = recorded.gather(rows, cast(below, dtypes.int64), rows._data.ndim - 1)
    if interpolation in ("nearest", "higher", "lower"):
        return low
    high = recorded.gather(rows, cast(ceil(ranks), dtypes.int64), rows._data.ndim - 1)
    weight = 0.5 if interpolation == "midpoint" else sub(ranks, below)
    return add(low, mul(weight, sub(high, low)))


@operation
def quantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
             interpolation: str = "linear", out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The `q`-th quantiles (a scalar or a vector in [0, 1]) of all elements or along `dim`.

    The dimension of a vector comes first in the result. interpolation: "linear", "lower", "higher",
    "midpoint" or "nearest". NaN propagates.
    """
    result = _quantile("quantile", input, q, dim, keepdim, interpolation, False)
    return result if out is None else write_out("quantile", out, result)


@operation
def nanquantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
                interpolation: str = "linear", out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`quantile` of the elements that are not NaN."""
    result = _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
    return result if out is None else write_out("nanquantile", out, result)


__all__ = ["nanquantile", "quantile"]
