"""Colour operations on tensors ``(*, C, H, W)``, uint8 or floating point in [0, 1]."""

from __future__ import annotations

from torchlite.core.tensor import Tensor
from torchlite.dtypes import float32
from torchlite.ops.creation.factories import zeros_like
from torchlite.ops.math.comparison import where
from torchlite.ops.shape.joining import stack
from torchlite.vision.transforms.pictures import on_pictures


def _bound(img: Tensor) -> float:
    """The maximum pixel value of an image's dtype."""
    return 1.0 if img.dtype.is_floating_point else 2 ** (8 * img.dtype.itemsize) - 1


def _channels(img: Tensor) -> int:
    return img.shape[-3] if img.dim() > 2 else 1


def _check_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def _blend(img: Tensor, other: Tensor, ratio: float) -> Tensor:
    """`img` for a ratio of 1, `other` for 0; above 1, extrapolates away from `other`."""
    return (ratio * img + (1 - ratio) * other).clamp(0, _bound(img)).to(img.dtype)


@on_pictures
def rgb_to_grayscale(img: Tensor, num_output_channels: int = 1) -> Tensor:
    """The greyscale image, with 1 channel or 3 equal ones.

    Raises: TypeError unless the image has 1 or 3 channels; ValueError for other output channels.
    """
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if img.dim() < 3 or img.shape[-3] not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are 1 or 3, but found {_channels(img)}"
        )
    if img.shape[-3] == 3:
        red, green, blue = img.unbind(-3)
        light = 0.2989 * red + 0.587 * green + 0.114 * blue
        img = light.to(img.dtype).unsqueeze(-3)
    return img.expand(*img.shape[:-3], num_output_channels, *img.shape[-2:])


to_grayscale = rgb_to_grayscale


@on_pictures
def adjust_brightness(img: Tensor, brightness_factor: float) -> Tensor:
    """0: black; 1: unchanged; 2: twice as bright. Raises: ValueError if negative."""
    _check_factor("brightness_factor", brightness_factor)
    return _blend(img, zeros_like(img), brightness_factor)


@on_pictures
def adjust_contrast(img: Tensor, contrast_factor: float) -> Tensor:
    """0: uniform grey; 1: unchanged; 2: twice the contrast. Raises: ValueError if negative."""
    _check_factor("contrast_factor", contrast_factor)
    kind = img.dtype if img.dtype.is_floating_point else float32
    grey = rgb_to_grayscale(img) if _channels(img) == 3 else img
    mean = grey.to(kind).mean(dim=tuple(range(-min(img.dim(), 3), 0)), keepdim=True)
    return _blend(img, mean, contrast_factor)


@on_pictures
def adjust_saturation(img: Tensor, saturation_factor: float) -> Tensor:
    """0: greyscale; 1: unchanged; 2: twice the saturation. Raises: ValueError if negative."""
    _check_factor("saturation_factor", saturation_factor)
    return img if _channels(img) == 1 else _blend(img, rgb_to_grayscale(img), saturation_factor)


@on_pictures
def adjust_gamma(img: Tensor, gamma: float, gain: float = 1) -> Tensor:
    """``gain * img ** gamma`` for values in [0, 1]. Raises: ValueError for a negative `gamma`."""
    _check_factor("Gamma", gamma)
    bound = _bound(img)
    result = (gain * (img.float() / bound) ** gamma).clamp(0, 1)
    return result if bound == 1 else (result * (bound + 1 - 1e-3)).to(img.dtype)


@on_pictures
def invert(img: Tensor) -> Tensor:
    """The image with inverted colours."""
    return _bound(img) - img


@on_pictures
def adjust_hue(img: Tensor, hue_factor: float) -> Tensor:
    """Shift the hue: 0 is unchanged, -0.5 and 0.5 give the complementary colours.

    Raises: ValueError for a factor outside [-0.5, 0.5].
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if _channels(img) == 1:
        return img
    bound = _bound(img)
    hue, saturation, value = _hsv_of(img.float() / bound)
    rgb = _rgb_of((hue + hue_factor) % 1.0, saturation, value)
    return rgb if bound == 1 else (rgb * (bound + 1 - 1e-3)).to(img.dtype)


def _hsv_of(img: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation and value of (*, 3, H, W). Source: Smith 1978, Color gamut transform pairs"""
    red, green, blue = img.unbind(-3)
    value, low = img.amax(-3), img.amin(-3)
    spread = value - low
    grey = spread == 0
    divisor = where(grey, 1.0, spread)
    sixth = where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor)
    sixth = where(value == red, (green - blue) / divisor, sixth)
    return (sixth / 6) % 1.0, where(grey, 0.0, spread / where(grey, 1.0, value)), value


def _rgb_of(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """The inverse of `_hsv_of`: each channel is piecewise linear in the hue."""
    channels = []
    for start in (5, 3, 1):
        place = (start + hue * 6) % 6
        ramp = where(place < 4 - place, place, 4 - place).clamp(0, 1)
        channels.append(value - value * saturation * ramp)
    return stack(channels, -3)
