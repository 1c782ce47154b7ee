"""CUDA flags that programs for PyTorch set: stored, but without effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True)


def is_built() -> bool:
    """False."""
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Has no effect: attention has a single implementation."""


enable_cudnn_sdp = enable_math_sdp = enable_mem_efficient_sdp = enable_flash_sdp


@contextmanager
def sdp_kernel(enable_flash: bool = True, enable_math: bool = True,
               enable_mem_efficient: bool = True,
               enable_cudnn: bool = True) -> Iterator[dict]:  # fmt: skip
    """A context in which attention is computed as usual; yields the settings."""
    yield {"enable_flash": enable_flash, "enable_math": enable_math,
           "enable_mem_efficient": enable_mem_efficient, "enable_cudnn": enable_cudnn}  # fmt: skip
