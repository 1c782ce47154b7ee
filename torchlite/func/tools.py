"""`functionalize` and `debug_unwrap`: of PyTorch's interface, for programs that use them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlite.backends.wrapped import Batched
from torchlite.core.tensor import Tensor, wrap
from torchlite.interpreters.dual import Dual

_REMOVALS = ("mutations", "mutations_and_views")


def functionalize(func: Callable, *, remove: str = "mutations") -> Callable:
    """A function with the results of `func`.

    In PyTorch it runs without in-place operations (and, if asked, without views), which is seen
    only by what traces it. Here nothing needs that, so the new function is `func` itself.
    Raises: RuntimeError for another `remove` than "mutations" and "mutations_and_views".
    """
    if remove not in _REMOVALS:
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. "
            f"Valid options are: {_REMOVALS}"
        )

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapped


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """What stands behind a tensor inside of `vmap` or `jvp`: all examples, or the value alone.

    For looking at it (``print(debug_unwrap(x))``), not for computing with it. With `recurse`,
    through all levels. Any other tensor is returned as it is.
    """
    data = tensor._data
    while isinstance(data, (Batched, Dual)):
        data = data.value if isinstance(data, Batched) else data.primal
        if not recurse:
            break
    return tensor if data is tensor._data else wrap(data)


__all__ = ["debug_unwrap", "functionalize"]
