"""Signal processing: PyTorch's `torch.signal`."""

from torchlite.namespaces.signal import windows

__all__ = ["windows"]
