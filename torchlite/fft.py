"""Discrete Fourier transforms: PyTorch's `torch.fft`. See `torchlite.ops.spectral.fourier`."""

from torchlite.ops.spectral.fourier import *
from torchlite.ops.spectral.frequencies import *
