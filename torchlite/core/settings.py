"""Global settings: threads, default device, determinism, matmul precision."""

from __future__ import annotations

import os
import warnings
from typing import Any

from torchlite.backends import current
from torchlite.core.device import get_default_device, set_default_device


class _Settings:
    interop_threads = os.cpu_count() or 1
    deterministic = False
    warn_only = False
    matmul_precision = "highest"
    warn_always = False


_settings = _Settings()


def _positive(name: str, n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, int):
        raise RuntimeError(f"{name} expects an int, but got {type(n).__name__}")
    if n < 1:
        raise RuntimeError(f"{name} expects a positive integer")
    return n


def get_num_threads() -> int:
    """The number of threads the backend uses."""
    xp: Any = current()
    return xp.get_num_threads()


def set_num_threads(n: int) -> None:
    """Make the backend, and its BLAS if threadpoolctl is installed, use `n` threads.

    Raises: RuntimeError if `n` is not positive.
    """
    xp: Any = current()
    xp.set_num_threads(_positive("set_num_threads", n))


def get_num_interop_threads() -> int:
    """The number set by `set_num_interop_threads`. Default: the number of processors."""
    return _settings.interop_threads


def set_num_interop_threads(n: int) -> None:
    """Stored, but without effect: operations do not run concurrently."""
    _settings.interop_threads = _positive("set_num_interop_threads", n)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Stored, but without effect: all algorithms are deterministic."""
    if not isinstance(mode, bool):
        raise TypeError(
            "_set_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not "
            f"{type(mode).__name__}"
        )
    _settings.deterministic, _settings.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` is on."""
    return _settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether `use_deterministic_algorithms` should only warn."""
    return _settings.warn_only


_DEBUG_MODES = {"default": (False, False), "warn": (True, True), "error": (True, False)}


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` set by "default" or 0 (off), "warn" or 1, "error" or 2."""
    name = list(_DEBUG_MODES)[debug_mode] if debug_mode in (0, 1, 2) else debug_mode  # type: ignore[index]
    if name not in _DEBUG_MODES:
        raise RuntimeError(
            "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
            f"{debug_mode}"
        )
    mode, warn_only = _DEBUG_MODES[str(name)]
    use_deterministic_algorithms(mode, warn_only=warn_only)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: see `set_deterministic_debug_mode`."""
    return (1 if _settings.warn_only else 2) if _settings.deterministic else 0


def get_float32_matmul_precision() -> str:
    """The value set by `set_float32_matmul_precision`. Default: "highest"."""
    return _settings.matmul_precision


def set_float32_matmul_precision(precision: str) -> None:
    """Stored ("highest", "high", "medium"), but without effect: it is always the highest."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "setFloat32MatmulPrecision call has no effect.",
            stacklevel=2,
        )
        return
    _settings.matmul_precision = precision


def set_flush_denormal(mode: bool) -> bool:
    """False: this processor mode cannot be set from here."""
    return False


def set_warn_always(b: bool) -> None:
    """Stored, but without effect: Python's warning filters decide."""
    _settings.warn_always = bool(b)


def is_warn_always_enabled() -> bool:
    """The value set by `set_warn_always`."""
    return _settings.warn_always


def compiled_with_cxx11_abi() -> bool:
    """True, as in current PyTorch: the ABI that C++ extensions must link against."""
    return True


__all__ = [
    "are_deterministic_algorithms_enabled", "compiled_with_cxx11_abi", "get_default_device",
    "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads",
    "get_num_threads", "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled",
    "set_default_device", "set_deterministic_debug_mode", "set_float32_matmul_precision",
    "set_flush_denormal", "set_num_interop_threads", "set_num_threads", "set_warn_always",
    "use_deterministic_algorithms",
]  # fmt: skip
