"""cuDNN flags that programs for PyTorch set: stored, but without effect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

enabled, deterministic, benchmark, allow_tf32 = True, False, False, True
benchmark_limit = 10


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None: there is no cuDNN."""


@contextmanager
def flags(**switches: Any) -> Iterator[None]:
    """Set these flags inside a block.

    Raises: TypeError for an unknown flag.
    """
    state = globals()
    for name in switches:
        if name not in ("enabled", "deterministic", "benchmark", "allow_tf32", "benchmark_limit"):
            raise TypeError(f"flags() got an unexpected keyword argument {name!r}")
    before = {name: state[name] for name in switches}
    state.update(switches)
    try:
        yield
    finally:
        state.update(before)
