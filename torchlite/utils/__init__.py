"""Training utilities: data loading is in `torchlite.utils.data`."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchlite.utils import checkpoint, data, dlpack, graph, model_zoo, tensorboard

_LAZY = ("checkpoint", "data", "dlpack", "graph", "model_zoo", "tensorboard")

__all__ = ["checkpoint", "data", "dlpack", "graph", "model_zoo", "tensorboard"]


def __getattr__(name: str) -> Any:
    """Import on first use the modules that many programs do not need."""
    if name not in _LAZY:
        raise AttributeError(f"module 'torchlite.utils' has no attribute {name!r}")
    return importlib.import_module(f"torchlite.utils.{name}")
