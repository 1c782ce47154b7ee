"""DataLoader: batches of a data set, in the order of a sampler."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from torchlite.utils.data.collate import default_collate, default_convert
from torchlite.utils.data.datapipes.datapipe import IterDataPipe
from torchlite.utils.data.dataset import Dataset, IterableDataset
from torchlite.utils.data.graph_settings import apply_shuffle_settings
from torchlite.utils.data.passes import Batches
from torchlite.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from torchlite.utils.data.workers import WorkerBatches

T = TypeVar("T", covariant=True)
_FIXED = ("dataset", "batch_size", "batch_sampler", "sampler", "drop_last", "persistent_workers")


class _Endless(Sampler[None]):
    """Placeholders for the indices of a stream's samples, which are not used."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


class DataLoader(Generic[T]):
    """Iterate over `dataset` in batches; the order for a seed is PyTorch's.

    Args:
        dataset: A `Dataset`, an `IterableDataset`, or anything with ``__getitem__``, ``__len__``.
        batch_size: Samples per batch; None: single samples, not collated. Default: 1.
        shuffle: Use a new random order in each pass. Default: False.
        sampler: Indices of samples, in the order to take; excludes `shuffle`.
        batch_sampler: Lists of indices; excludes all options above and `drop_last`.
        num_workers: Processes that make the batches; 0: the calling process makes them.
        collate_fn: Turns a list of samples into a batch. Default: `default_collate`.
        pin_memory, pin_memory_device: Have no effect on the CPU; warn, as in PyTorch.
        drop_last: Drop the last batch if it is incomplete. Default: False.
        timeout: Seconds to wait for a worker's batch. Default: 0, forever.
        worker_init_fn: Called in each worker with its index, after seeding.
        multiprocessing_context: How workers start: a multiprocessing context or its name.
            Default: what ``multiprocessing.set_start_method`` set; or "fork" where that is safe
            (Linux; from the main thread, while no other one computes), else "forkserver" or
            "spawn", which pickle the data set and need an ``if __name__ == "__main__"`` guard.
        generator: Source of the random order and the workers' seeds. Default: the global one.
        prefetch_factor: Batches that each worker prefetches. Default: 2.
        persistent_workers: Keep the workers and their data sets alive for the next pass.
        in_order: Whether to keep the order; False takes batches as they finish. Default: True.

    Raises: ValueError for options that exclude each other or are out of range. A pass re-raises a
    worker's exception, with its traceback; RuntimeError if a worker dies or times out.
    """

    def __init__(self, dataset: Dataset[T], batch_size: int | None = 1, shuffle: bool | None = None,
                 sampler: Sampler | Iterable | None = None,
                 batch_sampler: Sampler[list] | Iterable[list] | None = None, num_workers: int = 0,
                 collate_fn: Callable[[Any], Any] | None = None, pin_memory: bool = False,
                 drop_last: bool = False, timeout: float = 0,
                 worker_init_fn: Callable[[int], None] | None = None,
                 multiprocessing_context: Any = None, generator: Any = None, *,
                 prefetch_factor: int | None = None, persistent_workers: bool = False,
                 pin_memory_device: str = "", in_order: bool = True) -> None:  # fmt: skip
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        if num_workers and prefetch_factor is None:
            prefetch_factor = 2
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor, self.persistent_workers = prefetch_factor, persistent_workers
        self.multiprocessing_context = multiprocessing_context
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.in_order, self.generator, self.dataset = in_order, generator, dataset
        if isinstance(dataset, IterableDataset):
            if isinstance(dataset, IterDataPipe):
                self.dataset, shuffle = apply_shuffle_settings(dataset, shuffle), None
            _check_stream(shuffle, sampler, batch_sampler)
            sampler = _Endless()
        _check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            if shuffle:
                sampler = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]
            else:
                sampler = SequentialSampler(dataset)  # type: ignore[arg-type]
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler
        default = default_convert if batch_sampler is None else default_collate
        self.collate_fn = default if collate_fn is None else collate_fn
        self._iterator: WorkerBatches | None = None  # of persistent workers
        self._reported_length: int | None = None  # of a stream, once queried
        self.check_worker_number_rationality()
        self._is_ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_is_ready" in vars(self):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self) -> BaseContext | None:
        """The multiprocessing context that the user chose for starting workers, if any."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, given: Any) -> None:
        if given is not None:
            if self.num_workers == 0:
                raise ValueError(
                    "multiprocessing_context can only be used with multi-process loading "
                    f"(num_workers > 0), but got num_workers={self.num_workers}"
                )
            from torchlite.utils.data.starting import as_context  # imported late, as below

            given = as_context(given)
        self._context: BaseContext | None = given

    def check_worker_number_rationality(self) -> None:
        """Warn if there would be more workers than processors."""
        count = _usable_processors()
        if self.num_workers > count:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total. Our "
                f"suggested max number of worker in current system is {count}, which is smaller "
                "than what this DataLoader is going to create. Please be aware that excessive "
                "worker creation might get DataLoader running slow or even freeze, lower the "
                "worker number to avoid potential slowness/freeze if necessary.",
                stacklevel=3,
            )

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            return Batches(self)
        from torchlite.utils.data.workers import WorkerBatches  # takes 15 ms; few programs need it

        self.check_worker_number_rationality()
        if self._iterator is not None:
            self._iterator.restart(self)
            return self._iterator
        iterator = WorkerBatches(self)
        if self.persistent_workers:
            self._iterator = iterator
        return iterator

    def __len__(self) -> int:
        """The number of batches of one pass.

        Raises: TypeError if the data set has no length.
        """
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        count = self._reported_length = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_workers(count: int, timeout: float, prefetch: int | None, persistent: bool) -> None:
    if count < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if count == 0 and prefetch is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch is not None and prefetch < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent and count == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_stream(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, "
                f"but got {name}={value}"
            )


def _check_exclusive(
    batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                "and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
