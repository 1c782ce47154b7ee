"""Recording switches: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torchlite.backends.registry import local


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return local.mode.grad


def is_inference_mode_enabled() -> bool:
    """Whether `inference_mode` is on in this thread."""
    return local.mode.inference


class Switch:
    """A context manager and decorator that sets recording and restores it afterwards."""

    wanted: bool

    def __enter__(self) -> None:
        self._previous = local.mode.grad
        local.mode.grad = self.wanted

    def __exit__(self, *exc: object) -> None:
        local.mode.grad = self._previous

    def _again(self) -> Switch:
        """A new switch for each call of a decorated function, since calls may nest."""
        return type(self)()

    def __call__(self, function: Callable) -> Callable:
        if inspect.isclass(function):
            raise TypeError(
                f"{type(self).__name__} decorates functions and generators, not the class "
                f"{function.__name__}"
            )
        if inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return decorated

    def _decorate_generator(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume = functools.partial(generator.send, None)
            while True:  # the switch applies while the generator runs, not while it is suspended
                with self._again():
                    try:
                        item = resume()
                    except StopIteration as stop:
                        return stop.value
                try:
                    resume = functools.partial(generator.send, (yield item))
                except BaseException as error:  # thrown by the caller; GeneratorExit closes
                    resume = functools.partial(generator.throw, error)

        return decorated


class no_grad(Switch):
    """Inside, nothing is recorded. Also a decorator: ``@torchlite.no_grad()``."""

    wanted = False

    def __new__(cls, orig_func: Callable | None = None) -> Any:
        instance = super().__new__(cls)
        return instance if orig_func is None else instance(orig_func)


class enable_grad(no_grad):
    """Inside, operations are recorded, even within `no_grad`."""

    wanted = True


class set_grad_enabled(Switch):
    """Set recording now; as a context manager, restore it at the end of the block."""

    def __init__(self, mode: bool) -> None:
        self._previous = local.mode.grad
        self.wanted = local.mode.grad = bool(mode)

    def __enter__(self) -> None:
        local.mode.grad = self.wanted

    def _again(self) -> Switch:
        return set_grad_enabled(self.wanted)

    def __call__(self, function: Callable) -> Callable:
        local.mode.grad = self._previous  # used as a decorator: nothing switches yet
        return super().__call__(function)


class inference_mode(Switch):
    """Like `no_grad`, and reported by `is_inference_mode_enabled`."""

    wanted = False

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __new__(cls, mode: Any = True) -> Any:
        instance = super().__new__(cls)
        if callable(mode):
            instance.mode = True
            return instance(mode)
        return instance

    def __enter__(self) -> None:
        state = local.mode
        self._before = state.grad, state.inference
        if self.mode:
            state.grad = False
        state.inference = self.mode

    def __exit__(self, *exc: object) -> None:
        local.mode.grad, local.mode.inference = self._before

    def _again(self) -> Switch:
        return inference_mode(self.mode)
