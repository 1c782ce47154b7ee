"""DistributedSampler: each process of a distributed training takes its share of the samples."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

from torchlite.random import Generator
from torchlite.utils.data.sampler import Sampler, permutation


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index of a random order, starting at the `rank`-th.

    All replicas get equally many: the first indices are repeated at the end, or with `drop_last`
    the last ones are dropped. Call ``set_epoch(epoch)`` before each pass to vary the order.

    Args:
        dataset: Anything with a length.
        num_replicas, rank: Default: those of `torchlite.standins.distributed`.
        shuffle: Whether the order is random. Default: True.
        seed: Seed of the order, which must be the same in all replicas. Default: 0.
        drop_last: Default: False.

    Raises: RuntimeError if there is no process group to ask for `num_replicas` or `rank`;
    ValueError if there is no such rank.
    """

    def __init__(self, dataset: Any, num_replicas: int | None = None, rank: int | None = None,
                 shuffle: bool = True, seed: int = 0, drop_last: bool = False) -> None:  # fmt: skip
        num_replicas = _distributed().get_world_size() if num_replicas is None else num_replicas
        rank = _distributed().get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        count = len(dataset)
        self.num_samples = count // num_replicas if drop_last else -(-count // num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        order: Any = range(count)
        if self.shuffle:
            order = permutation(Generator().manual_seed(self.seed + self.epoch), count)
        return islice(cycle(order), self.rank, self.total_size, self.num_replicas)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the random order of the next pass."""
        self.epoch = epoch


def _distributed() -> Any:
    try:
        distributed = importlib.import_module("torchlite.standins.distributed")
    except ModuleNotFoundError:
        raise RuntimeError("Requires distributed package to be available") from None
    if not distributed.is_available():
        raise RuntimeError("Requires distributed package to be available")
    return distributed
