"""`functionalize` and `debug_unwrap`, for programs that use them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlite.backends.wrapped import Batched
from torchlite.core.tensor import Tensor, wrap
from torchlite.interpreters.dual import Dual

_REMOVALS = ("mutations", "mutations_and_views")


def functionalize(func: Callable, *, remove: str = "mutations") -> Callable:
    """A function with the same results as `func`.

    PyTorch removes in-place operations (and optionally views), which is visible only to tracers.
    Nothing here needs that, so the new function simply calls `func`.
    Raises: RuntimeError if `remove` is not "mutations" or "mutations_and_views".
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
    """The tensor underlying one inside `vmap` or `jvp`: the whole batch, or the primal value.

    For inspection (``print(debug_unwrap(x))``), not for computation. With `recurse`, all levels
    are unwrapped. Any other tensor is returned unchanged.
    """
    data = tensor._data
    while isinstance(data, (Batched, Dual)):
        data = data.value if isinstance(data, Batched) else data.primal
        if not recurse:
            break
    return tensor if data is tensor._data else wrap(data)


__all__ = ["debug_unwrap", "functionalize"]
