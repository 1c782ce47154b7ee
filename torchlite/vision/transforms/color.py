"""Colour transforms."""

from __future__ import annotations

from typing import Any

from torchlite.ops.creation.random import randperm
from torchlite.vision.transforms import functional as F
from torchlite.vision.transforms.transform import Transform, between, chance

_ADJUST = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)


def _factors(value: Any, name: str, center: float, low: float, high: float) -> tuple | None:
    """(low, high) from a single number (a half-width) or a pair; None for no change."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        value = [max(center - value, low), center + value]
    if len(value) != 2 or not low <= value[0] <= value[1] <= high:
        raise ValueError(f"{name} values should be between ({low}, {high}), but got {value}.")
    return None if value[0] == value[1] == center else (float(value[0]), float(value[1]))


class ColorJitter(Transform):
    """Randomly change brightness, contrast, saturation and hue, in random order.

    Args:
        brightness, contrast, saturation: Factors (low, high), or w for (max(0, 1 - w), 1 + w).
        hue: Shifts (low, high) in [-0.5, 0.5], or w for (-w, w).

    Raises: ValueError for factors out of range.
    """

    shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(
        self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0
    ) -> None:
        super().__init__()
        self.brightness = _factors(brightness, "brightness", 1, 0, float("inf"))
        self.contrast = _factors(contrast, "contrast", 1, 0, float("inf"))
        self.saturation = _factors(saturation, "saturation", 1, 0, float("inf"))
        self.hue = _factors(hue, "hue", 0, -0.5, 0.5)

    def forward(self, img: Any) -> Any:
        order = randperm(4).tolist()
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        factors = [None if bounds is None else between(*bounds) for bounds in ranges]
        for i in order:
            factor = factors[i]
            if factor is not None:
                img = _ADJUST[i](img, factor)
        return img


class Grayscale(Transform):
    """Convert to greyscale, with 1 channel or 3 equal ones."""

    shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)


class RandomGrayscale(Transform):
    """Convert to greyscale with probability `p`, keeping the number of channels. Default: 0.1."""

    shown = ("p",)

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        channels = F.get_dimensions(img)[0]
        return F.rgb_to_grayscale(img, channels) if chance(self.p) else img


class RandomInvert(Transform):
    """Invert the colours with probability `p`. Default: 0.5."""

    shown = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.invert(img) if chance(self.p) else img


__all__ = ["ColorJitter", "Grayscale", "RandomGrayscale", "RandomInvert"]
