"""Clamping, blending and other elementwise functions made of the basic ones."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, FLOAT
from torchlite.ops.comparison import gt, isnan, logical_or, lt, where
from torchlite.ops.family import not_a_tensor, operation, write_out
from torchlite.ops.op import declare, run
from torchlite.ops.promotion import as_operand, result_type

_clamp = declare(
    "clamp", "x low high", x=lambda xp, g, x, low, high: xp.clamp_backward(g, x, low, high)
)


@operation
def clamp(input: Tensor, min: Any = None, max: Any = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`input` raised to `min` and lowered to `max`: numbers, tensors that broadcast, or None.

    NaN is kept; the gradient at a bound is 1. Raises: RuntimeError if both bounds are None.
    """
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor("clamp", 1, "input", input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    kind = result_type(*(x for x in (input, min, max) if x is not None))
    if kind.category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    if kind.category == BOOL:
        raise NotImplementedError("\"clamp_scalar_cpu\" not implemented for 'Bool'")
    input = as_operand(input, kind)
    low, high = (x if x is None else as_operand(x, kind) for x in (min, max))
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        result = _clamp_by_tensors(input, low, high)
    else:
        result = run(_clamp, (input, low, high), (input._data, low, high))
    return result if out is None else write_out("clamp", out, result)


def _clamp_by_tensors(input: Tensor, low: Any, high: Any) -> Tensor:
    """The gradient goes to the bound only where it is passed, NaN bounds win."""
    for bound, passes in ((low, lt), (high, gt)):
        if bound is not None:
            passed = passes(input, bound)
            if isinstance(bound, Tensor):
                passed = logical_or(passed, isnan(bound))
            input = where(passed, bound, input)
    return input


__all__ = ["clamp"]
