"""Pipes of streams. Each is also a method of any stream: ``pipe.map(f)`` is ``Mapper(pipe, f)``."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from itertools import islice
from typing import Any

from torchlite.utils.data.collate import default_collate
from torchlite.utils.data.datapipes.combining import Concater, Multiplexer, Zipper
from torchlite.utils.data.datapipes.datapipe import DataChunk, IterDataPipe
from torchlite.utils.data.datapipes.decorators import functional_datapipe
from torchlite.utils.data.datapipes.shuffling import Shuffling
from torchlite.utils.data.sampler import SequentialSampler

__all__ = [
    "Batcher", "Collator", "Concater", "Filter", "IterableWrapper", "Mapper", "Multiplexer",
    "Sampler", "ShardingFilter", "Shuffler", "UnBatcher", "Zipper",
]  # fmt: skip


class IterableWrapper(IterDataPipe):
    """The items of `iterable`; by default of a deep copy, if possible."""

    def __init__(self, iterable: Iterable[Any], deepcopy: bool = True) -> None:
        self.iterable, self.deepcopy = iterable, deepcopy

    def __iter__(self) -> Iterator[Any]:
        source = self.iterable
        if self.deepcopy:
            try:
                source = copy.deepcopy(self.iterable)
            except TypeError:
                warnings.warn(
                    "The input iterable can not be deepcopied, please be aware of in-place "
                    "modification would affect source data.",
                    stacklevel=2,
                )
        yield from source

    def __len__(self) -> int:
        return len(self.iterable)  # type: ignore[arg-type]


def _applied(function: Callable, sample: Any, columns: Any) -> Any:
    """`function` applied to `sample`, to one of its columns, or to several."""
    if columns is None:
        return function(sample)
    if isinstance(columns, (list, tuple)):
        return function(*(sample[column] for column in columns))
    return function(sample[columns])


@functional_datapipe("map")
class Mapper(IterDataPipe):
    """``fn`` applied to each sample.

    Args:
        datapipe: The samples.
        fn: The function to apply.
        input_col: Pass only this column, or these (as several arguments). Default: the sample.
        output_col: Where to put the result: a column, or -1 to append it. Default: where the
            first input was; the other inputs are removed.

    Raises: ValueError for an `output_col` without `input_col`, or for several.
    """

    def __init__(
        self, datapipe: Iterable[Any], fn: Callable, input_col: Any = None, output_col: Any = None
    ) -> None:
        if input_col is None and output_col is not None:
            raise ValueError("`output_col` must be None when `input_col` is None.")
        if isinstance(output_col, (list, tuple)):
            if len(output_col) > 1:
                raise ValueError("`output_col` must be a single-element list or tuple")
            output_col = output_col[0]
        self.datapipe, self.fn = datapipe, fn
        self.input_col, self.output_col = input_col, output_col

    def __iter__(self) -> Iterator[Any]:
        for sample in self.datapipe:
            result = _applied(self.fn, sample, self.input_col)
            yield result if self.input_col is None else self._placed(sample, result)

    def _placed(self, sample: Any, result: Any) -> Any:
        columns = list(sample) if isinstance(sample, tuple) else sample
        if self.output_col == -1:
            columns.append(result)
        elif self.output_col is not None:
            columns[self.output_col] = result
        elif isinstance(self.input_col, (list, tuple)):
            first, *others = self.input_col
            columns[first] = result
            for column in sorted(others, reverse=True):
                del columns[column]
        else:
            columns[self.input_col] = result
        return tuple(columns) if isinstance(sample, tuple) else columns

    def __len__(self) -> int:
        return len(self.datapipe)  # type: ignore[arg-type]


@functional_datapipe("collate")
class Collator(Mapper):
    """Collates each sample, itself a list of samples, using the function `conversion`."""

    def __init__(self, datapipe: Iterable[Any], conversion: Callable[..., Any] = default_collate,
                 collate_fn: Callable | None = None) -> None:  # fmt: skip
        super().__init__(datapipe, collate_fn or conversion)


@functional_datapipe("filter")
class Filter(IterDataPipe):
    """The samples for which `filter_fn`, applied to the columns `input_col`, is true.

    Raises: ValueError if it returns anything but a bool.
    """

    def __init__(self, datapipe: Iterable[Any], filter_fn: Callable, input_col: Any = None) -> None:
        self.datapipe, self.filter_fn, self.input_col = datapipe, filter_fn, input_col

    def __iter__(self) -> Iterator[Any]:
        for sample in self.datapipe:
            keep = _applied(self.filter_fn, sample, self.input_col)
            if not isinstance(keep, bool):
                raise ValueError(
                    "Boolean output is required for `filter_fn` of FilterIterDataPipe, got "
                    f"{type(keep)}"
                )
            if keep:
                yield sample


@functional_datapipe("batch")
class Batcher(IterDataPipe):
    """Lists of `batch_size` samples, of class `wrapper_class`; the last may be shorter, or dropped.

    Raises: AssertionError (as PyTorch) if `batch_size` is not positive.
    """

    def __init__(self, datapipe: Iterable[Any], batch_size: int, drop_last: bool = False,
                 wrapper_class: type[DataChunk] = DataChunk) -> None:  # fmt: skip
        if batch_size <= 0:
            raise AssertionError("Batch size is required to be larger than 0!")
        self.datapipe, self.batch_size, self.drop_last = datapipe, batch_size, drop_last
        self.wrapper_class = wrapper_class

    def __iter__(self) -> Iterator[DataChunk]:
        samples = iter(self.datapipe)
        shortest = self.batch_size if self.drop_last else 1
        while len(batch := list(islice(samples, self.batch_size))) >= shortest:
            yield self.wrapper_class(batch)

    def __len__(self) -> int:
        count = len(self.datapipe)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


@functional_datapipe("unbatch")
class UnBatcher(IterDataPipe):
    """The items of nested lists, flattened by `unbatch_level` levels; -1: by all.

    Raises: ValueError for a lower level; IndexError for more levels than there are.
    """

    def __init__(self, datapipe: Iterable[Any], unbatch_level: int = 1) -> None:
        self.datapipe, self.unbatch_level = datapipe, unbatch_level

    def __iter__(self) -> Iterator[Any]:
        if self.unbatch_level < -1:
            raise ValueError("unbatch_level must be -1 or >= 0")
        for sample in self.datapipe:
            yield from self._items(sample, self.unbatch_level)

    def _items(self, sample: Any, level: int) -> Iterator[Any]:
        if isinstance(sample, list) and level:
            for item in sample:
                yield from self._items(item, max(level - 1, -1))
        elif level > 0:
            text = f"unbatch_level {self.unbatch_level} exceeds the depth of the DataPipe"
            raise IndexError(text)
        else:
            yield sample


@functional_datapipe("shuffle")
class Shuffler(Shuffling, IterDataPipe):
    """The samples in random order: each is drawn from a buffer, which the next one refills.

    Args:
        datapipe: The samples.
        buffer_size: How many to choose from; a uniform shuffle needs room for all samples.
        unbatch_level: Levels to flatten first, as `UnBatcher` does.

    Raises: AssertionError (as PyTorch) if `buffer_size` is not positive.
    """

    def __init__(
        self, datapipe: Iterable[Any], *, buffer_size: int = 10000, unbatch_level: int = 0
    ) -> None:
        super().__init__()
        if buffer_size <= 0:
            raise AssertionError("buffer_size should be larger than 0")
        self.datapipe = UnBatcher(datapipe, unbatch_level) if unbatch_level else datapipe
        self.buffer_size = buffer_size

    def __iter__(self) -> Iterator[Any]:
        if not self._enabled:
            yield from self.datapipe
            return
        samples = iter(self.datapipe)
        buffer = list(islice(samples, self.buffer_size))
        for sample in samples:
            i = self._rng.randint(0, len(buffer) - 1)
            chosen, buffer[i] = buffer[i], sample
            yield chosen
        while buffer:
            yield buffer.pop(self._rng.randint(0, len(buffer) - 1))

    def __len__(self) -> int:
        return len(self.datapipe)  # type: ignore[arg-type]


class SHARDING_PRIORITIES(IntEnum):
    """What samples are split between: machines, processes of one machine, or either (default)."""

    DEFAULT = 1
    DISTRIBUTED = 2
    MULTIPROCESSING = 3


@functional_datapipe("sharding_filter")
class ShardingFilter(IterDataPipe):
    """Every n-th sample, for one of n workers; `DataLoader` workers call `apply_sharding`.

    `sharding_group_filter`: use the shards of this group only.
    """

    def __init__(self, source_datapipe: Iterable[Any], sharding_group_filter: Any = None) -> None:
        self.source_datapipe = source_datapipe
        self.sharding_group_filter = sharding_group_filter
        self.groups: dict[Any, tuple[int, int]] = {}

    def apply_sharding(self, num_of_instances: int, instance_id: int,
                       sharding_group: Any = SHARDING_PRIORITIES.DEFAULT) -> None:  # fmt: skip
        """Make this instance `instance_id` of `num_of_instances` in the given group.

        Raises: ValueError if there are not that many; RuntimeError if groups mix with the default.
        """
        if instance_id >= num_of_instances:
            raise ValueError(
                f"instance_id({instance_id}) should be smaller than "
                f"num_of_instances({num_of_instances})"
            )
        default = SHARDING_PRIORITIES.DEFAULT
        if self.groups and (sharding_group == default) != (default in self.groups):
            raise RuntimeError("ShardingFilter cannot mix DEFAULT and non DEFAULT groups")
        self.groups[sharding_group] = (num_of_instances, instance_id)

    def _share(self) -> tuple[int, int]:
        """The number of instances, and the index of this one."""
        count, number = 1, 0
        for group in sorted(self.groups, reverse=True):
            if self.sharding_group_filter in (None, group):
                group_count, group_number = self.groups[group]
                number += count * group_number
                count *= group_count
        return count, number

    def __iter__(self) -> Iterator[Any]:
        count, number = self._share()
        return islice(self.source_datapipe, number, None, count)

    def __len__(self) -> int:
        count, number = self._share()
        return len(range(number, len(self.source_datapipe), count))  # type: ignore[arg-type]


class Sampler(IterDataPipe):
    """A sampler's items: ``sampler(*sampler_args, data_source=datapipe, **sampler_kwargs)``."""

    def __init__(self, datapipe: IterDataPipe, sampler: type = SequentialSampler,
                 sampler_args: tuple | None = None,
                 sampler_kwargs: dict | None = None) -> None:  # fmt: skip
        self.datapipe = datapipe
        options = {**(sampler_kwargs or {}), "data_source": datapipe}
        self.sampler = sampler(*(sampler_args or ()), **options)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)
