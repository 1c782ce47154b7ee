"""PyTorch's second names of operations."""

from __future__ import annotations

from torchlite.ops import comparison, elementwise, pointwise, trigonometry

ALIASES = {
    "absolute": elementwise.abs,
    "arccos": trigonometry.acos,
    "arccosh": trigonometry.acosh,
    "arcsin": trigonometry.asin,
    "arcsinh": trigonometry.asinh,
    "arctan": trigonometry.atan,
    "arctan2": trigonometry.atan2,
    "arctanh": trigonometry.atanh,
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
