"""Whether Intel's library of kernels is used, by PyTorch's name."""

from __future__ import annotations


def is_available() -> bool:
    """False."""
    return False
