"""Conversions between image types and value ranges; see the functions of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import dtype
from torchlite.vision.transforms import functional as F
from torchlite.vision.transforms.transform import Transform


class ToTensor:
    """Convert an image to a tensor (C, H, W): uint8 becomes float32 in [0, 1], others stay.

    Shape: Pillow image; array ``(H, W)`` or ``(H, W, C)``; tensor ``(H, W)`` or ``(C, H, W)``.
    Raises: TypeError for anything else; ValueError for another number of dimensions.
    """

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor:
    """Convert a Pillow image to a tensor (C, H, W), values unchanged."""

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ToPILImage:
    """Convert a tensor (C, H, W) or (H, W), or an array (H, W, C), to a Pillow image of `mode`."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"ToPILImage({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Transform):
    """Convert to another dtype and scale the values accordingly: uint8 255 is float32 1.0."""

    def __init__(self, dtype: dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """``(x - mean) / std`` for each channel. Shape: ``(*, C, H, W) -> (*, C, H, W)``.

    Args:
        mean, std: C numbers each.
        inplace: Modify the input. Default: False.

    Raises: TypeError if the input is not a floating-point tensor; ValueError if it has fewer than
    3 dimensions or a `std` is 0.
    """

    shown = ("mean", "std")

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)


__all__ = ["ConvertImageDtype", "Normalize", "PILToTensor", "ToPILImage", "ToTensor"]
