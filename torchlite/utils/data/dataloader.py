"""DataLoader: batches of a data set, in the order of a sampler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any, Generic, TypeVar

from torchlite.utils.data.collate import default_collate, default_convert
from torchlite.utils.data.dataset import Dataset, IterableDataset
from torchlite.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    draw_seed,
)

T = TypeVar("T", covariant=True)
_FIXED = ("dataset", "batch_size", "batch_sampler", "sampler", "drop_last", "persistent_workers")


def get_worker_info() -> None:
    """What a worker process knows about itself; None in the main process, as here always."""


class _Endless(Sampler[None]):
    """The numbers of a stream's samples, which nobody asks for."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


class DataLoader(Generic[T]):
    """Iterate over `dataset` in batches; the order for a seed is PyTorch's.

    Args:
        dataset: A `Dataset`, an `IterableDataset`, or anything with ``__getitem__``, ``__len__``.
        batch_size: Samples a batch; None: single samples, not collated. Default: 1.
        shuffle: A new random order each pass. Default: False.
        sampler: Numbers of samples, in the order to take; excludes `shuffle`.
        batch_sampler: Lists of numbers; excludes all options above and `drop_last`.
        num_workers: Must be 0: batches are made by the process that asks for them.
        collate_fn: Makes a batch of a list of samples. Default: `default_collate`.
        pin_memory, pin_memory_device, in_order: Accepted; they mean nothing on the CPU.
        drop_last: Leave out a last batch that is not full. Default: False.
        timeout, worker_init_fn, multiprocessing_context, prefetch_factor, persistent_workers: Of
            worker processes.
        generator: Source of random order. Default: the global one.

    Raises: ValueError for options that exclude each other or are out of range;
    NotImplementedError for worker processes.
    """

    def __init__(
        self,
        dataset: Dataset[T],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(
            num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context
        )
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor, self.persistent_workers = prefetch_factor, persistent_workers
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.in_order, self.generator, self.dataset = in_order, generator, dataset
        if isinstance(dataset, IterableDataset):
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
        self._is_ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_is_ready" in vars(self):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        return _Batches(self)

    def __len__(self) -> int:
        """The number of batches of one pass.

        Raises: TypeError if the data set has no length.
        """
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        count = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler


class _Batches:
    """One pass over the batches of a loader."""

    def __init__(self, loader: DataLoader) -> None:
        self._indices = iter(loader._index_sampler)
        self._length = loader.__len__
        # would seed the workers; drawn in any case, so that a seed gives PyTorch's order
        self._base_seed = draw_seed(loader.generator)
        self._dataset, self._collate, self._drop_last = (
            loader.dataset, loader.collate_fn, loader.drop_last,
        )  # fmt: skip
        batched = loader.batch_sampler is not None
        self._fetch: Callable[[Any], Any]
        if isinstance(loader.dataset, IterableDataset):
            self._stream = iter(loader.dataset)
            self._fetch = self._next_batch if batched else self._next_sample
        elif not batched:
            self._fetch = loader.dataset.__getitem__
        else:
            self._fetch = getattr(loader.dataset, "__getitems__", None) or self._samples

    def __iter__(self) -> _Batches:
        return self

    def __len__(self) -> int:
        return self._length()

    def __next__(self) -> Any:
        return self._collate(self._fetch(next(self._indices)))

    def _samples(self, indices: list) -> list:
        dataset = self._dataset
        return [dataset[i] for i in indices]

    def _next_sample(self, _: None) -> Any:
        return next(self._stream)

    def _next_batch(self, wanted: list[None]) -> list:
        samples = [sample for _, sample in zip(wanted, self._stream)]
        if not samples or (self._drop_last and len(samples) < len(wanted)):
            raise StopIteration
        return samples


def _check_workers(
    count: int, timeout: float, prefetch: int | None, persistent: bool, context: Any
) -> None:
    if count < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if count > 0:
        raise NotImplementedError(
            f"DataLoader: num_workers={count} is not supported; use num_workers=0"
        )
    if prefetch is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if persistent:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if context is not None:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={count}"
        )


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
