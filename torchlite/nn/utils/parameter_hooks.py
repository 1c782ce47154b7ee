"""Hooks before the forward of a module, each of which computes one of its parameters."""

from __future__ import annotations

from typing import Any


def find(module: Any, kind: type, name: str, attribute: str = "name") -> int | None:
    """The number of the hook of class `kind` whose `attribute`, its parameter, is `name`."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, kind) and getattr(hook, attribute) == name:
            return key
    return None


def remove(module: Any, kind: type, name: str, missing: str, attribute: str = "name") -> None:
    """Let the hook that `find` finds undo its work, and forget it.

    Raises: ValueError with the text `missing` if there is none.
    """
    key = find(module, kind, name, attribute)
    if key is None:
        raise ValueError(missing)
    module._forward_pre_hooks[key].remove(module)
    del module._forward_pre_hooks[key]
