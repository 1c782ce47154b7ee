"""Backends: who does the arithmetic.

The contract is `Backend` (`torchlite.backends.protocol`); ``numpy`` is the reference.
"""

from torchlite.backends.protocol import Backend
from torchlite.backends.registry import available, current, describe, get, register, use

__all__ = ["Backend", "available", "current", "describe", "get", "register", "use"]
