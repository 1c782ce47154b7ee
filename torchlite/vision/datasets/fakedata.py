"""FakeData: noise images, to try out a program without files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.dtypes import int64, uint8
from torchlite.ops.creation.random import randint, randn
from torchlite.random import get_rng_state, manual_seed, set_rng_state
from torchlite.vision.datasets.vision import VisionDataset


class FakeData(VisionDataset):
    """Noise images with random labels, reproducible and identical to torchvision's.

    Args:
        size: Number of images. Default: 1000.
        image_size: Shape (C, H, W) of an image, a uint8 tensor. Default: (3, 224, 224).
        num_classes: Labels are below this. Default: 10.
        transform, target_transform: Applied to an image and to a label. Default: none.
        random_offset: Added to the index of an image to give its seed. Default: 0.
    """

    def __init__(self, size: int = 1000, image_size: tuple[int, int, int] = (3, 224, 224),
                 num_classes: int = 10, transform: Callable | None = None,
                 target_transform: Callable | None = None,
                 random_offset: int = 0) -> None:  # fmt: skip
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.num_classes = size, num_classes
        self.image_size, self.random_offset = image_size, random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        state = get_rng_state()
        manual_seed(index + self.random_offset)
        noise = randn(*self.image_size)
        target = int(randint(0, self.num_classes, size=(1,), dtype=int64))
        set_rng_state(state)
        picture = noise.mul(255).to(int64).to(uint8)  # int64: large values wrap around
        return self.transformed(picture, target)

    def __len__(self) -> int:
        return self.size


__all__ = ["FakeData"]
