"""Transforms between kinds of pictures and ranges of numbers; see the functions of these names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import dtype
from torchlite.vision.transforms import functional as F
from torchlite.vision.transforms.transform import Transform


class ToTensor:
    """A picture as a tensor (C, H, W): bytes become float32 in [0, 1], other numbers stay.

    Shape: Pillow image; array ``(H, W)`` or ``(H, W, C)``; tensor ``(H, W)`` or ``(C, H, W)``.
    Raises: TypeError for anything else; ValueError for another number of dimensions.
    """

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor:
    """A Pillow image as a tensor (C, H, W), its numbers unchanged."""

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ToPILImage:
    """A tensor (C, H, W) or (H, W), or an array (H, W, C), as a Pillow image of `mode`."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"ToPILImage({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Transform):
    """A tensor in another dtype, its range with it: 255 of uint8 is 1.0 of float32."""

    def __init__(self, dtype: dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """``(x - mean) / std`` for each channel. Shape: ``(*, C, H, W) -> (*, C, H, W)``.

    Args:
        mean, std: C numbers each.
        inplace: Write into the input. Default: False.

    Raises: TypeError if the input is no tensor of floating-point numbers; ValueError if it has less
    than 3 dimensions or a `std` is 0.
    """

    shown = ("mean", "std")

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)


__all__ = ["ConvertImageDtype", "Normalize", "PILToTensor", "ToPILImage", "ToTensor"]
