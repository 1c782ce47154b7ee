"""One pass over the batches of a `DataLoader`, made by the calling process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from torchlite.utils.data.fetching import Source
from torchlite.utils.data.sampler import draw_seed


class Pass(Iterator[Any]):
    """The base of all loaders' passes: indices, a seed, and the number of batches."""

    def __init__(self, loader: Any) -> None:
        self._source = Source(
            loader.dataset, loader.batch_sampler is not None, loader.collate_fn, loader.drop_last
        )
        self._begin(loader)
        # for the workers; always drawn, so that a seed gives PyTorch's order
        self._base_seed = draw_seed(loader.generator)
        _warn_of_pinning(loader)

    def _begin(self, loader: Any) -> None:
        self._sampler = loader._index_sampler
        self._indices: Iterator[Any] = iter(self._sampler)
        self._shared_seed = self._source.draw_seed(loader.generator)
        self._yielded, self._reported = 0, loader._reported_length

    def __len__(self) -> int:
        return len(self._sampler)

    def _count(self, hint: str = "") -> None:
        """Count a batch; warn if the stream yields more than its reported length."""
        self._yielded += 1
        if self._yielded > self._reported:
            warnings.warn(
                f"Length of IterableDataset {self._source.dataset} was reported to be "
                f"{self._reported}(when accessing len(dataloader)), but {self._yielded} samples "
                f"have been fetched. {hint}",
                stacklevel=3,
            )


class Batches(Pass):
    """The batches of a loader without workers."""

    def __init__(self, loader: Any) -> None:
        if loader.timeout:
            raise AssertionError(
                "_SingleProcessDataLoaderIter requires timeout == 0\n"
                "A timeout applies to worker processes: set num_workers."
            )
        super().__init__(loader)
        self._source.seed(self._shared_seed)
        self._fetch, self._collate = self._source.open(), self._source.collate

    def __next__(self) -> Any:
        batch = self._collate(self._fetch(next(self._indices)))
        if self._reported is not None:
            self._count()
        return batch


def _warn_of_pinning(loader: Any) -> None:
    if loader.pin_memory and loader.pin_memory_device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device,"
            f"ignore pin_memory_device='{loader.pin_memory_device}'.",
            stacklevel=5,
        )
    if loader.pin_memory:
        warnings.warn(
            "'pin_memory' argument is set as true but no accelerator is found, then device pinned "
            "memory won't be used.",
            stacklevel=5,
        )
