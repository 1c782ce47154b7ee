"""`save` and `load`: objects with tensors in PyTorch's file format."""

from torchlite.serialization.archive import load, save

__all__ = ["load", "save"]
