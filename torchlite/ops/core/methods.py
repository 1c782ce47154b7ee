"""The one way onto `Tensor`: a function declares where it is defined that it is a method.

`operation` and the families (`torchlite.ops.core.family`) do so for public functions; `method` and
`attribute` are for what exists on tensors only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torchlite.core.tensor import Tensor
from torchlite.ops.core.inplace import in_place

F = TypeVar("F", bound=Callable)
#: Everything added to `Tensor` outside its class body, by name.
METHODS: dict[str, Any] = {}


def put(name: str, value: Any) -> None:
    """Make `value` an attribute of `Tensor`. Raises: ValueError if `name` is taken."""
    if name in METHODS:
        raise ValueError(f"Tensor.{name} is defined twice: {METHODS[name]} and {value}")
    METHODS[name] = value
    setattr(Tensor, name, value)


def put_in_place(function: Callable, name: str) -> None:
    """Add the in-place form of `function` as the method ``name_``."""
    put(f"{name}_", in_place(function, f"{name}_"))


def method(name: str | None = None) -> Callable[[F], F]:
    """Decorator: a function ``(self, ...)`` becomes the method `name`. Default: its own name."""

    def decorate(function: F) -> F:
        put(name or function.__name__, function)
        return function

    return decorate


def attribute(name: str | None = None) -> Callable[[F], F]:
    """Decorator: a function ``(self)`` becomes the property `name`. Default: its own name."""

    def decorate(function: F) -> F:
        put(name or function.__name__, property(function))
        return function

    return decorate


def alias(name: str, function: F) -> F:
    """Add `function`, and its in-place form if any, as methods called `name`; return `function`."""
    put(name, function)
    form = METHODS.get(f"{function.__name__}_")
    if form is not None:
        put(f"{name}_", form)
    return function


__all__ = ["METHODS", "alias", "attribute", "method", "put", "put_in_place"]
