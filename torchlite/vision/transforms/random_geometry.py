"""Random geometric transforms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import empty, tensor
from torchlite.vision.transforms import functional as F
from torchlite.vision.transforms.functional_geometry import BILINEAR, NEAREST, Mode, pair
from torchlite.vision.transforms.transform import Transform, between, chance, interval, whole

_TRIALS = 10


class RandomHorizontalFlip(Transform):
    """Flip horizontally with probability `p`. Default: 0.5."""

    shown = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if chance(self.p) else img


class RandomVerticalFlip(RandomHorizontalFlip):
    """Flip vertically with probability `p`. Default: 0.5."""

    def forward(self, img: Any) -> Any:
        return F.vflip(img) if chance(self.p) else img


class RandomCrop(Transform):
    """Crop a rectangle of `size` at a random position.

    Args:
        size: (height, width), or one number for both.
        padding: Padding applied first; see `functional.pad`. Default: none.
        pad_if_needed: Pad if the image is too small. Default: False.
        fill, padding_mode: For the padding.

    Raises: ValueError, when called, if the image is too small.
    """

    shown = ("size", "padding")

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.padding = tuple(pair(size)), padding
        self.pad_if_needed, self.fill, self.padding_mode = pad_if_needed, fill, padding_mode

    @staticmethod
    def get_params(img: Any, output_size: Sequence[int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a rectangle."""
        (_, h, w), (th, tw) = F.get_dimensions(img), output_size
        if h < th or w < tw:
            raise ValueError(
                f"Required crop size {(th, tw)} is larger than input image size {(h, w)}"
            )
        if (h, w) == (th, tw):
            return 0, 0, h, w
        return whole(h - th + 1), whole(w - tw + 1), th, tw

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, h, w = F.get_dimensions(img)
        if self.pad_if_needed and w < self.size[1]:
            img = F.pad(img, [self.size[1] - w, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and h < self.size[0]:
            img = F.pad(img, [0, self.size[0] - h], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))


class RandomResizedCrop(Transform):
    """Crop a rectangle of random area and aspect ratio, and resize it to `size`.

    Args:
        size: (height, width), or one number for both.
        scale: Range of the area, as a fraction of the image's. Default: (0.08, 1).
        ratio: Range of width / height. Default: (3/4, 4/3).
        interpolation, antialias: For the resizing.
    """

    shown = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(
        self, size: Any, scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3), interpolation: Mode = BILINEAR,
        antialias: bool | None = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.scale, self.ratio = tuple(pair(size)), scale, ratio
        self.interpolation, self.antialias = interpolation, antialias

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float]
    ) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a rectangle; the largest central one if none fits."""
        _, height, width = F.get_dimensions(img)
        low, high = tensor(ratio).log().tolist()
        for _ in range(_TRIALS):
            area = height * width * between(*scale)
            aspect = tensor(between(low, high)).exp().item()
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                return whole(height - h + 1), whole(width - w + 1), h, w
        h, w = height, width
        if width / height < min(ratio):
            h = round(width / min(ratio))
        elif width / height > max(ratio):
            w = round(height * max(ratio))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        place = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *place, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        rounded = tuple(round(r, 4) for r in self.ratio)
        return super().__repr__().replace(f"ratio={self.ratio}", f"ratio={rounded}")


class RandomRotation(Transform):
    """Rotate by an angle from `degrees`: (low, high), or d for (-d, d); see `functional.rotate`."""

    shown = ("degrees", "interpolation", "expand", "fill")

    def __init__(
        self, degrees: Any, interpolation: Mode = NEAREST, expand: bool = False,
        center: Sequence[float] | None = None, fill: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees, self.interpolation = interval(degrees, "degrees"), interpolation
        self.expand, self.center, self.fill = expand, center, fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """The angle."""
        return between(*degrees)

    def forward(self, img: Any) -> Any:
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)

    def __repr__(self) -> str:
        center = "" if self.center is None else f"center={self.center}, "
        return super().__repr__().replace("fill=", f"{center}fill=")


class RandomAffine(Transform):
    """Rotate, translate, scale and shear at random; see `functional.affine`.

    Args:
        degrees: Angles (low, high), or d for (-d, d).
        translate: Maximum shift, as a fraction of (width, height). Default: 0.
        scale: (low, high). Default: 1.
        shear: Angles along x (low, high), then along y if there are four. Default: 0.
        interpolation, fill, center: As in `functional.affine`.
    """

    def __init__(
        self, degrees: Any, translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None, shear: Any = None, interpolation: Mode = NEAREST,
        fill: Any = 0, center: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if translate is not None and not all(0 <= t <= 1 for t in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(s > 0 for s in scale):
            raise ValueError("scale values should be positive")
        self.degrees, self.translate, self.scale = interval(degrees, "degrees"), translate, scale
        four = isinstance(shear, (tuple, list)) and len(shear) == 4
        pairs = [shear[:2], shear[2:]] if four else [] if shear is None else [shear]
        self.shear = [end for pair in pairs for end in interval(pair, "shear")] or None
        self.interpolation, self.fill, self.center = interpolation, fill, center
        unset = {"translate": None, "scale": None, "shear": None, "interpolation": NEAREST,
                 "fill": 0, "center": None}  # fmt: skip
        given = [name for name, value in unset.items() if getattr(self, name) != value]
        self.shown = ("degrees", *given)

    @staticmethod
    def get_params(
        degrees: Sequence[float], translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None, shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:  # fmt: skip
        """The angle, the translation (x, y) in pixels, the scale, the shear (x, y)."""
        angle, x, y = between(*degrees), 0, 0
        if translate is not None:
            far = [share * length for share, length in zip(translate, img_size)]
            x, y = (round(between(-f, f)) for f in far)
        scale = 1.0 if scale_ranges is None else between(*scale_ranges)
        shear_x = 0.0 if shears is None else between(*shears[:2])
        shear_y = 0.0 if shears is None or len(shears) < 4 else between(*shears[2:])
        return angle, (x, y), scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        size = F.get_image_size(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, size)
        return F.affine(img, *drawn, self.interpolation, self.fill, self.center)


class RandomErasing(Transform):
    """Replace a random rectangle of a tensor with probability `p`.

    Source: Zhong et al. 2017, https://arxiv.org/abs/1708.04896

    Args:
        p: Default: 0.5.
        scale: Range of the area, as a fraction of the image's. Default: (0.02, 0.33).
        ratio: Range of height / width. Default: (0.3, 3.3).
        value: The new contents: a number, one per channel, or "random" noise. Default: 0.
        inplace: Modify the input. Default: False.
    """

    shown = ("p", "scale", "ratio", "value", "inplace")

    def __init__(
        self, p: float = 0.5, scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3), value: Any = 0, inplace: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    def _place(self, img: Tensor) -> tuple | None:
        """(top, left, height, width, contents) of a rectangle, or None if none was found to fit."""
        channels, height, width = F.get_dimensions(img)
        low, high = tensor(self.ratio).log().tolist()
        for _ in range(_TRIALS):
            area = height * width * between(*self.scale)
            aspect = tensor(between(low, high)).exp().item()
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if h < height and w < width:
                contents = self._contents(channels, h, w)
                return whole(height - h + 1), whole(width - w + 1), h, w, contents
        return None

    def _contents(self, channels: int, h: int, w: int) -> Tensor:
        if self.value == "random":
            return empty(channels, h, w).normal_()
        values = self.value if isinstance(self.value, (tuple, list)) else [self.value]
        return tensor(values).reshape(-1, 1, 1)

    def forward(self, img: Tensor) -> Tensor:
        place = self._place(img) if chance(self.p) else None
        if place is None:
            return img
        top, left, height, width, contents = place
        return F.erase(img, top, left, height, width, contents, self.inplace)


__all__ = [
    "RandomAffine", "RandomCrop", "RandomErasing", "RandomHorizontalFlip", "RandomResizedCrop",
    "RandomRotation", "RandomVerticalFlip",
]  # fmt: skip
