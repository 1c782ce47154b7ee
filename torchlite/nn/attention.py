"""The choice of an attention kernel: there is only one here, so it has no effect."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class SDPBackend(enum.IntEnum):
    """PyTorch's kernels for `scaled_dot_product_attention`."""

    ERROR = -1
    MATH, FLASH_ATTENTION, EFFICIENT_ATTENTION, CUDNN_ATTENTION, OVERRIDEABLE = range(5)


@contextmanager
def sdpa_kernel(backends: SDPBackend | Iterable[SDPBackend],
                set_priority: bool = False) -> Iterator[None]:  # fmt: skip
    """A context in which `scaled_dot_product_attention` is computed as usual.

    Raises: TypeError for anything that is not an `SDPBackend`.
    """
    for backend in [backends] if isinstance(backends, SDPBackend) else backends:
        if not isinstance(backend, SDPBackend):
            raise TypeError(f"Expected an SDPBackend, got {type(backend).__name__}")
    yield


__all__ = ["SDPBackend", "sdpa_kernel"]
