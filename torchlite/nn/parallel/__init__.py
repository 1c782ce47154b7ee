"""Modules on several devices."""

from torchlite.nn.parallel.data_parallel import DataParallel
from torchlite.nn.parallel.distributed import DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel"]
