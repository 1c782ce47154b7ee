"""Image grids, and saving images to files."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.dtypes import uint8
from torchlite.ops.shape.joining import cat, stack
from torchlite.vision.transforms.pictures import to_pil_image


@no_grad()
def make_grid(tensor: Tensor | Sequence[Tensor], nrow: int = 8, padding: int = 2,
              normalize: bool = False, value_range: tuple[float, float] | None = None,
              scale_each: bool = False, pad_value: float = 0.0) -> Tensor:  # fmt: skip
    """Arrange images in a grid. Shape: ``(N, C, H, W)`` or N of ``(C, H, W)`` -> ``(3, *, *)``.

    Args:
        nrow: Images per row. Default: 8.
        padding: Pixels between them, with value `pad_value`. Default: 2.
        normalize: Scale values from `value_range`, by default (min, max), to [0, 1]; with
            `scale_each`, each image separately.

    Raises: TypeError for anything but tensors.
    """
    pictures = _batch(tensor)
    if normalize:
        parts = pictures.split(1) if scale_each else [pictures]
        pictures = cat([_normalized(part, value_range) for part in parts])
    return pictures[0] if len(pictures) == 1 else _arranged(pictures, nrow, padding, pad_value)


def _batch(tensor: Tensor | Sequence[Tensor]) -> Tensor:
    """(N, 3, H, W) from (H, W), (C, H, W), (N, C, H, W) or a list of (C, H, W)."""
    if not isinstance(tensor, Tensor):
        if not all(isinstance(picture, Tensor) for picture in tensor):
            raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
        return _batch(stack(list(tensor), dim=0))
    if tensor.dim() < 4:
        return _batch(tensor.unsqueeze(0))
    return cat([tensor] * 3, 1) if tensor.shape[1] == 1 else tensor


def _normalized(pictures: Tensor, value_range: tuple[float, float] | None) -> Tensor:
    low, high = value_range or (pictures.min().item(), pictures.max().item())
    return (pictures.clamp(low, high) - low) / max(high - low, 1e-5)


def _arranged(pictures: Tensor, nrow: int, padding: int, pad_value: float) -> Tensor:
    count, channels, h, w = pictures.shape
    columns = min(nrow, count)
    height, width = h + padding, w + padding
    size = (channels, height * math.ceil(count / columns) + padding, width * columns + padding)
    grid = pictures.new_full(size, pad_value)
    for i, picture in enumerate(pictures.unbind()):
        top, left = i // columns * height + padding, i % columns * width + padding
        grid[:, top : top + h, left : left + w] = picture
    return grid


@no_grad()
def save_image(
    tensor: Tensor | Sequence[Tensor], fp: str | os.PathLike | Any, format: str | None = None,
    **kwargs: Any,
) -> None:  # fmt: skip
    """Save images, arranged by `make_grid` with `kwargs`, to a file; values are in [0, 1].

    `format`: Pillow's name. Default: from the extension. Raises: ImportError without Pillow.
    """
    pixels = make_grid(tensor, **kwargs).mul(255).add_(0.5).clamp_(0, 255).to(uint8)
    to_pil_image(pixels).save(fp, format=format)


__all__ = ["make_grid", "save_image"]
