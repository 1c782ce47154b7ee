"""Deterministic geometric transforms, and blurring."""

from __future__ import annotations

from typing import Any

from torchlite.vision.transforms import functional as F
from torchlite.vision.transforms.functional_geometry import Mode, pair
from torchlite.vision.transforms.transform import Transform, between


class Resize(Transform):
    """Resize to (height, width), or to the given length of the shorter edge."""

    shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self, size: Any, interpolation: Mode = F.InterpolationMode.BILINEAR,
        max_size: int | None = None, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.interpolation = size, interpolation
        self.max_size, self.antialias = max_size, antialias

    def forward(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(Transform):
    """Crop the centre of the image, padded with 0 where it is too small."""

    shown = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = tuple(pair(size))

    def forward(self, img: Any) -> Any:
        return F.center_crop(img, self.size)


class FiveCrop(CenterCrop):
    """Crop the four corners and the centre of the image, as a tuple."""

    def forward(self, img: Any) -> tuple:
        return F.five_crop(img, self.size)


class Pad(Transform):
    """Pad the image; see `functional.pad`."""

    shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class GaussianBlur(Transform):
    """Blur with a Gaussian kernel whose width is drawn from the range `sigma`."""

    shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = tuple(pair(kernel_size))
        self.sigma = tuple(sigma) if isinstance(sigma, (tuple, list)) else (sigma, sigma)

    def forward(self, img: Any) -> Any:
        return F.gaussian_blur(img, self.kernel_size, between(*self.sigma))


__all__ = ["CenterCrop", "FiveCrop", "GaussianBlur", "Pad", "Resize"]
