"""What layers over images share."""

from __future__ import annotations

from typing import Any


def repeated(value: Any, count: int) -> tuple:
    """`value` as a tuple: itself if it is a sequence, else repeated `count` times."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * count


def shown(layer: Any, *names: str) -> str:
    """``name=value`` of attributes, for ``repr``."""
    return ", ".join(f"{name}={getattr(layer, name)}" for name in names)
