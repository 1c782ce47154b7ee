"""The frequencies of discrete Fourier transforms, and their order."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dims
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT, dtype
from torchlite.ops.core.family import functional, write_out
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.factories import arange
from torchlite.ops.math.arithmetic import mul
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.rearranging import roll
from torchlite.ops.spectral.fourier import Sizes


def fftfreq(n: int, d: float = 1.0, *, out: Tensor | None = None, dtype: dtype | None = None,
            layout: Any = None, device: Any = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The frequencies of the n elements of `fft` at sample spacing `d`: (n,), negatives last."""
    positive, negative = arange(0, (n + 1) // 2), arange(-(n // 2), 0)
    return _frequencies("fftfreq", cat((positive, negative)), n * d, dtype, out, requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, out: Tensor | None = None, dtype: dtype | None = None,
             layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The frequencies of the n // 2 + 1 elements of `rfft` at sample spacing `d`."""
    return _frequencies("rfftfreq", arange(n // 2 + 1), n * d, dtype, out, requires_grad)


def _frequencies(name: str, places: Tensor, length: float, kind: dtype | None,
                 out: Tensor | None, requires_grad: bool) -> Tensor:  # fmt: skip
    kind = kind or dtypes.get_default_dtype()
    if kind.category < FLOAT:
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    result = mul(cast(places, kind), 1 / length)
    if out is not None:
        return write_out(name, out, result)
    return result.requires_grad_() if requires_grad else result


@functional
def fftshift(input: Tensor, dim: Sizes = None) -> Tensor:
    """The elements shifted so that frequency 0 is in the middle of `dim`; by default, of all."""
    axes = normalize_dims(dim, input._data.ndim)
    return roll(input, tuple(input._data.shape[a] // 2 for a in axes), axes)


@functional
def ifftshift(input: Tensor, dim: Sizes = None) -> Tensor:
    """The inverse of `fftshift`."""
    axes = normalize_dims(dim, input._data.ndim)
    return roll(input, tuple((input._data.shape[a] + 1) // 2 for a in axes), axes)


__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]
