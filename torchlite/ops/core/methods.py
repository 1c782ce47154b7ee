"""The one way onto `Tensor`: a function declares where it is defined that it is a method.

`operation` and the families (`torchlite.ops.core.family`) do so for public functions; `method` and
`attribute` are for what exists on tensors only.
"""

from __future__ import annotations

import inspect
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
    """Make the in-place form of `function` the method ``name_``, which has no ``out``."""
    form: Any = in_place(function, f"{name}_")
    signature = inspect.signature(function)
    first, *rest = signature.parameters.values()
    kept = [first.replace(name="self"), *(p for p in rest if p.name != "out")]
    form.__qualname__, form.__signature__ = f"Tensor.{name}_", signature.replace(parameters=kept)
    put(f"{name}_", form)


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
