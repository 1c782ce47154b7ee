"""Samplers: the order in which a `DataLoader` asks for samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.ops.creation.factories import as_tensor
from torchlite.random import Generator, default_generator

T = TypeVar("T", covariant=True)
_DRAWN_AT_ONCE = 32  # with replacement; affects the order that a seed gives


class Sampler(Generic[T]):
    """The base of samplers: a subclass defines ``__iter__`` and usually ``__len__``."""

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... up to the length of `data_source`."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices of `data_source` in random order.

    Args:
        data_source: Anything with a length.
        replacement: Draw each index independently. Default: False.
        num_samples: How many to draw. Default: the length.
        generator: Default: a new one for each pass, seeded from the global one.

    Raises: ValueError if there is nothing to draw; TypeError if `replacement` is not a bool.
    """

    def __init__(self, data_source: Sized, replacement: bool = False,
                 num_samples: int | None = None, generator: Any = None) -> None:  # fmt: skip
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        _check_count("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices a pass draws."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._runs())

    def _runs(self) -> Iterator[list[int]]:
        n, count = len(self.data_source), self.num_samples
        generator = self.generator or Generator().manual_seed(draw_seed())
        if self.replacement:
            for start in range(0, count, _DRAWN_AT_ONCE):
                yield _integers(generator, n, min(_DRAWN_AT_ONCE, count - start))
            return
        for _ in range(count // n):
            yield permutation(generator, n)
        if count % n or self.generator:  # PyTorch always draws, which advances the user's generator
            yield permutation(generator, n)[: count % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """`indices` in random order. `generator` defaults to the global one."""

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in permutation(self.generator, len(self.indices)):
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, drawn with probabilities proportional to `weights`.

    Args:
        weights: Non-negative numbers (N,), which need not sum to 1.
        num_samples: How many to draw.
        replacement: Whether an index may be drawn again. Default: True.
        generator: Default: the global one.
    """

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True,
                 generator: Any = None) -> None:  # fmt: skip
        _check_count("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        numbers = as_tensor(weights, dtype=dtypes.float64)
        if numbers.dim() != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(numbers.shape)}"
            )
        self.weights, self.num_samples = numbers, num_samples
        self.replacement, self.generator = replacement, generator

    def __iter__(self) -> Iterator[int]:
        drawn = self.weights.multinomial(
            self.num_samples, self.replacement, generator=self.generator
        )
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list]):
    """Lists of `batch_size` indices from `sampler`; the last may be shorter, or is dropped.

    Raises: ValueError unless `batch_size` is a positive int and `drop_last` a bool.
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        _check_count("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list]:
        numbers = iter(self.sampler)
        shortest = self.batch_size if self.drop_last else 1
        while len(batch := list(islice(numbers, self.batch_size))) >= shortest:
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def draw_seed(generator: Any = None) -> int:
    """A random 63-bit seed from `generator`; default: the global one."""
    xp: Any = current()
    return xp.item(xp.asarray(xp.random_bits(_engine(generator), (), dtypes.int64)))


def permutation(generator: Any, n: int) -> list[int]:
    """The numbers below `n` in random order; a `generator` of None is the global one."""
    xp: Any = current()
    return xp.tolist(xp.random_permutation(_engine(generator), n))


def _integers(generator: Any, n: int, count: int) -> list[int]:
    xp: Any = current()
    return xp.tolist(xp.random_integers(_engine(generator), (count,), dtypes.int64, 0, n))


def _engine(generator: Any) -> Any:
    return (default_generator if generator is None else generator).engine


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")
