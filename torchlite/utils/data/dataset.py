"""Data sets: samples by index (`Dataset`) or in a stream (`IterableDataset`)."""

from __future__ import annotations

import bisect
import math
import operator
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import Any, Generic, TypeVar

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.utils.data.sampler import permutation

T = TypeVar("T", covariant=True)


class Dataset(Generic[T]):
    """Samples by index: a subclass defines ``__getitem__`` and usually ``__len__``.

    If it also has ``__getitems__(indices)``, `DataLoader` uses it to fetch a whole batch.
    """

    def __getitem__(self, index: Any) -> T:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T]):
    """Samples in a stream: a subclass defines ``__iter__``."""

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other: Dataset) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class Rows(Sequence):
    """The samples of a batch, stored as columns, so that `default_collate` has nothing to do.

    Otherwise it acts as a sequence of tuples, one per sample.
    """

    __slots__ = ("columns",)

    def __init__(self, columns: tuple[Tensor, ...]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return tuple(column[index] for column in self.columns)


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Row i of each tensor is sample i. Shape: tensors ``(N, *)`` -> samples ``(*)``.

    Raises: AssertionError (as PyTorch) if the tensors differ in N.
    """

    def __init__(self, *tensors: Tensor) -> None:
        if any(t.size(0) != tensors[0].size(0) for t in tensors):
            raise AssertionError(
                "Size mismatch between tensors\n"
                f"All need the same first size, got {[t.size(0) for t in tensors]}."
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[tuple[Tensor, ...]]:
        """Samples `indices`, taken from each tensor at once."""
        rows = _row_numbers(indices, len(self))
        return Rows(tuple([_rows(t, rows) for t in self.tensors]))

    def __len__(self) -> int:
        return self.tensors[0].size(0)


def _row_numbers(indices: Sequence[int], count: int) -> Any:
    """`indices` as an array of row numbers below `count`; negative ones count from the end.

    Raises: IndexError (as PyTorch) if one is out of range.
    """
    numbers = list(map(operator.index, indices))
    if numbers and not 0 <= min(numbers) <= max(numbers) < count:
        for i, number in enumerate(numbers):
            if not -count <= number < count:
                raise IndexError(
                    f"index {number} is out of bounds for dimension 0 with size {count}"
                )
            numbers[i] = number % count
    xp: Any = current()
    return xp.array(numbers, dtypes.int64)


def _rows(t: Tensor, numbers: Any) -> Tensor:
    xp: Any = current()
    if t.requires_grad:  # so the batch is part of a graph
        return t[wrap(numbers)]
    return wrap(xp.take(t._data, numbers, 0))


class StackDataset(Dataset):
    """Sample i combines sample i of each data set, in a tuple, or in a dict if they have names.

    Raises: ValueError for no data sets, for both forms at once, or for different lengths.
    """

    datasets: tuple | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like "
                "input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        lengths = [len(d) for d in self._parts()]
        if len(set(lengths)) > 1:
            raise ValueError(f"Size mismatch between datasets\nTheir lengths are {lengths}.")
        self._length = lengths[0]

    def _parts(self) -> Iterable[Any]:
        return self.datasets.values() if isinstance(self.datasets, dict) else self.datasets

    def _sample(self, parts: Iterable[Any]) -> Any:
        return dict(zip(self.datasets, parts)) if isinstance(self.datasets, dict) else tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        return self._sample(d[index] for d in self._parts())

    def __getitems__(self, indices: list) -> list:
        """Samples `indices`, using the ``__getitems__`` of those data sets that have it."""
        columns = []
        for d in self._parts():
            column = _fetch(d, indices)
            if len(column) != len(indices):
                raise ValueError(
                    "Nested dataset's output size mismatch. "
                    f"Expected {len(indices)}, got {len(column)}"
                )
            columns.append(column)
        return [self._sample(parts) for parts in zip(*columns)]

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T]):
    """The samples of all data sets, one after another.

    Raises: AssertionError (as PyTorch) for no data sets, or for one that is a stream.
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T:
        if index < -len(self):
            raise ValueError("absolute value of index should not exceed dataset length")
        if index < 0:
            index += len(self)
        i = min(bisect.bisect_right(self.cumulative_sizes, index), len(self.datasets) - 1)
        return self.datasets[i][index - (self.cumulative_sizes[i - 1] if i else 0)]


class ChainDataset(IterableDataset):
    """The samples of all streams, one stream after another."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        super().__init__()
        self.datasets = datasets

    def _checked(self) -> Iterator[IterableDataset]:
        for d in self.datasets:
            if not isinstance(d, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield d

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self._checked())

    def __len__(self) -> int:
        return sum(map(len, self._checked()))  # type: ignore[arg-type]


class Subset(Dataset[T]):
    """The samples of `dataset` at `indices`, in that order."""

    def __init__(self, dataset: Dataset[T], indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> T:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> Sequence[T]:
        """Samples `indices`, using the ``__getitems__`` of the data set if it has one."""
        return _fetch(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def _fetch(dataset: Any, indices: Sequence[int]) -> Sequence:
    """Samples `indices` of `dataset`, in one call if it supports that."""
    fetch = getattr(dataset, "__getitems__", None)
    return fetch(indices) if fetch else [dataset[i] for i in indices]


def random_split(
    dataset: Dataset[T], lengths: Sequence[int | float], generator: Any = None
) -> list[Subset[T]]:
    """Split `dataset` at random into subsets of `lengths`, or of these fractions if they sum to 1.

    Samples left over by rounding fractions down go to the first subsets, one each.
    `generator` defaults to the global one.
    Raises: ValueError if the lengths do not sum to that of the data set.
    """
    count = len(dataset)  # type: ignore[arg-type]
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _from_fractions(count, lengths)
    if sum(lengths) != count:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    numbers = iter(permutation(generator, count))
    return [Subset(dataset, list(islice(numbers, int(length)))) for length in lengths]


def _from_fractions(count: int, fractions: Sequence[float]) -> list[int]:
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
    lengths = [math.floor(count * fraction) for fraction in fractions]
    for i in range(count - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths
