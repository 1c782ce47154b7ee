"""Transforms as functions of a tensor ``(*, H, W)`` or a Pillow image.

Results equal those of `torchvision` on tensors; a Pillow image is converted to a tensor and back,
so its pixel values may differ by one from what Pillow itself computes.
"""

# ruff: noqa: F401 -- some names are re-exported from neighbouring modules

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import dtype, float32
from torchlite.ops.creation.factories import as_tensor
from torchlite.vision.transforms.functional_color import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    invert,
    rgb_to_grayscale,
    to_grayscale,
)
from torchlite.vision.transforms.functional_geometry import (
    InterpolationMode,
    affine,
    center_crop,
    crop,
    five_crop,
    gaussian_blur,
    get_dimensions,
    get_image_size,
    hflip,
    pad,
    resize,
    resized_crop,
    rotate,
    vflip,
)
from torchlite.vision.transforms.pictures import pil_to_tensor, to_pil_image, to_tensor


def convert_image_dtype(image: Tensor, dtype: dtype = float32) -> Tensor:
    """`image` in another dtype, with values scaled accordingly: uint8 255 is float32 1.0.

    Raises: RuntimeError between integers that cannot hold each other's range.
    """
    kind = image.dtype
    if kind is dtype:
        return image
    if dtype.is_floating_point:
        return image.to(dtype) if kind.is_floating_point else image.to(dtype) / _largest(kind)
    if kind.is_floating_point:
        return image.mul(_largest(dtype) + 1 - 1e-3).to(dtype)
    factor = (_largest(kind) + 1) // (_largest(dtype) + 1)
    if factor:
        return image.div(factor, rounding_mode="floor").to(dtype)
    return image.to(dtype) * ((_largest(dtype) + 1) // (_largest(kind) + 1))


def _largest(kind: dtype) -> int:
    return 2 ** (8 * kind.itemsize - kind.is_signed) - 1


def normalize(
    tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """``(x - mean) / std`` for each channel. Shape: ``(*, C, H, W) -> (*, C, H, W)``.

    Raises: TypeError if the input is not a floating-point tensor; ValueError if it has fewer than
    3 dimensions or a `std` is 0.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.dtype.is_floating_point:
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.dim() < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = "
            f"{tensor.size()}"
        )
    shift = as_tensor(mean, dtype=tensor.dtype).reshape(-1, 1, 1)
    scale = as_tensor(std, dtype=tensor.dtype).reshape(-1, 1, 1)
    if (scale == 0).any():
        raise ValueError(
            f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by "
            "zero."
        )
    return tensor.sub_(shift).div_(scale) if inplace else (tensor - shift) / scale


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    """`img` with the rectangle of height `h` and width `w` at row `i`, column `j` set to `v`."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    img = img if inplace else img.clone()
    img[..., i : i + h, j : j + w] = v
    return img
