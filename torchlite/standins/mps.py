"""Apple's processors, as PyTorch shows them where there are none: nothing is there."""

from __future__ import annotations

from torchlite.standins.cuda import device_count, empty_cache, is_available, manual_seed, seed

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "seed"]
