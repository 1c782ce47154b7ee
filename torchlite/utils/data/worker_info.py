"""What a worker process of a `DataLoader` knows about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker process of a `DataLoader` knows about itself."""

    id: int  #: from 0
    num_workers: int
    seed: int  #: of this worker's random numbers
    dataset: Any  #: this worker's copy


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """What a worker process of a `DataLoader` knows about itself; None in any other process."""
    return _info


def become_worker(info: WorkerInfo) -> None:
    """This process is a worker from now on."""
    global _info
    _info = info
