"""Resizing images."""

from __future__ import annotations

import math
import warnings
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import check_tensors, functional, refuse
from torchlite.ops.core.op import declare, run
from torchlite.ops.creation.conversion import clone
from torchlite.ops.layers import resampling_taps as taps
from torchlite.ops.layers.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)

_resample = declare(
    "resample",
    title="Upsample",
    x=lambda xp, g, x_shape, axis, index, weights: xp.resample_backward(
        g, axis, x_shape[axis], index, weights
    ),
)
declare(
    "resample_backward",
    grad=lambda xp, g, axis, index, weights: xp.resample(g, axis, index, weights),
)
#: Mode -> number of spatial dimensions; None: 1 to 3.
_MODES = {"nearest": None, "linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3, "lanczos": 2,
          "area": None, "nearest-exact": None}  # fmt: skip
_ALIGNED = ("linear", "bilinear", "bicubic", "trilinear")
_SMOOTHED = ("bilinear", "bicubic", "lanczos")
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}


@functional
def interpolate(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
                align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
                antialias: bool = False) -> Tensor:  # fmt: skip
    """`input` (N, C, *S), with 1 to 3 spatial dimensions, resized to `size` or by `scale_factor`.

    `mode`: "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area" or
    "lanczos". `align_corners`: align the centres of the corner elements, not the image corners.
    `recompute_scale_factor`: use the ratio of the rounded sizes. `antialias`: widen the filter
    where the image shrinks ("bilinear", "bicubic", "lanczos").
    Raises: ValueError, NotImplementedError (as PyTorch) for arguments that do not fit together.
    """
    check_tensors("interpolate", input=input)
    _check_mode(input, mode, align_corners, antialias)
    shape = input._data.shape[2:]
    size, factors = _target(shape, size, scale_factor, recompute_scale_factor)
    _check_sizes(input, size)
    if mode == "area":
        return _AREA[len(shape)](input, size)
    kind = input.dtype
    if kind.category < dtypes.FLOAT and not (mode.startswith("nearest") and kind is dtypes.uint8):
        raise refuse(f"upsample_{mode}{len(shape)}d_out_frame", kind)
    result = input
    for i, (length, count, factor) in enumerate(zip(shape, size, factors)):
        args = _along_axis(mode, kind, length, count, factor, bool(align_corners), antialias)
        result = run(_resample, (result, 2 + i, *args), (result._data, 2 + i, *args))
    return clone(input) if result is input else result


def _along_axis(mode: str, kind: dtypes.dtype, length: int, count: int, factor: float | None,
                align: bool, antialias: bool) -> tuple:  # fmt: skip
    """Indices and weights along one axis, as the `resample` composite takes them."""
    xp = local.mode.xp
    if mode.startswith("nearest"):
        return taps.nearest(xp, kind, length, count, factor, mode == "nearest-exact"), None
    scale = taps.step(length, count, factor, align)
    if antialias or mode == "lanczos":
        return taps.smoothed(xp, kind, mode, length, count, scale, align, antialias)
    make = taps.cubic if mode == "bicubic" else taps.linear
    return make(xp, kind, length, count, scale, align)


def _check_mode(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    ndim = input._data.ndim
    if mode in _MODES and mode not in _ALIGNED and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            "| bicubic | trilinear"
        )
    if antialias and not (mode in _SMOOTHED and ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires "
            "a 4-D tensor as input"
        )
    if ndim not in (3, 4, 5) or mode not in _MODES:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: "
            "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact "
            f"(got {mode})"
        )
    wanted = _MODES[mode]
    if wanted not in (None, ndim - 2):
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {wanted + 2}D input")


def _target(shape: tuple, size: Any, scale_factor: Any, recompute: bool | None) -> tuple:
    """The spatial shape of the result, and the scale factors of the coordinates (or None)."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    none = [None] * len(shape)
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        _check_count(shape, size, "output size", "output size in (o1, o2, ...,oK)")
        sizes = [size] * len(shape) if not isinstance(size, (tuple, list)) else size
        return tuple(int(n) for n in sizes), none
    _check_count(shape, scale_factor, "scale_factor", "scale_factor in (s1, s2, ...,sK)")
    given = isinstance(scale_factor, (tuple, list))
    factors = [float(f) for f in (scale_factor if given else [scale_factor] * len(shape))]
    sizes = tuple(math.floor(n * f) for n, f in zip(shape, factors))
    return sizes, none if recompute else factors


def _check_count(shape: tuple, value: Any, what: str, form: str) -> None:
    if isinstance(value, (tuple, list)) and len(value) != len(shape):
        name = "spatial dimensions" if what == "output size" else "scale_factor"
        link = "output size of" if what == "output size" else "scale_factor of shape"
        raise ValueError(
            f"Input and {'output' if name != what else what} must have the same number of spatial "
            f"dimensions, but got input with spatial dimensions of {list(shape)} and {link} "
            f"{value}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and {form} "
            "format."
        )


def _check_sizes(input: Tensor, size: tuple) -> None:
    shape = input._data.shape
    if 0 in shape[1:2]:
        raise RuntimeError(
            f"Non-empty {len(shape)}D data tensor expected but got a tensor with sizes "
            f"{list(shape)}"
        )
    if min(size) <= 0 or 0 in shape[2:]:
        letters = "DHW"[-len(size) :]
        sizes = [", ".join(f"{c}: {n}" for c, n in zip(letters, s)) for s in (shape[2:], size)]
        raise RuntimeError(
            "Input and output sizes should be greater than 0, but got input "
            f"({sizes[0]}) and output ({sizes[1]})"
        )


def upsample(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
             align_corners: bool | None = None) -> Tensor:  # fmt: skip
    """Deprecated name of `interpolate`."""
    _warn("upsample", "interpolate")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Deprecated: `interpolate` with mode "nearest"."""
    _warn("upsample_nearest", "interpolate")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Deprecated: `interpolate` with mode "bilinear" and aligned corners."""
    _warn("upsample_bilinear", "interpolate")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _warn(name: str, better: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.{better}` instead.", stacklevel=3
    )
