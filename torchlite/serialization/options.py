"""Defaults of `load` for what neither the file nor the caller specifies."""

from __future__ import annotations

import mmap
import sys
from enum import Enum

MAP_PRIVATE = getattr(mmap, "MAP_PRIVATE", None)  # Windows lacks these flags
MAP_SHARED = getattr(mmap, "MAP_SHARED", None)


class LoadEndianness(Enum):
    """The byte order of files that do not specify one."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_endianness: LoadEndianness | None = None
_mmap_flags: int | None = MAP_PRIVATE


def get_default_load_endianness() -> LoadEndianness | None:
    """The byte order of files that do not specify one; None, the default, means little."""
    return _endianness


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Set the byte order of files that do not specify one.

    Raises: TypeError if it is neither a `LoadEndianness` nor None.
    """
    global _endianness
    if not isinstance(endianness, LoadEndianness) and endianness is not None:
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _endianness = endianness


def default_byteorder() -> str:
    """`get_default_load_endianness` in the form of ``sys.byteorder``."""
    names = {LoadEndianness.BIG: "big", LoadEndianness.NATIVE: sys.byteorder}
    return names.get(_endianness or LoadEndianness.LITTLE, "little")


def get_default_mmap_options() -> int | None:
    """How ``load(..., mmap=True)`` maps a file: ``mmap.MAP_PRIVATE`` by default."""
    return _mmap_flags


class set_default_mmap_options:
    """How ``load(..., mmap=True)`` maps a file, from now on or as a context manager.

    Args:
        flags: ``mmap.MAP_PRIVATE``: changes to tensors stay in memory; ``mmap.MAP_SHARED``: they
            are written to the file.

    Raises: ValueError for other flags; RuntimeError on Windows.
    """

    def __init__(self, flags: int) -> None:
        global _mmap_flags
        if MAP_PRIVATE is None:
            raise RuntimeError(
                "Changing the default mmap options is currently not supported for Windows"
            )
        if flags not in (MAP_PRIVATE, MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected "
                f"mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got {flags}"
            )
        self._before, _mmap_flags = _mmap_flags, flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        global _mmap_flags
        _mmap_flags = self._before
