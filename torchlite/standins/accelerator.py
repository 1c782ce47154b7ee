"""PyTorch's accelerator API: there are no accelerators."""

from __future__ import annotations


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None: there is no accelerator."""


__all__ = ["current_accelerator", "device_count", "is_available"]
