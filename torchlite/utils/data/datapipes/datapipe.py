"""The bases of data pipes, i.e. chainable data sets: ``IterableWrapper(x).map(f).batch(3)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from typing import Any, TypeVar

from torchlite.utils.data.dataset import Dataset, IterableDataset

T = TypeVar("T", covariant=True)


class DataChunk(list):
    """A batch made by a pipe: a list."""

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__(items)
        self.items = list(self)

    def as_str(self, indent: str = "") -> str:
        """``[a, b, c]`` after `indent`."""
        return f"{indent}[{', '.join(map(str, self))}]"

    def raw_iterator(self) -> Iterator[Any]:
        """The items, even if a subclass overrides ``__iter__``."""
        return iter(self.items)


class _Functional:
    """Registered pipes as methods: ``pipe.name(...)`` is ``kind(pipe, ...)``."""

    functions: dict[str, Callable] = {}

    @classmethod
    def register_function(cls, function_name: str, function: Callable) -> None:
        """Make ``pipe.function_name(...)`` call ``function(pipe, ...)``."""
        cls.functions[function_name] = function

    @classmethod
    def register_datapipe_as_function(
        cls, function_name: str, cls_to_register: Any, enable_df_api_tracing: bool = False
    ) -> None:
        """Like `register_function`, but raises Exception (as PyTorch) for a name that is taken."""
        if function_name in cls.functions:
            raise Exception(
                f"Unable to add DataPipe function name {function_name} as it is already taken"
            )
        cls.functions[function_name] = cls_to_register

    def __getattr__(self, name: str) -> Any:
        if name not in self.functions:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return partial(self.functions[name], self)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.functions]

    def __repr__(self) -> str:
        return type(self).__qualname__


class IterDataPipe(_Functional, IterableDataset[T]):
    """A stream of samples: a subclass defines ``__iter__``.

    Only the newest iterator over a pipe is valid: the first sample from a new one calls `reset`,
    and older ones raise RuntimeError.
    """

    functions: dict[str, Callable] = {}
    _iterations = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__iter__" in vars(cls) and not hasattr(cls, "__next__"):
            cls.__iter__ = _only_newest(cls.__iter__)  # type: ignore[method-assign]

    def __iter__(self) -> Iterator[T]:
        return self  # type: ignore[return-value]  # for a subclass that has __next__

    def reset(self) -> None:
        """Called when an iteration begins; subclasses clear their buffers here."""


class DFIterDataPipe(IterDataPipe):
    """The base class of pipes of data frames."""


class MapDataPipe(_Functional, Dataset[T]):
    """Samples by key: a subclass defines ``__getitem__`` and usually ``__len__``."""

    functions: dict[str, Callable] = {}


def _only_newest(iterate: Callable) -> Callable:
    @wraps(iterate)
    def samples(self: IterDataPipe) -> Iterator[Any]:
        self._iterations += 1
        number = self._iterations
        self.reset()
        for sample in iterate(self):
            yield sample
            if self._iterations != number:
                raise RuntimeError(
                    "This iterator has been invalidated because another iterator has been created "
                    f"from the same IterDataPipe: {self!r}"
                )

    return samples


def check_pipes(datapipes: tuple, kind: type) -> None:
    """Raise ValueError if there are no pipes, TypeError if any is not of class `kind`."""
    if not datapipes:
        raise ValueError("Expected at least one DataPipe, but got nothing")
    if not all(isinstance(pipe, kind) for pipe in datapipes):
        raise TypeError(f"Expected all inputs to be `{kind.__name__}`")
