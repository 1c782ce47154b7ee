"""Information about a `DataLoader` worker process, available inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WorkerInfo:
    """Information about a `DataLoader` worker process, available inside it."""

    id: int  #: from 0
    num_workers: int
    seed: int  #: of this worker's random numbers
    dataset: Any  #: this worker's copy


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Information about this `DataLoader` worker process; None in any other process."""
    return _info


def become_worker(info: WorkerInfo) -> None:
    """Mark this process as a worker."""
    global _info
    _info = info
