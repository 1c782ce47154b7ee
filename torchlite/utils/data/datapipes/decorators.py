"""Decorators of data pipes: for method names, determinism and the types of samples."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from torchlite.utils.data.datapipes.datapipe import IterDataPipe, MapDataPipe


class _Switches:
    determinism = False
    validation = True


_switches = _Switches()


class functional_datapipe:
    """Make ``pipe.name(...)`` construct the decorated class: ``@functional_datapipe(name)``.

    `enable_df_api_tracing` is accepted: there are no pipes of data frames to trace.
    """

    def __init__(self, name: str, enable_df_api_tracing: bool = False) -> None:
        self.name, self.enable_df_api_tracing = name, enable_df_api_tracing

    def __call__(self, cls: Any) -> Any:
        kind = getattr(cls, "cls", cls)  # the class that `non_deterministic` decorated
        if not (isinstance(kind, type) and issubclass(kind, (IterDataPipe, MapDataPipe))):
            raise TypeError("`functional_datapipe` can only decorate IterDataPipe")
        base = IterDataPipe if issubclass(kind, IterDataPipe) else MapDataPipe
        base.register_datapipe_as_function(self.name, cls)
        return cls


class guaranteed_datapipes_determinism:
    """Reject `non_deterministic` pipes from now on; as a context manager, inside the block only."""

    def __init__(self) -> None:
        self.prev = _switches.determinism
        _switches.determinism = True

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        _switches.determinism = self.prev


class non_deterministic:
    """Mark a pipe whose order varies between passes, perhaps depending on its arguments.

    Example: ``@non_deterministic`` or ``@non_deterministic(lambda *args: True)``
    Raises: TypeError if such a pipe is created under `guaranteed_datapipes_determinism`.
    """

    def __init__(self, arg: type[IterDataPipe] | Callable[..., bool]) -> None:
        self.cls: type[IterDataPipe] | None = None
        self.deterministic_fn: Callable[..., bool] | None = None
        if isinstance(arg, type):
            self._decorate(arg)
        elif callable(arg):
            self.deterministic_fn = arg
        else:
            raise TypeError(f"{arg} can not be decorated by non_deterministic")

    def _decorate(self, cls: Any) -> None:
        if not (isinstance(cls, type) and issubclass(cls, IterDataPipe)):
            raise TypeError(
                "Only `IterDataPipe` can be decorated with `non_deterministic`, but "
                f"{cls.__name__} is found"
            )
        self.cls = cls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.cls is None:
            self._decorate(args[0])
            return self
        if _switches.determinism and self._applies(args, kwargs):
            raise TypeError(
                f"{self.cls.__name__} is non-deterministic, but you set "
                "'guaranteed_datapipes_determinism'. You can turn off determinism for this "
                "DataPipe if that is acceptable for your application"
            )
        return self.cls(*args, **kwargs)

    def _applies(self, args: tuple, kwargs: dict) -> bool:
        if self.deterministic_fn is None:
            return True
        answer = self.deterministic_fn(*args, **kwargs)
        if not isinstance(answer, bool):
            raise TypeError(
                "deterministic_fn of `non_deterministic` decorator is required to return a "
                f"boolean value, but {type(answer)} is found"
            )
        return answer


class runtime_validation_disabled:
    """Switch `runtime_validation` off; as a context manager, inside the block only."""

    def __init__(self) -> None:
        self.prev = _switches.validation
        _switches.validation = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        _switches.validation = self.prev


def argument_validation(f: Callable) -> Callable:
    """Make a function raise TypeError if an argument annotated as a pipe is not of that class."""
    signature, hints = inspect.signature(f), typing.get_type_hints(f)

    @wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            kind: Any = typing.get_origin(hints.get(name)) or hints.get(name)
            is_pipe = isinstance(kind, type) and issubclass(kind, IterDataPipe)
            if is_pipe and not isinstance(value, kind):
                raise TypeError(
                    f"Expected argument '{name}' as a {kind.__name__}, but found {type(value)}"
                )
        return f(*args, **kwargs)

    return wrapper


def runtime_validation(f: Callable) -> Callable:
    """Make ``__iter__`` raise RuntimeError if a sample's type does not match its type hint.

    Example: ``def __iter__(self) -> Iterator[tuple[int, str]]: ...``
    """
    if f.__name__ != "__iter__":
        raise TypeError(f"Can not decorate function {f.__name__} with 'runtime_validation'")
    hint: Any = (typing.get_args(typing.get_type_hints(f).get("return")) or (Any,))[0]

    @wraps(f)
    def wrapper(self: Any) -> Iterator[Any]:
        for sample in f(self):
            if _switches.validation and not _is_of(sample, hint):
                raise RuntimeError(
                    f"Expected an instance as subtype of {hint}, but found {sample}({type(sample)})"
                )
            yield sample

    return wrapper


def _is_of(value: Any, hint: Any) -> bool:
    """Whether `value` is of type `hint`; the types of items are checked for tuples only."""
    parts: tuple = typing.get_args(hint)
    kind: Any = typing.get_origin(hint) or hint
    if kind in (typing.Union, types.UnionType):
        return any(_is_of(value, part) for part in parts)
    if not isinstance(kind, type):
        return True  # Any, a type variable
    fits = isinstance(value, kind)
    if not fits or kind is not tuple or not parts or Ellipsis in parts:
        return fits
    return len(value) == len(parts) and all(map(_is_of, value, parts))
