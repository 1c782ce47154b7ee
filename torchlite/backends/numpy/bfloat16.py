"""bfloat16: stored by the package ml_dtypes, computed in float32 and rounded once, as PyTorch does.

NumPy has no such type. When a program makes its first bfloat16 array, ml_dtypes is imported and the
methods that compute are wrapped, on each backend *instance*: no kernel knows about bfloat16, and a
program that does not use it pays nothing. One that does pays for a check of the operands of each
call: a few tenths of a microsecond.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite.backends.numpy.quiet import local
from torchlite.backends.protocol import SPECS, Backend
from torchlite.backends.spec import UPDATE

_FLOAT32 = np.dtype(np.float32)
_backends: weakref.WeakSet[Backend] = weakref.WeakSet()
_lock = threading.Lock()
_bfloat16: np.dtype | None = None


def attach(backend: Backend) -> None:
    """Make a new `backend` compute with bfloat16 arrays once there are any."""
    with _lock:
        _backends.add(backend)
        if _bfloat16 is not None:
            _wrap_methods(backend, _bfloat16)


def load() -> np.dtype:
    """NumPy's dtype for bfloat16 arrays; from now on all backends compute with them.

    Raises: ImportError if ml_dtypes is not installed.
    """
    global _bfloat16
    try:
        from ml_dtypes import bfloat16
    except ImportError as error:
        raise ImportError(
            "torch.bfloat16 needs the package ml_dtypes: pip install 'torchlite[bfloat16]'"
        ) from error
    kind = np.dtype(bfloat16)
    with _lock:
        if _bfloat16 is None:
            for backend in _backends:
                _wrap_methods(backend, kind)
            _bfloat16 = kind
    return kind


def _wrap_methods(backend: Backend, kind: np.dtype) -> None:
    for name, spec in SPECS.items():
        if not spec.exact:  # copies work for any dtype
            wrapper = _updating if spec.kind == UPDATE else _rounding
            setattr(backend, name, wrapper(getattr(backend, name), kind))


def _rounding(method: Callable, kind: np.dtype) -> Callable:
    """`method` on float32 copies of arrays of `kind`, with its float32 results rounded."""
    arrays, sequences = (np.ndarray, kind.type), (tuple, list)

    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            cls = x.__class__
            if x.dtype is kind if cls in arrays else cls in sequences and _any(x, kind):
                return _narrow(method(*_widen(args, kind), **kwargs), kind)
        return method(*args, **kwargs)

    return call


def _updating(method: Callable, kind: np.dtype) -> Callable:
    """`method`, an optimizer step on lists of arrays; it writes to all but the second list."""

    def call(*args: Any) -> None:
        wide = _widen(args, kind)
        method(*wide)
        for i, (old, new) in enumerate(zip(args, wide)):
            if i != 1 and isinstance(old, list):
                _write_back(old, new, kind)

    return call


def _write_back(old: list, new: list, kind: np.dtype) -> None:
    for x, y in zip(old, new):
        if x is not y:
            x[...] = local.run(y.astype, kind)


def _any(x: Any, kind: np.dtype) -> bool:
    """Whether x is an array of `kind`, or a sequence containing one."""
    if isinstance(x, (tuple, list)):
        return any(_any(part, kind) for part in x)
    return getattr(x, "dtype", None) is kind


def _widen(x: Any, kind: np.dtype) -> Any:
    """x with every array of `kind`, in nested sequences too, converted to float32."""
    if isinstance(x, (tuple, list)):
        return type(x)([_widen(part, kind) for part in x]) if _any(x, kind) else x
    return x.astype(_FLOAT32) if getattr(x, "dtype", None) is kind else x


def _narrow(x: Any, kind: np.dtype) -> Any:
    """One or several results, with float32 converted to `kind`."""
    if isinstance(x, tuple):
        return tuple([_narrow(part, kind) for part in x])
    if getattr(x, "dtype", None) == _FLOAT32:
        return np.asarray(local.run(x.astype, kind))
    return x
