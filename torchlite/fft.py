"""Discrete Fourier transforms: PyTorch's `torch.fft`. See `torchlite.ops.spectral.fourier`."""

from torchlite.ops.spectral.fourier import *
from torchlite.ops.spectral.frequencies import fftfreq, fftshift, ifftshift, rfftfreq

__all__ = [
    "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn",
    "irfftn", "hfft", "ihfft", "hfft2", "ihfft2", "hfftn", "ihfftn", "fftfreq", "rfftfreq",
    "fftshift", "ifftshift",
]  # fmt: skip
