"""Short-time Fourier transforms."""

from __future__ import annotations

import math
import warnings
from typing import Any

from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.family import operation
from torchlite.ops.creation.factories import arange, ones, zeros
from torchlite.ops.indexing.index_select import index_add
from torchlite.ops.math.arithmetic import div, mul, square
from torchlite.ops.math.complex_numbers import view_as_real
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.rearranging import flip
from torchlite.ops.shape.reshaping import reshape, squeeze, transpose, unsqueeze
from torchlite.ops.shape.slicing import narrow, unfold
from torchlite.ops.spectral.fourier import fft, ifft, irfft, rfft

_LEAST_ENVELOPE = 1e-11  # PyTorch's limit: the sum of squared windows must exceed it


@operation
def stft(input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
         window: Tensor | None = None, center: bool = True, pad_mode: str = "reflect",
         normalized: bool = False, onesided: bool | None = None,
         return_complex: bool | None = None,
         align_to_window: bool | None = None) -> Tensor:  # fmt: skip
    """Fourier transforms of windowed segments of a signal, `hop_length` apart.

    Args:
        input: (L) or (B, L), real or complex.
        n_fft: Number of points of each transform.
        hop_length: Default: ``n_fft // 4``.
        win_length: Length of `window`, which is zero-padded on both sides to n_fft. Default: n_fft.
        window: (win_length). Default: ones.
        center: Pad the signal by ``n_fft // 2`` at both ends in `pad_mode` ("reflect", "replicate",
            "circular" or "constant"), so that window t is centred at ``t * hop_length``.
        normalized: Divide by ``sqrt(n_fft)``.
        onesided: Return only ``n_fft // 2 + 1`` frequencies. Default: if everything is real.
        return_complex: False returns (real part, imaginary part) along a new last dimension.
            Required for a real signal.
        align_to_window: Without `center`, the signal begins where the window does.

    Shape: ``(B, L) -> (B, frequencies, windows)``.
    Raises: RuntimeError for arguments that do not fit together.
    """
    length = n_fft if win_length is None else win_length
    hop = n_fft // 4 if hop_length is None else hop_length
    is_complex = any(t is not None and t.dtype.category == COMPLEX for t in (input, window))
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if return_complex is None and not is_complex:
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will further "
            "require that return_complex=True in a future PyTorch release."
        )
    signal = _signal(input, n_fft, center, pad_mode)
    if align_to_window and length < n_fft:
        around = (n_fft - length) // 2
        signal = recorded.pad(signal, ((0, 0), (around, n_fft - length - around)), 0)
    _check_stft(signal, n_fft, hop, length, window)
    frames = unfold(signal, 1, n_fft, hop)  # (B, windows, n_fft)
    weights = _window(window, length, n_fft, input)
    frames = frames if weights is None else mul(frames, weights)
    transform = rfft if _one_side(onesided, is_complex) else fft
    result = transpose(transform(frames, norm="ortho" if normalized else None), 1, 2)
    if input._data.ndim == 1:
        result = squeeze(result, 0)
    return view_as_real(result) if return_complex is False else result


def _one_side(onesided: bool | None, is_complex: bool) -> bool:
    if onesided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    return not is_complex if onesided is None else onesided


def _signal(input: Tensor, n_fft: int, center: bool, mode: str) -> Tensor:
    """`input` as (B, L), padded at both ends if `center`."""
    if input._data.ndim not in (1, 2):
        raise RuntimeError(f"stft(n_fft={n_fft}): expected a 1D or 2D tensor")
    if input.dtype.category < FLOAT:
        raise RuntimeError(
            f"stft(n_fft={n_fft}): expected a tensor of floating point or complex values"
        )
    x = unsqueeze(input, 0) if input._data.ndim == 1 else input
    return _extended(x, n_fft // 2, mode) if center else x


def _extended(x: Tensor, size: int, mode: str) -> Tensor:
    """x (B, L) padded by `size` elements at both ends."""
    last = x._data.shape[1] - size
    if mode == "constant":
        return recorded.pad(x, ((0, 0), (size, size)), 0)
    if mode == "circular":
        return cat((narrow(x, 1, last, size), x, narrow(x, 1, 0, size)), 1)
    if mode == "replicate":
        left, right = narrow(x, 1, 0, 1), narrow(x, 1, last + size - 1, 1)
        return cat((left.expand(-1, size), x, right.expand(-1, size)), 1)
    if mode != "reflect":
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if last < 1:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but "
            f"got: padding ({size}, {size}) at dimension 2 of input {[1, *x._data.shape]}"
        )
    left, right = narrow(x, 1, 1, size), narrow(x, 1, last - 1, size)
    return cat((flip(left, (1,)), x, flip(right, (1,))), 1)


def _check_stft(signal: Tensor, n_fft: int, hop: int, length: int, window: Tensor | None) -> None:
    name, size = f"stft(n_fft={n_fft}): ", signal._data.shape[1]
    if not 0 < n_fft <= size:
        raise RuntimeError(f"{name}expected 0 < n_fft < {size}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{name}expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(f"{name}expected 0 < win_length <= n_fft, but got win_length={length}")
    if window is not None and window._data.shape != (length,):
        raise RuntimeError(
            f"{name}expected a 1D window tensor of size equal to win_length={length}, but got "
            f"window with size {list(window._data.shape)}"
        )


def _window(window: Tensor | None, length: int, n_fft: int, input: Tensor) -> Tensor | None:
    """The window zero-padded to length n_fft; None if it is all ones."""
    if length == n_fft:
        return window
    if window is None:
        window = ones(length, dtype=input.dtype)
    left = (n_fft - length) // 2
    return recorded.pad(window, ((left, n_fft - length - left),), 0)


# --- the inverse ----------------------------------------------------------------------------------


@operation
def istft(input: Tensor, n_fft: int, hop_length: int | None = None,
          win_length: int | None = None, window: Tensor | None = None, center: bool = True,
          normalized: bool = False, onesided: bool | None = None, length: int | None = None,
          return_complex: bool = False) -> Tensor:  # fmt: skip
    """The signal whose `stft` is `input`, by least squares (Griffin and Lim 1984).

    Args: as in `stft`; ``length``: of the signal, which is truncated or zero-padded to it.

    Shape: ``(B, frequencies, windows) -> (B, length)``.
    Raises: RuntimeError for arguments that do not fit together, or windows that leave gaps.
    """
    size = n_fft if win_length is None else win_length
    hop = n_fft // 4 if hop_length is None else hop_length
    one_side = _check_istft(input, n_fft, hop, size, window, onesided, return_complex)
    x = input if input._data.ndim == 3 else unsqueeze(input, 0)
    spectra = transpose(x, 1, 2)  # (B, windows, frequencies)
    norm = "ortho" if normalized else None
    if return_complex:
        frames = ifft(spectra, norm=norm)
    else:
        frames = irfft(spectra if one_side else narrow(spectra, 2, 0, n_fft // 2 + 1), n_fft,
                       norm=norm)  # fmt: skip
    result = _joined(frames, _window(window, size, n_fft, frames), hop, center, length)
    return result if input._data.ndim == 3 else squeeze(result, 0)


def _check_istft(input: Tensor, n_fft: int, hop: int, size: int, window: Tensor | None,
                 onesided: bool | None, return_complex: bool) -> bool:  # fmt: skip
    """Whether `input` is one-sided. Raises RuntimeError for arguments that do not fit together."""
    name = f"istft(n_fft={n_fft}): "
    if input.dtype.category != COMPLEX:
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    ndim, shape = input._data.ndim, input._data.shape
    if not math.prod(shape):
        raise RuntimeError(f"{name}input tensor cannot be empty.")
    if ndim not in (2, 3):
        raise RuntimeError(f"{name}expected a tensor with 3 or 4 dimensions, but got {ndim + 1}")
    one_side = shape[-2] != n_fft if onesided is None else onesided
    wanted = n_fft // 2 + 1 if one_side else n_fft
    if shape[-2] != wanted:
        label = "n_fft / 2 + 1" if one_side else "n_fft"
        raise RuntimeError(
            f"{name}expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match {label} when onesided={one_side}, but got {shape[-2]}"
        )
    if not 0 < hop <= size:
        raise RuntimeError(f"{name}expected 0 < hop_length <= win_length")
    if not 0 < size <= n_fft:
        raise RuntimeError(f"{name}expected 0 < win_length <= n_fft")
    if window is not None and window._data.shape != (size,):
        raise RuntimeError(
            f"{name}Invalid window shape. window has to be 1D and length of `win_length`"
        )
    _check_parts(window, one_side, return_complex)
    return one_side


def _check_parts(window: Tensor | None, one_side: bool, return_complex: bool) -> None:
    if return_complex and one_side:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if not return_complex and window is not None and window.dtype.category == COMPLEX:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")


def _joined(frames: Tensor, window: Tensor | None, hop: int, center: bool,
            length: int | None) -> Tensor:  # fmt: skip
    """Overlap-add of the frames (B, windows, n_fft), divided by the sum of squared windows."""
    n_fft = frames._data.shape[2]
    whole = n_fft + hop * (frames._data.shape[1] - 1)
    weights = ones(n_fft, dtype=frames.dtype) if window is None else window
    start = n_fft // 2 if center else 0
    stop = whole - start if length is None else start + length
    kept = min(stop, whole) - start
    signal = narrow(_overlapped(mul(frames, weights), hop, whole), 1, start, kept)
    squares = square(weights).expand(1, *frames._data.shape[1:])
    envelope = narrow(_overlapped(squares, hop, whole), 1, start, kept)
    if kept and local.mode.xp.extremes(envelope.abs()._data)[0] <= _LEAST_ENVELOPE:
        raise RuntimeError(f"istft(n_fft={n_fft}): window overlap add min: 1")
    signal = div(signal, envelope)
    if stop <= whole:
        return signal
    warnings.warn(
        "The length of signal is shorter than the length parameter. Result is being padded with "
        "zeros in the tail. Please check your center and hop_length settings.",
        stacklevel=3,
    )
    return recorded.pad(signal, ((0, 0), (0, stop - whole)), 0)


def _overlapped(frames: Tensor, hop: int, whole: int) -> Tensor:
    """The sum of frames (B, windows, n_fft), `hop` apart: (B, whole)."""
    batch, count, n_fft = frames._data.shape
    places = arange(count).unsqueeze(1) * hop + arange(n_fft)
    blank: Any = zeros(batch, whole, dtype=frames.dtype)
    return index_add(blank, 1, reshape(places, (-1,)), reshape(frames, (batch, -1)))


__all__ = ["istft", "stft"]
