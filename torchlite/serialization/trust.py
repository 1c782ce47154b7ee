"""Which functions and classes a file may name although it is loaded with ``weights_only``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BLOCKED_MODULES = ("sys", "os", "posix", "nt")  # nobody can allow anything of these
_allowed: set[Any] = set()


def add_safe_globals(safe_globals: list[Callable | tuple[Callable, str]]) -> None:
    """Let files name these functions and classes, call them and set the state of their objects.

    Args:
        safe_globals: What is allowed; ``(object, "module.name")`` where a file calls it otherwise
            than ``{__module__}.{__qualname__}``. Nothing of ``os`` and ``sys`` can be.
    """
    _allowed.update(safe_globals)


def get_safe_globals() -> list[Callable | tuple[Callable, str]]:
    """What `add_safe_globals` has added."""
    return list(_allowed)


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` has added."""
    _allowed.clear()


class safe_globals:
    """Context manager: `add_safe_globals` until its end."""

    def __init__(self, safe_globals: list[Callable | tuple[Callable, str]]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self._new = set(self.safe_globals) - _allowed
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exc: object) -> None:
        _allowed.difference_update(self._new)


def allowed_by_user() -> dict[str, Any]:
    """What is allowed, by the name that files use.

    Raises: ValueError or TypeError (as PyTorch) for an entry that is no pair of object and name.
    """
    named = {}
    for entry in _allowed:
        if not isinstance(entry, tuple):
            named[f"{entry.__module__}.{entry.__qualname__}"] = entry
            continue
        if len(entry) != 2:
            raise ValueError(
                "Expected tuple of length 2 (global, str of callable full path), but got tuple of "
                f"length: {len(entry)}"
            )
        if type(entry[1]) is not str:
            raise TypeError(
                "Expected second item in tuple to be str of callable full path, but got: "
                f"{type(entry[1])}"
            )
        named[entry[1]] = entry[0]
    return named
