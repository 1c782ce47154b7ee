"""Hooks that are called whenever a module gets a parameter, a buffer or a submodule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.core.tensor import RemovableHandle

_hooks: dict[str, dict[int, Callable]] = {"module": {}, "parameter": {}, "buffer": {}}


def register_module_buffer_registration_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, name, buffer) -> None | replacement`` whenever a buffer is added."""
    return _register("buffer", hook)


def register_module_module_registration_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, name, submodule) -> None | replacement`` whenever one is added."""
    return _register("module", hook)


def register_module_parameter_registration_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, name, parameter) -> None | replacement`` whenever one is added."""
    return _register("parameter", hook)


def _register(kind: str, hook: Callable) -> RemovableHandle:
    return RemovableHandle(_hooks[kind], hook)


def replaced(kind: str, module: Any, name: str, value: Any) -> Any:
    """`value`, or what the registration hooks replace it with."""
    for hook in _hooks[kind].values():
        new = hook(module, name, value)
        value = value if new is None else new
    return value
