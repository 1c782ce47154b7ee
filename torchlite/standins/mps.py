"""Apple's GPUs (MPS), as in PyTorch where there are none: never available."""

from __future__ import annotations

from torchlite.standins.cuda import device_count, empty_cache, is_available, manual_seed, seed

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "seed"]
