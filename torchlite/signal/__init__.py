"""Signal processing: PyTorch's `torch.signal`."""

from torchlite.signal import windows

__all__ = ["windows"]
