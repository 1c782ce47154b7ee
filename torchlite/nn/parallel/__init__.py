"""Modules on several devices."""

from torchlite.nn.parallel.data_parallel import DataParallel

__all__ = ["DataParallel"]
