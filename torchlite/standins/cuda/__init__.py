"""CUDA, as in PyTorch builds without it: it is never available, and querying it is safe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from torchlite.core.device import missing
from torchlite.errors import OutOfMemoryError
from torchlite.standins.cuda import amp

__all__ = [
    "Event", "OutOfMemoryError", "Stream", "amp", "current_device", "current_stream",
    "device_count", "empty_cache", "get_device_capability", "get_device_name",
    "get_device_properties", "get_rng_state_all", "init", "ipc_collect", "is_available",
    "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all",
    "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "memory_summary", "reset_peak_memory_stats", "seed", "seed_all",
    "set_device", "set_rng_state_all", "synchronize",
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


def get_rng_state_all() -> list:
    """An empty list, as there is no device."""
    return []


def set_rng_state_all(new_states: Iterable[Any]) -> None:
    """Does nothing without states; raises AssertionError if there are any."""
    for _ in new_states:
        synchronize()


class Stream:
    """A queue of work for a device. Raises AssertionError: there is no device."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        synchronize()


class Event(Stream):
    """A marker in a `Stream`. Raises AssertionError: there is no device."""


def synchronize(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises AssertionError, as PyTorch does without CUDA."""
    raise missing("cuda")


current_device = current_stream = get_device_capability = get_device_name = synchronize
get_device_properties = init = ipc_collect = mem_get_info = memory_summary = synchronize
reset_peak_memory_stats = set_device = synchronize
