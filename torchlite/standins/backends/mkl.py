"""Whether Intel MKL is used, under PyTorch's name."""

from __future__ import annotations


def is_available() -> bool:
    """False."""
    return False
