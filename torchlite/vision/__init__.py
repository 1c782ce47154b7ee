"""Pictures: data sets, transforms of their samples, well-known networks. PyTorch's `torchvision`.

A picture is a tensor ``(*, H, W)``, its channels before height and width; where Pillow is installed
(``pip install 'torchlite[vision]'``) transforms take its images too.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchlite.vision import datasets, models, transforms, utils

__version__ = "0.28.0"  # of torchvision, whose names these are

__all__ = ["datasets", "models", "transforms", "utils"]


def __getattr__(name: str) -> Any:
    """Import on first use what many programs do not need."""
    if name not in __all__:
        raise AttributeError(f"module 'torchlite.vision' has no attribute {name!r}")
    return importlib.import_module(f"torchlite.vision.{name}")
