"""Window functions for the spectra of short segments of a signal.

``periodic`` (the default) returns the first `window_length` values of a symmetric window that is
one longer. All raise RuntimeError (as PyTorch) for a negative length or a non-float dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT, dtype
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.factories import arange, ones
from torchlite.ops.math.arithmetic import mul
from torchlite.ops.math.exponentials import sqrt
from torchlite.ops.math.special import i0
from torchlite.ops.math.trigonometry import cos

Shape = Callable[[Tensor], Tensor]


def laid_out(length: int, periodic: bool, shape: Shape) -> Tensor:
    """`shape`, a function on [0, 1], at evenly spaced points, without the last if `periodic`.

    In float64; a window of length 1 is 1.
    """
    if length < 2:
        return ones(length, dtype=dtypes.float64)
    return shape(arange(length, dtype=dtypes.float64) * (1 / (length if periodic else length - 1)))


def cosines(t: Tensor, weights: Sequence[float]) -> Tensor:
    """``w[0] - w[1] cos(2 pi t) + w[2] cos(4 pi t) - ...``"""
    total = t * 0 + weights[0]
    for k, weight in enumerate(weights[1:], 1):
        total = total + (-1) ** k * weight * cos(mul(t, 2 * math.pi * k))
    return total


def triangle(t: Tensor) -> Tensor:
    """1 in the middle, 0 at both ends."""
    return 1 - (2 * t - 1).abs()


def kaiser(t: Tensor, beta: float) -> Tensor:
    """Kaiser's window, which approximates maximal energy concentration in the main lobe."""
    inside = (1 - (2 * t - 1) ** 2).clamp(min=0)
    top = i0(arange(1, dtype=dtypes.float64) + beta)
    return i0(beta * sqrt(inside)) / top


def _window(name: str, length: int, periodic: bool, shape: Shape,
            kind: dtype | None, requires_grad: bool) -> Tensor:  # fmt: skip
    if not isinstance(length, int):
        raise TypeError(
            f"{name}(): argument 'window_length' (position 1) must be int, not "
            f"{type(length).__name__}"
        )
    if length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={length}"
        )
    kind = kind or dtypes.get_default_dtype()
    if kind.category != FLOAT:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {kind}")
    result = cast(laid_out(length, periodic, shape), kind)
    return result.requires_grad_() if requires_grad else result


def hann_window(window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
                layout: Any = None, device: Any = None, requires_grad: bool = False,
                pin_memory: bool = False) -> Tensor:  # fmt: skip
    """``sin(pi k / N) ** 2``. -> (window_length,)"""
    return _window("hann_window", window_length, periodic, lambda t: cosines(t, (0.5, 0.5)),
                   dtype, requires_grad)  # fmt: skip


def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54,
                   beta: float = 0.46, *, dtype: dtype | None = None, layout: Any = None,
                   device: Any = None, requires_grad: bool = False,
                   pin_memory: bool = False) -> Tensor:  # fmt: skip
    """``alpha - beta cos(2 pi k / N)``. -> (window_length,)"""
    return _window("hamming_window", window_length, periodic,
                   lambda t: cosines(t, (alpha, beta)), dtype, requires_grad)  # fmt: skip


def blackman_window(window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
                    layout: Any = None, device: Any = None, requires_grad: bool = False,
                    pin_memory: bool = False) -> Tensor:  # fmt: skip
    """``0.42 - 0.5 cos(2 pi k / N) + 0.08 cos(4 pi k / N)``. -> (window_length,)"""
    return _window("blackman_window", window_length, periodic,
                   lambda t: cosines(t, (0.42, 0.5, 0.08)), dtype, requires_grad)  # fmt: skip


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: dtype | None = None,
                    layout: Any = None, device: Any = None, requires_grad: bool = False,
                    pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A triangle from 0 to 1 and back to 0. -> (window_length,)"""
    return _window("bartlett_window", window_length, periodic, triangle, dtype, requires_grad)


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, *,
                  dtype: dtype | None = None, layout: Any = None, device: Any = None,
                  requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """``i0(beta sqrt(1 - (2 k / N - 1)**2)) / i0(beta)``. -> (window_length,)"""
    return _window("kaiser_window", window_length, periodic, lambda t: kaiser(t, beta), dtype,
                   requires_grad)  # fmt: skip


__all__ = [
    "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
]  # fmt: skip
