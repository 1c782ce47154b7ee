"""Trained weights of the models: their files, and how one asks for them.

They are not downloaded: torchvision's files are read from where it keeps them.
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
    """Trained weights of one model, by the name of their file."""

    @property
    def url(self) -> str:
        """Where torchvision gets them from."""
        return f"{_SOURCE}{self.value}"

    def transforms(self) -> Compose:
        """What the pictures went through that they were trained on."""
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        size = 232 if self.name == "IMAGENET1K_V2" else 256
        return Compose([Resize(size), CenterCrop(224), ToTensor(), Normalize(mean, std)])

    def get_state_dict(self) -> dict[str, Any]:
        """The weights. Raises: FileNotFoundError that says which file to put where."""
        path = _checkpoints() / self.value
        if not path.is_file():
            raise FileNotFoundError(
                f"no weights at {path}\nFetch {self.url} and put it there, or pass weights=None."
            )
        return load(path)


def _checkpoints() -> Path:
    """PyTorch's folder of downloaded weights."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def weights_of(name: str, *files: str) -> Any:
    """The class ``{name}_Weights``; the last of `files` is the default."""
    members = {f"IMAGENET1K_V{i}": file for i, file in enumerate(files, 1)}
    return Weights(f"{name}_Weights", {**members, "DEFAULT": files[-1]}, module=__name__)  # type: ignore[call-arg]


def with_weights(kind: Any) -> Callable[[Callable[..., M]], Callable[..., M]]:
    """Give a function that makes a model the arguments `weights`, `progress` and `pretrained`.

    `weights` may be a member of `kind`, its name, or None for new ones; `pretrained=True` is an
    old name of the first.
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
