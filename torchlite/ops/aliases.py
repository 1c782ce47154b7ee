"""PyTorch's second names of operations."""

from __future__ import annotations

from torchlite.ops import comparison, elementwise, pointwise

ALIASES = {
    "absolute": elementwise.abs,
    "arccos": elementwise.acos,
    "arccosh": elementwise.acosh,
    "arcsin": elementwise.asin,
    "arcsinh": elementwise.asinh,
    "arctan": elementwise.atan,
    "arctan2": elementwise.atan2,
    "arctanh": elementwise.atanh,
    "clip": pointwise.clamp,
    "divide": elementwise.div,
    "fix": elementwise.trunc,
    "greater": comparison.gt,
    "greater_equal": comparison.ge,
    "less": comparison.lt,
    "less_equal": comparison.le,
    "multiply": elementwise.mul,
    "negative": elementwise.neg,
    "not_equal": comparison.ne,
    "subtract": elementwise.sub,
    "true_divide": elementwise.div,
}
globals().update(ALIASES)

__all__ = [*ALIASES]
