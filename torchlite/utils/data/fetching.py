"""Fetching the sample at an index, or a batch's samples, for `collate_fn`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torchlite.random import Generator
from torchlite.utils.data.datapipes.datapipe import IterDataPipe
from torchlite.utils.data.dataset import IterableDataset
from torchlite.utils.data.graph_settings import apply_random_seed, apply_sharding
from torchlite.utils.data.sampler import draw_seed


class Source(NamedTuple):
    """The source of a loader's batches; workers get a copy."""

    dataset: Any
    batched: bool  # else single samples
    collate: Callable[[Any], Any]
    drop_last: bool

    @property
    def is_stream(self) -> bool:
        """Whether the data set determines the order of the samples."""
        return isinstance(self.dataset, IterableDataset)

    def draw_seed(self, generator: Any) -> int | None:
        """A seed that all processes share, if the data set is a pipe that may shuffle."""
        return draw_seed(generator) if isinstance(self.dataset, IterDataPipe) else None

    def seed(self, shared: int | None) -> None:
        """Begin a pass with the seed from `draw_seed`."""
        if shared is not None:
            apply_random_seed(self.dataset, Generator().manual_seed(shared))

    def shard(self, count: int, number: int) -> None:
        """Restrict the data set to the share of worker `number` of `count`, if it is a pipe."""
        if isinstance(self.dataset, IterDataPipe):
            apply_sharding(self.dataset, count, number)

    def open(self) -> Callable[[Any], Any]:
        """A function from the sampler's items to samples; for a stream, to the next ones."""
        dataset = self.dataset
        if self.is_stream:
            stream = _Stream(iter(dataset), self.drop_last)
            return stream.next_batch if self.batched else stream.next_sample
        if not self.batched:
            return dataset.__getitem__
        return getattr(dataset, "__getitems__", None) or self._samples

    def _samples(self, indices: list) -> list:
        dataset = self.dataset
        return [dataset[i] for i in indices]


class _Stream:
    def __init__(self, samples: Iterator[Any], drop_last: bool) -> None:
        self._samples, self._drop_last = samples, drop_last

    def next_sample(self, _: None) -> Any:
        return next(self._samples)

    def next_batch(self, wanted: list[None]) -> list:
        samples = [sample for _, sample in zip(wanted, self._samples)]
        if not samples or (self._drop_last and len(samples) < len(wanted)):
            raise StopIteration
        return samples
