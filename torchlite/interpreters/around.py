"""`Around`: the base of interpreters that wrap the backend in use."""

from __future__ import annotations

from typing import Any

from torchlite.backends.protocol import Backend


class Around(Backend):
    """A backend around `inner`, which computes; it may be an interpreter too."""

    def __init__(self, inner: Any) -> None:
        self.inner: Any = inner
        self.name = inner.name

    def __getattr__(self, name: str) -> Any:
        """What the inner backend has beyond the protocol."""
        return getattr(self.inner, name)

    def get_num_threads(self) -> int:
        return self.inner.get_num_threads()

    def set_num_threads(self, n: int) -> None:
        self.inner.set_num_threads(n)


__all__ = ["Around"]
