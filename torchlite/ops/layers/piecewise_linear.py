"""Piecewise linear activations."""

from __future__ import annotations

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, FLOAT
from torchlite.ops.core.family import functional, operation
from torchlite.ops.core.inplace import in_place
from torchlite.ops.core.op import declare
from torchlite.ops.layers.activations import in_place_form, lacks, overwrite
from torchlite.ops.math.arithmetic import abs, add, div, mul, sub
from torchlite.ops.math.clamping import clamp
from torchlite.ops.math.comparison import le, where

_hardtanh = declare("hardtanh", x=lambda xp, g, x, low, high: xp.hardtanh_backward(g, x, low, high))


@functional
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0,
             inplace: bool = False) -> Tensor:  # fmt: skip
    """`input` clamped to [min_val, max_val]; the gradient at the bounds is 0. Accepts integers.

    Raises: ValueError if ``min_val > max_val``.
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if inplace:
        return overwrite(hardtanh, input, min_val, max_val)
    category = input.dtype.category
    if category == BOOL:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    if category < FLOAT:
        min_val, max_val = int(min_val), int(max_val)
    return _hardtanh(input, min_val, max_val)


hardtanh_ = in_place_form(hardtanh)


@functional
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(input, 0), 6)``. Accepts integers."""
    return hardtanh(input, 0.0, 6.0, inplace)


@functional
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``relu6(input + 3) / 6``."""
    if inplace:
        return in_place(hardsigmoid)(input)
    if input.dtype.category != FLOAT:
        raise lacks("hardsigmoid_cpu", input)
    return div(relu6(add(input, 3)), 6)


@functional
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * relu6(input + 3) / 6``."""
    if inplace:
        return overwrite(hardswish, input)
    if input.dtype.category != FLOAT:
        raise lacks("hardswish_cpu", input)
    return div(mul(input, relu6(add(input, 3))), 6)


@operation
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """`input` with values in [-lambd, lambd] replaced by 0."""
    if input.dtype.category != FLOAT:
        raise lacks("hardshrink_cpu", input)
    return where(le(abs(input), lambd), 0, input)


@functional
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """`input` moved towards 0 by `lambd`; 0 in [-lambd, lambd].

    Raises: RuntimeError if lambd is negative.
    """
    if input.dtype.category != FLOAT:
        raise lacks("softshrink_check", input)
    if not lambd >= 0:
        limit = dtypes.finfo(input.dtype).max
        raise RuntimeError(
            f"lambda must be in range [0, {limit:g}] for input dtype {input.dtype.legacy}, "
            f"but found {lambd:g}"
        )
    return sub(input, clamp(input, -lambd, lambd))


__all__ = ["hardshrink"]
