"""`compile`, with PyTorch's interface: the program runs unchanged, with the same results.

There is no compiler behind it yet: programs that ask for one run, but no faster.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlite.nn.modules.module import Module

#: PyTorch's names of backends; here each runs the program unchanged.
_BACKENDS = ["aot_eager", "cudagraphs", "eager", "inductor"]


class OptimizedModule(Module):
    """The result of `compile` for a module: it forwards calls and attributes to that module.

    Its ``state_dict`` has the prefix ``_orig_mod.``, as in PyTorch.
    """

    def __init__(self, module: Module) -> None:
        super().__init__()
        self._orig_mod = module
        self.training = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._orig_mod(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("_orig_mod"), name)


def compile(model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None,
            backend: str | Callable = "inductor", mode: str | None = None,
            options: dict | None = None, disable: bool = False) -> Any:  # fmt: skip
    """`model`, a module or a function, called as before; without it, a decorator.

    Args:
        backend: One of `list_backends`.
        fullgraph, dynamic, mode, options: Have no effect, as there is nothing to tune.
        disable: Return `model` itself.

    Raises: RuntimeError for an unknown backend, or a function as backend (there is no graph to
        pass to it); if both `mode` and `options` are given.
    """
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if backend not in _BACKENDS:
        raise RuntimeError(f"Invalid backend: {backend!r}, expected one of {_BACKENDS}")
    if model is None:
        return functools.partial(compile, disable=disable)
    if disable or not callable(model):
        return model
    if isinstance(model, Module):
        return OptimizedModule(model)

    @functools.wraps(model)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        return model(*args, **kwargs)

    return compiled


def list_backends(exclude_tags: tuple = ("debug", "experimental")) -> list[str]:
    """The names that `compile` takes as ``backend``."""
    return list(_BACKENDS)


def is_compiling() -> bool:
    """False: nothing is ever being compiled."""
    return False


def is_dynamo_compiling() -> bool:
    """False: nothing is ever being compiled."""
    return False


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """`fn`, which is never compiled; without it, a decorator."""
    return functools.partial(disable, recursive=recursive) if fn is None else fn


def reset() -> None:
    """Does nothing, as nothing was compiled."""


def cudagraph_mark_step_begin() -> None:
    """Does nothing: there is no CUDA."""
