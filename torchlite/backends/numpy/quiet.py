"""NumPy without floating-point warnings: PyTorch never warns of overflow, 0/0 or 1/0."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


class _Local(threading.local):
    """One context per thread, since two threads cannot be inside the same one."""

    def __init__(self) -> None:
        context = contextvars.copy_context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


#: ``local.run(f, *args)`` calls `f` without warnings, at a tenth of the cost of ``np.errstate``.
#: Not reentrant, hence only for NumPy functions, which do not call back.
local = _Local()


def quiet(f: Callable, operands: int | None = None) -> Callable:
    """`f`, a NumPy function, without its floating-point warnings.

    With `operands` (1 or 2), it takes exactly that many arguments, which is cheaper.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        return local.run(f, *args, **kwargs)

    def call_one(x: Any) -> Any:
        return local.run(f, x)

    def call_two(a: Any, b: Any) -> Any:
        return local.run(f, a, b)

    quietly: Any = {None: call, 1: call_one, 2: call_two}[operands]
    quietly.__name__, quietly.__doc__ = f.__name__, f.__doc__
    return quietly
