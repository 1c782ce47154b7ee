"""Which kernel computes attention: here there is one, so a choice has no effect."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class SDPBackend(enum.IntEnum):
    """PyTorch's kernels of `scaled_dot_product_attention`."""

    ERROR = -1
    MATH, FLASH_ATTENTION, EFFICIENT_ATTENTION, CUDNN_ATTENTION, OVERRIDEABLE = range(5)


@contextmanager
def sdpa_kernel(backends: SDPBackend | Iterable[SDPBackend],
                set_priority: bool = False) -> Iterator[None]:  # fmt: skip
    """A block in which `scaled_dot_product_attention` is computed as outside.

    Raises: TypeError for what is no `SDPBackend`.
    """
    for backend in [backends] if isinstance(backends, SDPBackend) else backends:
        if not isinstance(backend, SDPBackend):
            raise TypeError(f"Expected an SDPBackend, got {type(backend).__name__}")
    yield


__all__ = ["SDPBackend", "sdpa_kernel"]
