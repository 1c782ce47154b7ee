"""Backends, which do the arithmetic.

The contract is `Backend` (`torchlite.backends.protocol`); ``numpy`` is the reference. `cuda`,
`cudnn`, `mkl`, `mkldnn`, `mps` and `openmp` are PyTorch's switches, which programs set or query.
"""

import importlib
from typing import Any

from torchlite.backends.protocol import Backend
from torchlite.backends.registry import available, current, describe, get, register, use

__all__ = ["Backend", "available", "current", "describe", "get", "register", "use"]
_PYTORCH_S = ("cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp")


def __getattr__(name: str) -> Any:
    """Import on first use the modules that many programs do not need."""
    if name not in _PYTORCH_S:
        raise AttributeError(f"module 'torchlite.backends' has no attribute {name!r}")
    return importlib.import_module(f"torchlite.backends.{name}")
