"""Modules created without initialising their parameters."""

from __future__ import annotations

import inspect
from typing import Any

from torchlite.nn.modules.module import Module
from torchlite.random import get_rng_state, set_rng_state


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Module:
    """``module_cls(*args, **kwargs)`` with uninitialised parameters; no random number is drawn.

    For modules whose parameters are set afterwards.
    Raises: RuntimeError if `module_cls` is not a module class, or takes no `device`.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(state)


__all__ = ["skip_init"]
