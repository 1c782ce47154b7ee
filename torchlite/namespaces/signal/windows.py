"""Window functions: PyTorch's `torch.signal.windows`.

``M`` is the length; ``sym=False`` returns the first M elements of the symmetric window of length
M + 1, for spectral analysis. Shape: (M,), of dtype float32 or float64.

Raises (all of them): ValueError for a negative length or another dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from torchlite import dtypes
from torchlite.core.layouts import strided
from torchlite.core.tensor import Tensor
from torchlite.dtypes import dtype
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.factories import arange
from torchlite.ops.spectral.windows import cosines, laid_out, triangle
from torchlite.ops.spectral.windows import kaiser as kaiser_shape


def _window(name: str, M: int, shape: Callable[[], Tensor], kind: dtype | None, layout: Any,
            requires_grad: bool) -> Tensor:  # fmt: skip
    """``shape()`` in dtype `kind`."""
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout not in (None, strided):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    kind = kind or dtypes.get_default_dtype()
    if kind not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
    result = cast(shape(), kind)
    return result.requires_grad_() if requires_grad else result


def _check_positive(label: str, value: float) -> None:
    if value <= 0:
        raise ValueError(f"{label} must be positive, got: {value} instead.")


def _from(start: float, M: int) -> Tensor:
    """start, start + 1, ..."""
    return arange(M, dtype=dtypes.float64) + start


def _middle(M: int, sym: bool) -> float:
    return (M - 1 if sym or M == 1 else M) / 2


def exponential(M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True,
                dtype: dtype | None = None, layout: Any = None, device: Any = None,
                requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``e ** -(|k - center| / tau)``; center defaults to the middle.

    Raises: ValueError also for a non-positive tau, or a center with a symmetric window.
    """
    _check_positive("Tau", tau)
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    middle = _middle(M, sym) if center is None else center

    def shape() -> Tensor:
        return (-_from(-middle, M).abs() / tau).exp()

    return _window("exponential", M, shape, dtype, layout, requires_grad)


def cosine(M: int, *, sym: bool = True, dtype: dtype | None = None, layout: Any = None,
           device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``sin(pi (k + 1 / 2) / M)``."""
    half_turn = M if sym or M == 1 else M + 1

    def shape() -> Tensor:
        return (_from(0.5, M) * math.pi / half_turn).sin()

    return _window("cosine", M, shape, dtype, layout, requires_grad)


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, dtype: dtype | None = None,
             layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``e ** -((k - middle) / std)**2 / 2``. Raises: ValueError also for std <= 0."""
    _check_positive("Standard deviation", std)

    def shape() -> Tensor:
        return (-((_from(-_middle(M, sym), M) / std) ** 2) / 2).exp()

    return _window("gaussian", M, shape, dtype, layout, requires_grad)


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, dtype: dtype | None = None,
           layout: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``i0(beta sqrt(1 - (2 k / N - 1)**2)) / i0(beta)``. Raises: ValueError also for beta < 0."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def shape() -> Tensor:
        return laid_out(M, not sym, lambda t: kaiser_shape(t, beta))

    return _window("kaiser", M, shape, dtype, layout, requires_grad)


def bartlett(M: int, *, sym: bool = True, dtype: dtype | None = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A triangle from 0 to 1 and back."""

    def shape() -> Tensor:
        return laid_out(M, not sym, triangle)

    return _window("bartlett", M, shape, dtype, layout, requires_grad)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, dtype: dtype | None = None,
                   layout: Any = None, device: Any = None,
                   requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``a[0] - a[1] cos(2 pi k / N) + a[2] cos(4 pi k / N) - ...``

    Raises: TypeError if `a` is not a sequence, ValueError also if it is empty.
    """
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = tuple(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")

    def shape() -> Tensor:
        return laid_out(M, not sym, lambda t: cosines(t, weights))

    return _window("general_cosine", M, shape, dtype, layout, requires_grad)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, dtype: dtype | None = None,
                    layout: Any = None, device: Any = None,
                    requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``alpha - (1 - alpha) cos(2 pi k / N)``."""
    return general_cosine(M, a=(alpha, 1 - alpha), sym=sym, dtype=dtype, layout=layout,
                          requires_grad=requires_grad)  # fmt: skip


def _cosine_window(name: str, weights: tuple[float, ...], meaning: str) -> Callable[..., Tensor]:
    def window(M: int, *, sym: bool = True, dtype: dtype | None = None, layout: Any = None,
               device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
        return general_cosine(M, a=weights, sym=sym, dtype=dtype, layout=layout,
                              requires_grad=requires_grad)  # fmt: skip

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"`general_cosine` with {meaning}."
    return window


hamming = _cosine_window("hamming", (0.54, 0.46), "0.54 and 0.46")
hann = _cosine_window("hann", (0.5, 0.5), "1/2 and 1/2: ``sin(pi k / N) ** 2``")
blackman = _cosine_window("blackman", (0.42, 0.5, 0.08), "0.42, 0.5 and 0.08")
nuttall = _cosine_window(
    "nuttall",
    (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "the four weights of Nuttall 1981, table II, with continuous first derivative",
)

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine",
    "general_hamming", "hamming", "hann", "kaiser", "nuttall",
]  # fmt: skip
