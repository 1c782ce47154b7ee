"""Discrete Fourier transforms: PyTorch's `torch.fft`. See `torchlite.ops.spectral.fourier`."""

from torchlite.ops.spectral.fourier import *  # noqa: F403
from torchlite.ops.spectral.frequencies import *  # noqa: F403
