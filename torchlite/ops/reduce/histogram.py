"""Histograms in one dimension and several."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

from torchlite.core import return_types
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.ops.core.family import functional, operation, refuse, write_out
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.factories import linspace, zeros
from torchlite.ops.indexing.search import searchsorted
from torchlite.ops.math.comparison import where
from torchlite.ops.reduce.statistics import bincount

_NAME = "torch.histogramdd: "


@operation
def histogram(input: Tensor, bins: Any = 100, *, range: Sequence[float] | None = None,
              weight: Tensor | None = None, density: bool = False,
              out: Any = None) -> return_types.histogram:  # fmt: skip
    """The number of elements in each bin, or the sum of their weights: (hist, bin_edges).

    Args:
        bins: The number of equal bins, or their edges (bins + 1).
        range: Lowest and highest edge of equal bins. Default: the extremes of the elements.
        weight: In the shape of `input`.
        density: Divide by the total and by the bin widths.

    A bin includes its lower edge, the last one also its upper edge. No gradient.
    Raises: RuntimeError for integers, and arguments that do not fit together.
    """
    if isinstance(bins, Tensor) and range is not None:
        raise TypeError("histogram() received an invalid combination of arguments")
    points = input.reshape(-1, 1)
    weights = None if weight is None else weight.reshape(-1)
    result, (edges,) = _histogram("torch.histogram(): ", points, [bins], range, weights, density)
    if out is None:
        return return_types.histogram(result, edges)
    pairs = zip(out, (result, edges))
    return return_types.histogram(*(write_out("histogram", o, r) for o, r in pairs))


@functional
def histogramdd(
    input: Tensor, bins: Any, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False,
) -> return_types.histogramdd:
    """`histogram` of points (*, D) in D dimensions: (hist, a tuple of D bin_edges).

    Args:
        bins: One number of bins for all dimensions, or a number or a tensor of edges for each.
        range: Lowest and highest edge of dimension 0, of dimension 1, ...
        weight: (*).
    """
    if input._data.ndim < 2:
        raise RuntimeError(f"{_NAME}input tensor should have at least 2 dimensions")
    count = input._data.shape[-1]
    bins = [bins] * count if isinstance(bins, int) else list(bins)
    if len(bins) != count:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input."
        )
    weights = None if weight is None else weight.reshape(-1)
    points = input.reshape(-1, count)
    result, edges = _histogram(_NAME, points, bins, range, weights, density)
    return return_types.histogramdd(result, edges)


def _histogram(name: str, points: Tensor, bins: list, range: Sequence[float] | None,
               weights: Tensor | None, density: bool) -> tuple[Tensor, tuple]:  # fmt: skip
    """The histogram of points (N, D) with weights (N), and the D tensors of edges."""
    points = points.detach()
    if points.dtype.category != FLOAT:
        raise refuse("histogramdd", points.dtype)
    _check_weights(points, weights)
    if range is not None and len(range) != 2 * len(bins):
        raise RuntimeError(
            f"{_NAME}for a {len(bins)}-dimensional histogram range should have {2 * len(bins)} "
            f"elements, but got {len(range)}"
        )
    edges = []
    for d, b in enumerate(bins):
        limits = None if range is None else tuple(range[2 * d : 2 * d + 2])
        make = _given_edges if isinstance(b, Tensor) else _even_edges
        edges.append(make(name, points.select(1, d), b, limits, d))
    result = _counts(points, edges, weights)
    return _density(result, edges) if density else result, tuple(edges)


def _check_weights(points: Tensor, weights: Tensor | None) -> None:
    if weights is None:
        return
    if weights._data.shape != points._data.shape[:1]:
        raise RuntimeError(
            f"{_NAME}if weight tensor is provided it should have the same shape as the input "
            "tensor excluding its innermost dimension, but got input with shape "
            f"{list(points._data.shape)} and weight with shape {list(weights._data.shape)}"
        )
    if weights.dtype is not points.dtype:
        raise RuntimeError(
            f"{_NAME}if weight tensor is provided, input tensor and weight tensor should have the "
            f"same dtype, but got input({points.dtype.name}), and weight({weights.dtype.name})"
        )


def _given_edges(name: str, x: Tensor, bins: Tensor, limits: Any, d: int) -> Tensor:
    if bins.dtype is not x.dtype:
        raise RuntimeError(
            f"{_NAME}input tensor and bins tensors should have the same dtype, but got input with "
            f"dtype {x.dtype.name} and bins for dimension {d} with dtype {bins.dtype.name}"
        )
    if bins._data.ndim != 1 or not bins._data.size:
        raise RuntimeError(
            f"{_NAME}bins tensor should have at least 1 element, but got {bins._data.size} "
            f"elements in the bins tensor for dimension {d}"
        )
    return bins.detach()


def _even_edges(name: str, x: Tensor, bins: int, limits: Any, d: int) -> Tensor:
    if bins <= 0:
        raise RuntimeError(f"{name}bins must be > 0, but got {bins} for dimension {d}")
    if limits is not None:
        low, high = limits
    else:
        low, high = (x.min().item(), x.max().item()) if x._data.size else (0.0, 1.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{_NAME}dimension {d}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(
            f"{_NAME}min should not exceed max, but got min {low:g} max {high:g} for dimension {d}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return linspace(low, high, bins + 1, dtype=x.dtype)


def _counts(points: Tensor, edges: list[Tensor], weights: Tensor | None) -> Tensor:
    """The total weight of the points in each bin."""
    sizes = [e._data.shape[0] - 1 for e in edges]
    if not math.prod(sizes):
        return zeros(sizes, dtype=points.dtype)
    place: Any = 0
    inside: Any = True
    for d, (e, size) in enumerate(zip(edges, sizes)):
        x = points.select(1, d).contiguous()
        found = searchsorted(e, x, right=True) - 1
        place = place * size + where(x == e[-1], size - 1, found)
        inside = (x >= e[0]) & (x <= e[-1]) & inside
    weights = None if weights is None else weights.detach()[inside]
    counts = bincount(place[inside], weights, minlength=math.prod(sizes))
    return cast(counts, points.dtype).reshape(sizes)


def _density(counts: Tensor, edges: list[Tensor]) -> Tensor:
    result = counts / counts.sum()
    for d, e in enumerate(edges):
        widths = e[1:] - e[:-1]
        shape = [-1 if i == d else 1 for i in builtins.range(len(edges))]
        result = result / widths.reshape(shape)
    return result


__all__ = ["histogram", "histogramdd"]
