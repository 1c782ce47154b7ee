"""Functions and classes that a file may refer to even when loaded with ``weights_only``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BLOCKED_MODULES = ("sys", "os", "posix", "nt")  # nothing in these can be allowed
_allowed: set[Any] = set()


def add_safe_globals(safe_globals: list[Callable | tuple[Callable, str]]) -> None:
    """Allow files to refer to these functions and classes, call them and set their objects' state.

    Args:
        safe_globals: The objects; ``(object, "module.name")`` if files use a name other than
            ``{__module__}.{__qualname__}``. Nothing from ``os`` or ``sys`` can be allowed.
    """
    _allowed.update(safe_globals)


def get_safe_globals() -> list[Callable | tuple[Callable, str]]:
    """The objects added by `add_safe_globals`."""
    return list(_allowed)


def clear_safe_globals() -> None:
    """Remove the objects added by `add_safe_globals`."""
    _allowed.clear()


class safe_globals:
    """Context manager: `add_safe_globals` inside the block."""

    def __init__(self, safe_globals: list[Callable | tuple[Callable, str]]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self._new = set(self.safe_globals) - _allowed
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exc: object) -> None:
        _allowed.difference_update(self._new)


def allowed_by_user() -> dict[str, Any]:
    """The allowed objects, by the names that files use.

    Raises: ValueError or TypeError (as PyTorch) for a tuple that is not an (object, name) pair.
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
