"""Memory layouts, for programs that refer to them: every tensor is strided."""

from __future__ import annotations


class _Name:
    """A constant that prints like PyTorch's."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class layout(_Name):
    """The memory layout of a tensor: always `strided`."""


class memory_format(_Name):
    """An order of dimensions in memory. Results are contiguous whichever one is requested."""


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "layout", "memory_format",
    "preserve_format", "strided",
]  # fmt: skip
