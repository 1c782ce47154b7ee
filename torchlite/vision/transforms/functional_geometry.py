"""Geometric operations on images: tensors ``(*, H, W)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum
from numbers import Number
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.dtypes import float32
from torchlite.nn.functional import conv2d, grid_sample, interpolate
from torchlite.nn.functional import pad as constant_pad
from torchlite.ops.creation.factories import arange, linspace, ones_like, tensor
from torchlite.ops.shape.joining import cat, stack
from torchlite.vision.transforms.pictures import is_pil, on_pictures


class InterpolationMode(Enum):
    """How values between pixels are interpolated."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"  # this and the following: Pillow only, not for tensors
    HAMMING = "hamming"
    LANCZOS = "lanczos"


NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
_OF_PILLOW = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
Mode = InterpolationMode | int


def _named(mode: Mode, known: Sequence[str]) -> str:
    if not isinstance(mode, InterpolationMode):
        mode = InterpolationMode(_OF_PILLOW.get(mode, mode))
    if mode.value not in known:
        raise ValueError(
            "This Interpolation mode is unsupported with Tensor input\n"
            f"Expected one of {', '.join(known)}, got {mode.value}."
        )
    return mode.value


def pair(size: Any) -> list[int]:
    """(height, width) from a number, or from a sequence of one or two."""
    values = [int(size)] if isinstance(size, Number) else list(size)  # type: ignore[call-overload]
    return values * 2 if len(values) == 1 else values


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width] of an image."""
    if is_pil(img):
        return [len(img.getbands()), img.height, img.width]
    return [img.shape[-3] if img.dim() > 2 else 1, *img.shape[-2:]]


def get_image_size(img: Any) -> list[int]:
    """[width, height] of an image."""
    return get_dimensions(img)[:0:-1]


def _in_floats(img: Tensor, compute: Callable[[Tensor], Tensor], clamp: bool = False) -> Tensor:
    """`compute` on (1, C, H, W) in floating point; integer results are rounded."""
    kind = img.dtype
    pixels = img.reshape(1, -1, *img.shape[-2:])
    result = compute(pixels if kind.is_floating_point else pixels.to(float32))
    if not kind.is_floating_point:
        result = (result.clamp(0, 255) if clamp else result).round().to(kind)
    return result.reshape(*img.shape[:-2], *result.shape[-2:])


@on_pictures
def resize(
    img: Tensor, size: Any, interpolation: Mode = BILINEAR, max_size: int | None = None,
    antialias: bool | None = True,
) -> Tensor:  # fmt: skip
    """Resize to (height, width), or to the given length of the shorter edge.

    In the latter case `max_size` bounds the longer edge. Raises: ValueError if it is <= `size`.
    """
    mode = _named(interpolation, ("nearest", "nearest-exact", "bilinear", "bicubic"))
    target = _target(list(img.shape[-2:]), size, max_size)
    smooth = mode in ("bilinear", "bicubic")
    options = {"align_corners": False, "antialias": bool(antialias)} if smooth else {}
    return _in_floats(
        img, lambda x: interpolate(x, size=target, mode=mode, **options), clamp=mode == "bicubic"
    )


def _target(shape: list[int], size: Any, max_size: int | None) -> list[int]:
    if not isinstance(size, Number) and len(size) == 2:
        if max_size is not None:
            raise ValueError("max_size should only be passed if size specifies the length of the "
                             "smaller edge, i.e. size should be an int or a sequence of length 1")
        return list(size)
    short = pair(size)[0]
    long = int(short * max(shape) / min(shape))
    if max_size is not None and max_size <= short:
        raise ValueError(
            f"max_size = {max_size} must be strictly greater than the requested size for the "
            f"smaller edge size = {size}"
        )
    if max_size is not None and long > max_size:
        short, long = int(max_size * short / long), max_size
    return [short, long] if shape[0] <= shape[1] else [long, short]


@on_pictures
def crop(img: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """The rectangle of `height` and `width` at row `top`, column `left`; 0 outside the image."""
    h, w = img.shape[-2:]
    bottom, right = top + height, left + width
    part = img[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if top >= 0 and left >= 0 and bottom <= h and right <= w:
        return part
    borders = [max(min(right, 0) - left, 0), max(right - max(w, left), 0),
               max(min(bottom, 0) - top, 0), max(bottom - max(h, top), 0)]  # fmt: skip
    return constant_pad(part, borders)


@on_pictures
def center_crop(img: Tensor, output_size: Any) -> Tensor:
    """The centre of the image, padded with 0 where it is too small."""
    height, width = pair(output_size)
    h, w = img.shape[-2:]
    borders = [max(width - w, 0), max(height - h, 0)]
    img = constant_pad(img, [borders[0] // 2, (borders[0] + 1) // 2,
                             borders[1] // 2, (borders[1] + 1) // 2])  # fmt: skip
    h, w = img.shape[-2:]
    return crop(img, round((h - height) / 2), round((w - width) / 2), height, width)


def resized_crop(
    img: Any, top: int, left: int, height: int, width: int, size: Any,
    interpolation: Mode = BILINEAR, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """`crop`, then `resize`."""
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def five_crop(img: Any, size: Any) -> tuple:
    """The four corners and the centre. Raises: ValueError if the crop is larger than the image."""
    height, width = pair(size)
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        raise ValueError(
            f"Requested crop size {(height, width)} is bigger than input size {(h, w)}"
        )
    corners = [(top, left) for top in (0, h - height) for left in (0, w - width)]
    return (*(crop(img, *corner, height, width) for corner in corners),
            center_crop(img, (height, width)))  # fmt: skip


@on_pictures
def hflip(img: Tensor) -> Tensor:
    """Flip horizontally."""
    return img.flip(-1)


@on_pictures
def vflip(img: Tensor) -> Tensor:
    """Flip vertically."""
    return img.flip(-2)


@on_pictures
def pad(img: Tensor, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Tensor:
    """Pad the image by one width, (left and right, top and bottom), or
    (left, top, right, bottom); with `fill`, the "edge" pixels, or a mirror image ("reflect" without
    repeating the edge, "symmetric" with it).

    Raises: ValueError for any other mode.
    """
    left, top, right, bottom = _four(padding)
    if padding_mode == "constant":
        value: Any = fill if isinstance(fill, Number) else fill[0]
        return constant_pad(img, [left, right, top, bottom], value=value)
    if padding_mode not in ("edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    h, w = img.shape[-2:]
    rows, columns = _read(h, top, bottom, padding_mode), _read(w, left, right, padding_mode)
    return img.index_select(-2, rows).index_select(-1, columns)


def _four(padding: Any) -> list[int]:
    values: list[int] = [padding] if isinstance(padding, int) else list(padding)
    if len(values) not in (1, 2, 4):
        raise ValueError(
            f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(values)} element "
            "tuple"
        )
    return (values * 4)[:4]


def _read(length: int, before: int, after: int, mode: str) -> Tensor:
    """The index of the source row for each row of the result."""
    rows = arange(-before, length + after)
    if mode == "edge":
        return rows.clamp(0, length - 1)
    twice = int(mode == "symmetric")  # whether the mirror image repeats the edge
    fold = 2 * length - 2 + twice
    place = rows % max(fold + twice, 1)
    return place.minimum(fold - place)


@on_pictures
def rotate(
    img: Tensor, angle: float, interpolation: Mode = NEAREST, expand: bool = False,
    center: Sequence[float] | None = None, fill: Any = None,
) -> Tensor:  # fmt: skip
    """Rotate by `angle` degrees counterclockwise, about `center` (x, y) or the image's centre.

    `expand`: enlarge the output to fit the corners. `fill`: value outside the image. Default: 0.
    """
    h, w = img.shape[-2:]
    middle = [0.0, 0.0] if center is None else [center[0] - w * 0.5, center[1] - h * 0.5]
    inverse = _inverse(middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    size = _expanded(inverse, w, h) if expand else (h, w)
    return _sampled(img, inverse, size, interpolation, fill)


@on_pictures
def affine(
    img: Tensor, angle: float, translate: Sequence[float], scale: float, shear: Any,
    interpolation: Mode = NEAREST, fill: Any = None, center: Sequence[float] | None = None,
) -> Tensor:  # fmt: skip
    """Rotate clockwise, translate by `translate` pixels, scale, and shear by (x, y) degrees."""
    h, w = img.shape[-2:]
    middle = [0.0, 0.0] if center is None else [center[0] - w * 0.5, center[1] - h * 0.5]
    slant = [shear, 0.0] if isinstance(shear, Number) else [*shear, 0.0][:2]
    inverse = _inverse(middle, angle, translate, scale, slant)
    return _sampled(img, inverse, (h, w), interpolation, fill)


def _inverse(center: Any, angle: float, translate: Any, scale: float, shear: Any) -> list[float]:
    """(a, b, c, d, e, f): output pixel (x, y) is read at (ax + by + c, dx + ey + f)."""
    turn, (sx, sy) = math.radians(angle), map(math.radians, shear)
    a, c = math.cos(turn - sy) / math.cos(sy), math.sin(turn - sy) / math.cos(sy)
    b, d = -a * math.tan(sx) - math.sin(turn), -c * math.tan(sx) + math.cos(turn)
    (cx, cy), (tx, ty) = center, translate
    m = [d / scale, -b / scale, -c / scale, a / scale]
    dx, dy = -cx - tx, -cy - ty
    return [m[0], m[1], m[0] * dx + m[1] * dy + cx, m[2], m[3], m[2] * dx + m[3] * dy + cy]


def _expanded(m: list[float], w: int, h: int) -> tuple[int, int]:
    """The (height, width) that contains the corners of the rotated image."""
    corners = [(x * w / 2, y * h / 2) for x in (-1, 1) for y in (-1, 1)]
    xs = [m[0] * x + m[1] * y + m[2] + w / 2 for x, y in corners]
    ys = [m[3] * x + m[4] * y + m[5] + h / 2 for x, y in corners]
    return _span(ys), _span(xs)


def _span(places: list[float], tolerance: float = 1e-4) -> int:
    ends = (min(places), max(places))
    low, high = (math.trunc(round(end / tolerance, 2)) * tolerance for end in ends)
    return math.ceil(high) - math.floor(low)


def _sampled(img: Tensor, m: list[float], size: Any, mode: Mode, fill: Any) -> Tensor:
    """The image sampled at the positions given by `m`, `fill` outside it."""
    how = _named(mode, ("nearest", "bilinear"))
    (h, w), (height, width) = img.shape[-2:], size
    x = linspace((1 - width) / 2, (width - 1) / 2, width)
    y = linspace((1 - height) / 2, (height - 1) / 2, height).unsqueeze(-1)
    columns, rows = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
    grid = stack([columns / (w / 2), rows / (h / 2)], -1)

    def read(pixels: Tensor) -> Tensor:
        where = grid.to(pixels.dtype).unsqueeze(0)
        if fill is None:
            return grid_sample(pixels, where, how, align_corners=False)
        both = cat([pixels, ones_like(pixels[:, :1])], 1)
        seen = grid_sample(both, where, how, align_corners=False)
        inside = seen[:, -1:]
        paint = tensor(fill, dtype=pixels.dtype).reshape(1, -1, 1, 1)
        if how == "bilinear":
            return seen[:, :-1] * inside + (1 - inside) * paint
        return seen[:, :-1].where(inside >= 0.5, paint)

    return _in_floats(img, read)


@on_pictures
def gaussian_blur(img: Tensor, kernel_size: Any, sigma: Any = None) -> Tensor:
    """Blur with a Gaussian kernel.

    `kernel_size`: odd, one number or (x, y). `sigma`: default: derived from the size.
    Raises: ValueError for an even size or a sigma that is not positive.
    """
    sizes = pair(kernel_size)
    if any(size % 2 == 0 or size < 1 for size in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    default = [size * 0.15 + 0.35 for size in sizes]
    sigmas = default if sigma is None else _two(sigma)
    if any(s <= 0 for s in sigmas):
        raise ValueError(f"sigma should have positive values. Got {sigmas}")
    x, y = (_gaussian(size, s) for size, s in zip(sizes, sigmas))
    borders = [sizes[0] // 2, sizes[1] // 2]

    def blurred(pixels: Tensor) -> Tensor:
        weight = (y.unsqueeze(1) * x).to(pixels.dtype)
        channels = pixels.shape[1]
        return conv2d(pad(pixels, borders, padding_mode="reflect"),
                      weight.expand(channels, 1, *weight.shape), groups=channels)  # fmt: skip

    return _in_floats(img, blurred)


def _two(value: Any) -> list[float]:
    return [value] * 2 if isinstance(value, (int, float)) else (list(value) * 2)[:2]


def _gaussian(size: int, sigma: float) -> Tensor:
    weights = (-0.5 * (linspace(-(size - 1) * 0.5, (size - 1) * 0.5, size) / sigma) ** 2).exp()
    return weights / weights.sum()
