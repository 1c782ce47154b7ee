"""Pretrained weights of the models.

They are not downloaded: torchvision's files are read from its cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from torchlite.nn import Module
from torchlite.serialization import load
from torchlite.vision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

M = TypeVar("M", bound=Module)
_SOURCE = "https://download.pytorch.org/models/"


class Weights(Enum):
    """Pretrained weights of one model; values are file names."""

    @property
    def url(self) -> str:
        """Where torchvision downloads them from."""
        return f"{_SOURCE}{self.value}"

    def transforms(self) -> Compose:
        """The preprocessing of the images used in training."""
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        size = 232 if self.name == "IMAGENET1K_V2" else 256
        return Compose([Resize(size), CenterCrop(224), ToTensor(), Normalize(mean, std)])

    def get_state_dict(self) -> dict[str, Any]:
        """The weights. Raises: FileNotFoundError saying which file to put where."""
        path = _checkpoints() / self.value
        if not path.is_file():
            raise FileNotFoundError(
                f"no weights at {path}\nDownload {self.url} and put it there, or pass weights=None."
            )
        return load(path)


def _checkpoints() -> Path:
    """PyTorch's folder for downloaded weights."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def weights_of(name: str, *files: str) -> Any:
    """The class ``{name}_Weights``; the last of `files` is the default."""
    members = {f"IMAGENET1K_V{i}": file for i, file in enumerate(files, 1)}
    return Weights(f"{name}_Weights", {**members, "DEFAULT": files[-1]}, module=__name__)  # type: ignore[call-arg]


def with_weights(kind: Any) -> Callable[[Callable[..., M]], Callable[..., M]]:
    """Add the arguments `weights`, `progress` and `pretrained` to a function that builds a model.

    `weights` may be a member of `kind`, its name, or None for random ones; `pretrained=True` is
    the old way to request the first.
    """

    def decorate(make: Callable[..., M]) -> Callable[..., M]:
        @wraps(make)
        def builder(
            weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any
        ) -> M:
            if pretrained or weights is True:
                weights = next(iter(kind))
            if not weights:
                return make(**kwargs)
            if isinstance(weights, str):
                weights = kind[weights.rpartition(".")[2]]
            elif not isinstance(weights, kind):
                raise TypeError(f"Invalid Weight class provided; expected {kind.__name__}")
            state = weights.get_state_dict()
            model = make(**kwargs)
            model.load_state_dict(state)
            return model

        return builder

    return decorate
