"""Checks of the arguments of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SIMPLE = ("device", "dtype", "memory_format")


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """The keyword arguments of a layer that are passed on to functions creating tensors.

    They are ``device``, ``dtype`` and ``memory_format``, given directly or in a dict
    ``factory_kwargs``. Raises: TypeError for any other keyword, or one given twice.
    """
    kwargs = kwargs or {}
    unexpected = kwargs.keys() - {*_SIMPLE, "factory_kwargs"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    result = dict(kwargs.get("factory_kwargs", {}))
    for name in _SIMPLE:
        if name in kwargs and name in result:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
    return result | {name: kwargs[name] for name in _SIMPLE if name in kwargs}


def assert_int_or_pair(arg: int | Sequence[int], arg_name: str, message: str) -> None:
    """Raise AssertionError with `message`, its ``{}`` filled with `arg_name`, for anything else."""
    if not isinstance(arg, int) and len(arg) != 2:
        raise AssertionError(message.format(arg_name))
