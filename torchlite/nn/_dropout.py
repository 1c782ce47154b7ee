"""Dropout of whole channels, and dropout for self-normalising networks."""

from __future__ import annotations

import math
import warnings

from torchlite.autograd import no_grad
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import empty

_SELU_FLOOR = 1.7580993408473766  # minus the limit of selu(x) for x -> -inf


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero whole channels with probability `p`. Shape: (N, C, L) or (C, L), unchanged."""
    _check(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. "
            "Note that dropout1d exists to provide channel-wise dropout on inputs with 1 "
            "spatial dimension, a channel dimension, and an optional batch dimension "
            "(i.e. 2D or 3D inputs)."
        )
    return _drop(input, p, training, inplace, channels=1 if ndim == 2 else 2)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero whole channels with probability `p`. Shape: (N, C, H, W), unchanged.

    A 3-D input is taken as (N, C, L), with a warning, as in PyTorch.
    """
    _check(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        _warn_dimensions("dropout2d", 2, ndim)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise "
            "1D dropout behavior is desired - input is interpreted as shape (N, C, L), where C "
            "is the channel dim. This behavior will change in a future release to interpret the "
            "input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D "
            "channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _drop(input, p, training, inplace, channels=2)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero whole channels with probability `p`. Shape: (N, C, D, H, W) or without N, unchanged."""
    _check(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        _warn_dimensions("dropout3d", 3, ndim)
    return _drop(input, p, training, inplace, channels=2 if ndim == 5 else 1)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Set elements to the negative limit of `selu`, preserving mean and variance. Any shape."""
    _check(p)
    return _drop(input, p, training, inplace, channels=None, alpha=True)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels. Shape: (N, C, *), unchanged."""
    _check(p)
    return _drop(input, p, training, inplace, channels=2, alpha=True)


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _warn_dimensions(name: str, spatial: int, ndim: int) -> None:
    warnings.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an "
        "error in a future release. To retain the behavior and silence this warning, please use "
        f"dropout instead. Note that {name} exists to provide channel-wise dropout on inputs with "
        f"{spatial} spatial dimensions, a channel dimension, and an optional batch dimension "
        f"(i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3,
    )


def _drop(input: Tensor, p: float, training: bool, inplace: bool, channels: int | None,
          alpha: bool = False) -> Tensor:  # fmt: skip
    """Dropout that draws one random number per index of the first `channels` dimensions."""
    if not training or p == 0 or input.numel() == 0:
        return input
    factor, shift = _noise(input, p, channels, alpha)
    result = input.mul_(factor) if inplace else input * factor
    if shift is None:
        return result
    return result.add_(shift) if inplace else result + shift


@no_grad()
def _noise(
    input: Tensor, p: float, channels: int | None, alpha: bool
) -> tuple[Tensor, Tensor | None]:
    """The factor by which the input is multiplied, and the offset added to it."""
    shape = tuple(input.shape)
    if channels is not None:
        if len(shape) < channels:
            raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
        shape = shape[:channels] + (1,) * (len(shape) - channels)
    kept = empty(shape, dtype=input.dtype)
    if p == 1:
        return kept.zero_(), None
    kept.bernoulli_(1 - p)
    if not alpha:
        return kept.div_(1 - p), None
    scale = 1 / math.sqrt((_SELU_FLOOR**2 * p + 1) * (1 - p))
    shift = (kept - 1).mul_(_SELU_FLOOR * scale).add_(_SELU_FLOOR * scale * p)
    return kept.mul_(scale), shift
