"""Forward pre-hooks that each compute one parameter of a module."""

from __future__ import annotations

from typing import Any


def find(module: Any, kind: type, name: str, attribute: str = "name") -> int | None:
    """The key of the hook of class `kind` whose `attribute`, the parameter's name, is `name`."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, kind) and getattr(hook, attribute) == name:
            return key
    return None


def remove(module: Any, kind: type, name: str, missing: str, attribute: str = "name") -> None:
    """Undo and remove the hook that `find` returns.

    Raises: ValueError with the message `missing` if there is none.
    """
    key = find(module, kind, name, attribute)
    if key is None:
        raise ValueError(missing)
    module._forward_pre_hooks[key].remove(module)
    del module._forward_pre_hooks[key]
