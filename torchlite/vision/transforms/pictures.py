"""Conversions between Pillow images and tensors: the only file that uses Pillow."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import dtype, float32, int32, uint8
from torchlite.ops.creation.factories import as_tensor

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_WIDE: dict[str, dtype] = {"I": int32, "F": float32}  # one channel of more than a byte


def pillow() -> Any:
    """The module ``PIL.Image``. Raises: ImportError saying what to install."""
    try:
        return importlib.import_module("PIL.Image")
    except ImportError as error:
        raise ImportError("Pillow is needed: pip install 'torchlite[vision]'") from error


def is_pil(pic: Any) -> bool:
    """Whether `pic` is a Pillow image; does not import Pillow to find out."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(pic, module.Image)


def is_array(pic: Any) -> bool:
    """Whether `pic` is a NumPy array or array-like: (H, W) or (H, W, C)."""
    return not isinstance(pic, Tensor) and hasattr(pic, "__array__") and hasattr(pic, "ndim")


def pil_to_tensor(pic: Any) -> Tensor:
    """A Pillow image as a tensor (C, H, W), values unchanged: uint8 for the usual modes.

    Raises: TypeError for anything else.
    """
    if not is_pil(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    if pic.mode in ("1", "P"):
        pic = pic.convert("L" if pic.mode == "1" else "RGB")
    channels, kind = len(pic.getbands()), _WIDE.get(pic.mode, uint8)
    shape = (pic.height, pic.width, channels)
    pixels = wrap(current().from_buffer(bytearray(pic.tobytes()), kind, shape))
    return pixels.permute(2, 0, 1).contiguous()


def to_tensor(pic: Any) -> Tensor:
    """An image as a tensor (C, H, W): uint8 becomes float32 in [0, 1], others are unchanged.

    Shape: Pillow image; array ``(H, W)`` or ``(H, W, C)``; tensor ``(H, W)`` or ``(C, H, W)``.
    Raises: TypeError for anything else; ValueError for another number of dimensions.
    """
    if is_pil(pic):
        image = pil_to_tensor(pic)
    elif isinstance(pic, Tensor) or is_array(pic):
        image = as_tensor(pic)
        if image.dim() not in (2, 3):
            raise ValueError(
                f"pic should be 2/3 dimensional. Got {image.dim()} dimensions.\n"
                f"Expected (H, W) or, for an array, (H, W, C), got {tuple(image.shape)}."
            )
        if image.dim() == 2:
            image = image.unsqueeze(0)
        elif image is not pic:
            image = image.permute(2, 0, 1).contiguous()
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    return image / 255 if image.dtype is uint8 else image


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or (H, W), or an array (H, W, C) or (H, W), as a Pillow image.

    Floating-point tensors are scaled by 255. `mode`: Pillow's; default: from channels and dtype.
    Raises: TypeError for anything else; ValueError for other shapes; ImportError without Pillow.
    """
    if not isinstance(pic, Tensor) and not is_array(pic):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    image = as_tensor(pic)
    if image.dim() not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {image.dim()} dimensions.")
    if isinstance(pic, Tensor):
        if image.dtype.is_floating_point and mode != "F":
            image = image.mul(255).to(uint8)
        if image.dim() == 3:
            image = image.permute(1, 2, 0)
    if image.dim() == 2:
        image = image.unsqueeze(-1)
    height, width, channels = image.shape
    if channels not in _MODES:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    wide = {kind: name for name, kind in _WIDE.items()}
    if image.dtype is not uint8 and (image.dtype not in wide or channels > 1):
        raise TypeError(f"Input type {image.dtype} is not supported")
    mode = mode or wide.get(image.dtype) or _MODES[channels]
    return pillow().frombytes(mode, (width, height), image.contiguous().numpy().tobytes())


def on_pictures(function: Callable) -> Callable:
    """Make `function` of a tensor accept Pillow images too, by converting to a tensor and back."""

    @functools.wraps(function)
    def wrapper(img: Any, *args: Any, **kwargs: Any) -> Any:
        if is_pil(img):
            mode = img.mode if img.mode in _WIDE else None
            return to_pil_image(function(pil_to_tensor(img), *args, **kwargs), mode)
        if not isinstance(img, Tensor):
            raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
        return function(img, *args, **kwargs)

    return wrapper


__all__ = ["is_pil", "pil_to_tensor", "pillow", "to_pil_image", "to_tensor"]
