"""Derivatives of sampled functions."""

from __future__ import annotations

from typing import Any

from torchlite.core.shapes import normalize_dims
from torchlite.core.tensor import Tensor
from torchlite.dtypes import uint8
from torchlite.ops.core.family import functional
from torchlite.ops.math.arithmetic import div, sub
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.slicing import narrow


@functional
def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None,
             edge_order: int = 1) -> tuple[Tensor, ...]:  # fmt: skip
    """The derivative, along each of `dim`, of the function whose values are `input`.

    Second-order central differences inside, one-sided differences of `edge_order` at the edges.

    Args:
        spacing: The distance between samples: a scalar, one scalar per dimension, or one tensor of
            coordinates per dimension. Default: 1.
        dim: One dimension or several. Default: all.
        edge_order: 1 or 2.

    Raises: RuntimeError for spacings that do not match the dimensions, too few values, or uint8.
    """
    if input.dtype is uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    ndim = input._data.ndim
    none_given = dim is not None and not isinstance(dim, int) and not len(dim)
    dims = () if none_given else normalize_dims(dim, ndim) if ndim or dim is not None else ()
    steps = _spacings(spacing, len(dims), dim is None)
    if any(input._data.shape[d] < edge_order + 1 for d in dims):
        raise RuntimeError(
            "torch.gradient expected each dimension size to be at least edge_order+1"
        )
    return tuple(_along(input, d, step, edge_order) for d, step in zip(dims, steps))


def _spacings(spacing: Any, count: int, of_all: bool) -> list:
    """One spacing per dimension."""
    if not isinstance(spacing, (list, tuple)):
        spacing = spacing.item() if isinstance(spacing, Tensor) else spacing
        return [1 if spacing is None else spacing] * count
    if len(spacing) != count:
        wanted, since = ("self.dim()", "was not") if of_all else ("dim", "was")
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to '{wanted} = {count}', since dim argument {since} given, but got a list of "
            f"length {len(spacing)}"
        )
    for step in spacing:
        if isinstance(step, Tensor) and step._data.ndim != 1:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have one dimension, but got an "
                f"element with {step._data.ndim} dimensions!"
            )
    return list(spacing)


def _along(x: Tensor, dim: int, step: Any, edge_order: int) -> Tensor:
    widths = step
    if isinstance(step, Tensor):
        shape = [-1 if i == dim else 1 for i in range(x._data.ndim)]
        widths = sub(step[1:], step[:-1]).reshape(shape)
    first, last = (_edge(x, dim, widths, edge_order, at_end) for at_end in (False, True))
    return cat((first, _inside(x, dim, widths), last), dim)


def _inside(x: Tensor, dim: int, widths: Any) -> Tensor:
    """The derivative of the parabola through each value and its neighbours."""
    count = x._data.shape[dim] - 2
    before, here, after = (narrow(x, dim, i, count) for i in range(3))
    if not isinstance(widths, Tensor):
        return div(sub(after, before), 2 * widths)
    left, right = narrow(widths, dim, 0, count), narrow(widths, dim, 1, count)
    whole = left + right
    return (
        before * (-right / (left * whole))
        + here * ((right - left) / (left * right))
        + after * (left / (right * whole))
    )


def _edge(x: Tensor, dim: int, widths: Any, order: int, at_end: bool) -> Tensor:
    """The derivative at the first or last value, from it and its `order` neighbours."""
    start = x._data.shape[dim] - order - 1 if at_end else 0
    values = [narrow(x, dim, start + i, 1) for i in range(order + 1)]
    steps = [narrow(widths, dim, start + i, 1) if isinstance(widths, Tensor) else widths
             for i in range(order)]  # fmt: skip
    if order == 1:
        return div(sub(values[1], values[0]), steps[0])
    left, right = steps
    slopes = [div(sub(values[i + 1], values[i]), steps[i]) for i in range(2)]
    bend = div(sub(slopes[1], slopes[0]), left + right)
    return slopes[1] + bend * right if at_end else sub(slopes[0], bend * left)


__all__ = ["gradient"]
