"""CUDA, as PyTorch builds without it show it: nothing is there, and asking for it does no harm."""

from __future__ import annotations

from typing import Any, NoReturn

from torchlite.cuda import amp
from torchlite.errors import OutOfMemoryError

__all__ = [
    "OutOfMemoryError", "amp", "current_device", "current_stream", "device_count", "empty_cache",
    "get_device_capability", "get_device_name", "get_device_properties", "init", "ipc_collect",
    "is_available", "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all",
    "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "seed", "seed_all", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def empty_cache() -> None:
    """Does nothing."""


def manual_seed(seed: int) -> None:
    """Does nothing: `torchlite.manual_seed` seeds the CPU's generator."""


def seed() -> None:
    """Does nothing."""


manual_seed_all, seed_all = manual_seed, seed


def memory_allocated(device: Any = None) -> int:
    """0 bytes."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def synchronize(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises AssertionError, as PyTorch does without CUDA."""
    raise AssertionError(
        "Torch not compiled with CUDA enabled\n"
        "torchlite computes on the CPU: ask torchlite.cuda.is_available() first."
    )


current_device = current_stream = get_device_capability = get_device_name = synchronize
get_device_properties = init = ipc_collect = mem_get_info = set_device = synchronize
