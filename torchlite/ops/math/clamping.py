"""Clamping and interpolation between bounds and tensors."""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, FLOAT
from torchlite.ops.core.family import (
    check_tensors,
    operation,
    write_out,
)
from torchlite.ops.core.methods import alias
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import (
    cast,
    checked_operand,
    result_type,
)
from torchlite.ops.math.arithmetic import abs, add, div, mul, sub
from torchlite.ops.math.comparison import gt, isnan, logical_or, lt, where

_clamp = declare("clamp", x=lambda xp, g, x, low, high: xp.clamp_backward(g, x, low, high))


@operation(in_place=True)
def clamp(input: Tensor, min: Any = None, max: Any = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`input` raised to `min`, then lowered to `max`: scalars, tensors that broadcast, or None.

    NaN is kept; at a bound the gradient is 1. Raises: RuntimeError if both bounds are None.
    """
    check_tensors("clamp", input=input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    input, low, high = _together(input, min, max)
    if input.dtype.category == BOOL:
        raise NotImplementedError("\"clamp_scalar_cpu\" not implemented for 'Bool'")
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        result = _clamp_by_tensors(input, low, high)
    else:
        result = run(_clamp, (input, low, high), (input._data, low, high))
    return result if out is None else write_out("clamp", out, result)


def _together(input: Tensor, low: Any, high: Any) -> tuple[Tensor, Any, Any]:
    """All three in the dtype of the computation."""
    kind = result_type(*(x for x in (input, low, high) if x is not None))
    if kind.category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    low, high = (x if x is None else checked_operand(x, kind) for x in (low, high))
    return cast(input, kind), low, high


def _clamp_by_tensors(input: Tensor, low: Any, high: Any) -> Tensor:
    """The gradient goes to a bound only where it is exceeded; NaN in a bound propagates."""
    for bound, passes in ((low, lt), (high, gt)):
        if bound is not None:
            passed = passes(input, bound)
            if isinstance(bound, Tensor):
                passed = logical_or(passed, isnan(bound))
            input = where(passed, bound, input)
    return input


@operation(in_place=True)
def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor:
    """`input`, but at least `min`, a scalar or a tensor."""
    check_tensors("clamp_min", input=input)
    if isinstance(min, Tensor):
        result = _clamp_by_tensors(*_together(input, min, None))
        return result if out is None else write_out("clamp_min", out, result)
    return clamp(input, min, out=out)


@operation(in_place=True)
def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor:
    """`input`, but at most `max`, a scalar or a tensor."""
    check_tensors("clamp_max", input=input)
    if isinstance(max, Tensor):
        result = _clamp_by_tensors(*_together(input, None, max))
        return result if out is None else write_out("clamp_max", out, result)
    return clamp(input, None, max, out=out)


# --- interpolation ------------------------------------------------------------------------------


@operation(in_place=True)
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor:
    """``input + weight * (end - input)``; weight is a scalar or a tensor. All broadcast.

    Raises: RuntimeError (as PyTorch) if the dtypes differ.
    """
    for label, x in (("end", end), ("weight", weight)):
        if isinstance(x, Tensor) and x.dtype is not input.dtype:
            raise RuntimeError(
                f"expected dtype {input.dtype.name} for `{label}` but got dtype {x.dtype.name}"
            )
    step = sub(end, input)
    near, far = add(input, mul(step, weight)), sub(end, mul(step, _one_minus(weight)))
    small = lt(abs(weight), 0.5) if isinstance(weight, Tensor) else math.fabs(weight) < 0.5
    result = where(small, near, far) if isinstance(small, Tensor) else near if small else far
    return result if out is None else write_out("lerp", out, result)


def _one_minus(x: Any) -> Any:
    return sub(1, x) if isinstance(x, Tensor) else 1 - x


@operation(in_place=True)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``input + value * tensor1 * tensor2``."""
    product = mul(tensor1, tensor2)
    result = add(input, product if value == 1 else mul(product, value))
    return result if out is None else write_out("addcmul", out, result)


@operation(in_place=True)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``input + value * tensor1 / tensor2``. Raises: RuntimeError for integer division."""
    if result_type(tensor1, tensor2).category < FLOAT:
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release addcdiv "
            "will perform a true division of tensor1 and tensor2. The historic addcdiv behavior "
            "can be implemented as (input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype)"
        )
    quotient = div(tensor1, tensor2)
    result = add(input, quotient if value == 1 else mul(quotient, value))
    return result if out is None else write_out("addcdiv", out, result)


@operation
def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``other - alpha * input``."""
    check_tensors("rsub", input=input)
    return sub(other, input if alpha == 1 else mul(input, alpha))


clip = alias("clip", clamp)

__all__ = [
    "addcdiv", "addcmul", "clamp", "clamp_max", "clamp_min", "clip", "lerp", "rsub",
]  # fmt: skip
