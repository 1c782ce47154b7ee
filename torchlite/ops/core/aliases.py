"""PyTorch's second names of operations."""

from __future__ import annotations

from torchlite.ops.math import arithmetic, comparison, derived, trigonometry

ALIASES = {
    "absolute": arithmetic.abs,
    "arccos": trigonometry.acos,
    "arccosh": trigonometry.acosh,
    "arcsin": trigonometry.asin,
    "arcsinh": trigonometry.asinh,
    "arctan": trigonometry.atan,
    "arctan2": trigonometry.atan2,
    "arctanh": trigonometry.atanh,
    "clip": derived.clamp,
    "divide": arithmetic.div,
    "fix": arithmetic.trunc,
    "greater": comparison.gt,
    "greater_equal": comparison.ge,
    "less": comparison.lt,
    "less_equal": comparison.le,
    "multiply": arithmetic.mul,
    "negative": arithmetic.neg,
    "not_equal": comparison.ne,
    "subtract": arithmetic.sub,
    "true_divide": arithmetic.div,
}
globals().update(ALIASES)

__all__ = [*ALIASES]
