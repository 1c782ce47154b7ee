"""Pictures: data sets, and transforms that turn their samples into tensors."""

from torchlite.vision import datasets, transforms

__all__ = ["datasets", "transforms"]
