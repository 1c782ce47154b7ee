"""Pipes that combine several streams."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from torchlite.utils.data.datapipes.datapipe import IterDataPipe, check_pipes
from torchlite.utils.data.datapipes.decorators import functional_datapipe


@functional_datapipe("concat")
class Concater(IterDataPipe):
    """The samples of all streams, one stream after another."""

    def __init__(self, *datapipes: IterDataPipe) -> None:
        check_pipes(datapipes, IterDataPipe)
        self.datapipes = datapipes

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.datapipes)

    def __len__(self) -> int:
        return sum(map(len, self.datapipes))  # type: ignore[arg-type]


@functional_datapipe("zip")
class Zipper(IterDataPipe):
    """Tuples of one sample from each stream, until the shortest ends."""

    def __init__(self, *datapipes: IterDataPipe) -> None:
        check_pipes(datapipes, IterDataPipe)
        self.datapipes = datapipes

    def __iter__(self) -> Iterator[tuple]:
        return zip(*self.datapipes)

    def __len__(self) -> int:
        return min(map(len, self.datapipes))  # type: ignore[arg-type]


@functional_datapipe("mux")
class Multiplexer(IterDataPipe):
    """One sample from each stream in turn, until the shortest ends."""

    def __init__(self, *datapipes: IterDataPipe) -> None:
        self.datapipes = datapipes

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(zip(*self.datapipes))

    def __len__(self) -> int:
        return min(map(len, self.datapipes)) * len(self.datapipes)  # type: ignore[arg-type]
