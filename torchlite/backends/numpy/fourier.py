"""Discrete Fourier transforms by `numpy.fft`, which preserves single precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlite.backends.numpy.quiet import local

Array = np.ndarray
#: The factor of a sum of n terms -> NumPy's name for it in forward and inverse transforms.
_NORMS: dict[str, tuple[Any, Any]] = {
    "1": ("backward", "forward"),
    "1/sqrt(n)": ("ortho", "ortho"),
    "1/n": ("forward", "backward"),
}


class Fourier:
    """Mixin of `NumpyBackend`."""

    def fft(self, x: Array, axes: tuple[int, ...], inverse: bool, factor: str) -> Array:
        transform = np.fft.ifftn if inverse else np.fft.fftn
        return local.run(transform, x, None, axes, norm=_NORMS[factor][inverse])

    def rfft(self, x: Array, axis: int, factor: str) -> Array:
        return local.run(np.fft.rfft, x, None, axis, norm=_NORMS[factor][0])

    def irfft(self, x: Array, size: int, axis: int, factor: str) -> Array:
        return local.run(np.fft.irfft, x, size, axis, norm=_NORMS[factor][1])
