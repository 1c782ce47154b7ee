"""Computer vision: data sets, transforms and well-known networks, as in `torchvision`.

An image is a tensor ``(*, H, W)``, with channels before height and width; if Pillow is installed
(``pip install 'torchlite[vision]'``), transforms accept its images too.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchlite.vision import datasets, models, transforms, utils

__version__ = "0.28.0"  # the torchvision version whose names these are

__all__ = ["datasets", "models", "transforms", "utils"]


def __getattr__(name: str) -> Any:
    """Import submodules lazily: many programs do not need them."""
    if name not in __all__:
        raise AttributeError(f"module 'torchlite.vision' has no attribute {name!r}")
    return importlib.import_module(f"torchlite.vision.{name}")
