"""Transforms of single samples, to be chained with `Compose`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlite._tensor import Tensor
from torchlite.dtypes import uint8
from torchlite.ops.creation import as_tensor


class Compose:
    """Apply `transforms`, one after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {t}" for t in self.transforms), ")"])


class ToTensor:
    """A picture as a tensor: bytes become float32 in [0, 1], other numbers stay.

    Shape: tensor or array ``(H, W)`` or ``(H, W, C)`` -> ``(1, H, W)`` or ``(C, H, W)``.
    Raises: ValueError for another number of dimensions.
    """

    def __call__(self, pic: Any) -> Tensor:
        image = as_tensor(pic)
        if image.dim() not in (2, 3):
            raise ValueError(
                f"pic should be 2/3 dimensional. Got {image.dim()} dimensions.\n"
                f"Expected (H, W) or (H, W, C), got {tuple(image.shape)}."
            )
        image = image.unsqueeze(0) if image.dim() == 2 else image.permute(2, 0, 1).contiguous()
        return image / 255 if image.dtype is uint8 else image

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """``(x - mean) / std`` for each channel. Shape: ``(*, C, H, W) -> (*, C, H, W)``.

    Args:
        mean, std: C numbers each.
        inplace: Write into the input. Default: False.

    Raises: TypeError if the input is no tensor of floating-point numbers; ValueError if it has less
    than 3 dimensions or a `std` is 0.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
        if not tensor.dtype.is_floating_point:
            raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
        if tensor.dim() < 3:
            raise ValueError(
                "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = "
                f"{tensor.size()}"
            )
        mean = as_tensor(self.mean, dtype=tensor.dtype).reshape(-1, 1, 1)
        std = as_tensor(self.std, dtype=tensor.dtype).reshape(-1, 1, 1)
        if (std == 0).any():
            raise ValueError(
                f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by "
                "zero."
            )
        if self.inplace:
            return tensor.sub_(mean).div_(std)
        return (tensor - mean) / std

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Lambda:
    """Apply `lambd`, any function.

    Raises: TypeError if it cannot be called.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


__all__ = ["Compose", "Lambda", "Normalize", "ToTensor"]
