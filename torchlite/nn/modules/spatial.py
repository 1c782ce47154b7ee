"""Helpers shared by layers with spatial dimensions."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor


def repeated(value: Any, count: int) -> tuple:
    """`value` as a tuple: itself if it is a sequence, else repeated `count` times."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * count


def check_dim(input: Tensor, *allowed: int) -> None:
    """Raise ValueError (as PyTorch) if `input` has another number of dimensions."""
    if input.dim() not in allowed:
        expected = " or ".join(f"{n}D" for n in allowed)
        raise ValueError(f"expected {expected} input (got {input.dim()}D input)")


def shown(layer: Any, *names: str) -> str:
    """``name=value`` of attributes, for ``repr``."""
    return ", ".join(f"{name}={getattr(layer, name)}" for name in names)
