"""Pipes of maps. Each is also a method of any map: ``pipe.map(f)`` is ``Mapper(pipe, f)``."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torchlite.utils.data.datapipes.datapipe import (
    DataChunk,
    IterDataPipe,
    MapDataPipe,
    check_pipes,
)
from torchlite.utils.data.datapipes.decorators import functional_datapipe
from torchlite.utils.data.datapipes.shuffling import Shuffling
from torchlite.utils.data.dataset import ConcatDataset

__all__ = ["Batcher", "Concater", "Mapper", "SequenceWrapper", "Shuffler", "Zipper"]


class SequenceWrapper(MapDataPipe):
    """The items of `sequence`; by default of a deep copy, if possible."""

    def __init__(self, sequence: Sequence[Any] | Mapping[Any, Any], deepcopy: bool = True) -> None:
        self.sequence = sequence
        if deepcopy:
            try:
                self.sequence = copy.deepcopy(sequence)
            except TypeError:
                warnings.warn(
                    "The input sequence can not be deepcopied, please be aware of in-place "
                    "modification would affect source data",
                    stacklevel=2,
                )

    def __getitem__(self, index: Any) -> Any:
        return self.sequence[index]

    def __len__(self) -> int:
        return len(self.sequence)


def _itself(sample: Any) -> Any:
    return sample


@functional_datapipe("map")
class Mapper(MapDataPipe):
    """``fn`` applied to each sample; by default the identity."""

    def __init__(self, datapipe: Any, fn: Callable = _itself) -> None:
        self.datapipe, self.fn = datapipe, fn

    def __getitem__(self, index: Any) -> Any:
        return self.fn(self.datapipe[index])

    def __len__(self) -> int:
        return len(self.datapipe)


@functional_datapipe("batch")
class Batcher(MapDataPipe):
    """Lists of `batch_size` samples, of class `wrapper_class`; the last may be shorter, or dropped.

    Raises: AssertionError (as PyTorch) if `batch_size` is not positive.
    """

    def __init__(self, datapipe: Any, batch_size: int, drop_last: bool = False,
                 wrapper_class: type[DataChunk] = DataChunk) -> None:  # fmt: skip
        if batch_size <= 0:
            raise AssertionError("Batch size is required to be larger than 0!")
        self.datapipe, self.batch_size, self.drop_last = datapipe, batch_size, drop_last
        self.wrapper_class = wrapper_class

    def __getitem__(self, index: int) -> DataChunk:
        if not 0 <= index < len(self):
            raise IndexError(f"Index {index} is out of bound.")
        stop = min((index + 1) * self.batch_size, len(self.datapipe))
        return self.wrapper_class(self.datapipe[i] for i in range(index * self.batch_size, stop))

    def __len__(self) -> int:
        count = len(self.datapipe)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


@functional_datapipe("concat")
class Concater(MapDataPipe):
    """The samples of all maps, one map after another."""

    def __init__(self, *datapipes: MapDataPipe) -> None:
        check_pipes(datapipes, MapDataPipe)
        self.datapipes = datapipes

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise IndexError(f"Index {index} is out of bound.")
        return ConcatDataset(self.datapipes)[index]

    def __len__(self) -> int:
        return sum(map(len, self.datapipes))  # type: ignore[arg-type]


@functional_datapipe("zip")
class Zipper(MapDataPipe):
    """Tuples of one sample from each map; as many as the shortest has."""

    def __init__(self, *datapipes: MapDataPipe) -> None:
        check_pipes(datapipes, MapDataPipe)
        self.datapipes = datapipes

    def __getitem__(self, index: Any) -> tuple:
        return tuple(pipe[index] for pipe in self.datapipes)

    def __len__(self) -> int:
        return min(map(len, self.datapipes))  # type: ignore[arg-type]


class Shuffler(Shuffling, IterDataPipe):
    """The samples of a map as a stream, in random order; `indices`: its keys, by default 0, 1..."""

    def __init__(self, datapipe: Any, *, indices: list | None = None) -> None:
        super().__init__()
        self.datapipe = datapipe
        self.indices = list(range(len(datapipe))) if indices is None else indices

    def __iter__(self) -> Iterator[Any]:
        order = self.indices
        if self._enabled:
            order = self._rng.sample(self.indices, len(self.indices))[::-1]
        for index in order:
            yield self.datapipe[index]

    def __len__(self) -> int:
        return len(self.datapipe)


MapDataPipe.register_datapipe_as_function("shuffle", Shuffler)  # though it is a stream
