"""The registered backends, and the one in use.

A backend is imported when it is first used. Other packages provide theirs through the entry-point
group ``torchlite.backends``; an entry point names a factory: a `Backend` subclass, or a function
without arguments that returns an instance.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from torchlite.backends.protocol import SPECS, Backend
from torchlite.errors import BackendError

ENTRY_POINT_GROUP = "torchlite.backends"
_factories: dict[str, Callable[[], Backend]] = {}
_instances: dict[str, Backend] = {}
_lock = threading.RLock()


def register(name: str, factory: Callable[[], Backend]) -> None:
    """Register a backend as `name`; `factory` is called once, on first use."""
    with _lock:
        _factories[name] = factory
        _instances.pop(name, None)


def available() -> list[str]:
    """The sorted names of all registered backends; some may fail to import."""
    return sorted({*_factories, *(entry.name for entry in _entry_points())})


def get(name: str) -> Backend:
    """The backend registered as `name`.

    Raises: BackendError (a RuntimeError) if there is none, or if its dependencies are missing.
    """
    backend = _instances.get(name)
    if backend is not None:
        return backend
    with _lock:
        if name not in _instances:
            _instances[name] = _load(name)
        return _instances[name]


def _load(name: str) -> Backend:
    factory = _factories.get(name)
    try:
        if factory is None:
            factory = _entry_point(name)
        return factory()
    except ImportError as error:
        raise BackendError(
            f"backend {name!r} cannot be imported: {error}. "
            f"Install what it needs: pip install 'torchlite[{name}]'"
        ) from error


def _entry_points() -> Iterable[Any]:
    from importlib import metadata  # 30 ms that few programs need

    return metadata.entry_points(group=ENTRY_POINT_GROUP)


def _entry_point(name: str) -> Callable[[], Backend]:
    for entry in _entry_points():
        if entry.name == name:
            return entry.load()
    raise BackendError(
        f"unknown backend {name!r}; available: {', '.join(available())}. Other backends come with "
        f"packages that register the entry-point group {ENTRY_POINT_GROUP!r}."
    )


class Mode:
    """The settings of one thread: its backend and whether gradients are recorded."""

    __slots__ = ("xp", "grad", "inference")

    def __init__(self, xp: Backend) -> None:
        self.xp, self.grad, self.inference = xp, True, False


class _Local(threading.local):
    def __init__(self) -> None:
        self.mode = Mode(get(os.environ.get("TORCHLITE_BACKEND") or "numpy"))


def current() -> Backend:
    """The backend in use in this thread."""
    return local.mode.xp


class use:
    """Use backend `name` in this thread from now on; as a context manager, inside the block only.

    Example: ``with torchlite.backends.use("numba"): train()``
    """

    def __init__(self, name: str) -> None:
        backend = get(name)
        self._previous = local.mode.xp
        local.mode.xp = backend

    def __enter__(self) -> Backend:
        return local.mode.xp

    def __exit__(self, *exc: object) -> None:
        local.mode.xp = self._previous


def origins(name: str) -> dict[str, str]:
    """Method name -> "native", "composed", "inherited from ..." or "missing", for one backend."""
    kind = type(get(name))
    return {method: _origin(kind, method) for method in sorted(SPECS)}


def _origin(kind: type, method: str) -> str:
    owner = next(c for c in kind.__mro__ if method in vars(c))
    if getattr(vars(owner)[method], "is_missing", False):
        return "missing"
    if owner.__module__.startswith("torchlite.backends.composites"):
        return "composed"
    native = f"{owner.__module__}.".startswith(f"{kind.__module__}.")
    return "native" if native else f"inherited from {owner.__module__}"


def describe(name: str) -> str:
    """A table of the protocol's methods: the origin, kind, parameters and meaning of each."""
    table = origins(name)
    counts = ", ".join(
        f"{sum(o.split()[0] == kind for o in table.values())} {kind}"
        for kind in ("native", "composed", "inherited", "missing")
    )
    name_width, origin_width = max(map(len, table)), max(map(len, table.values()))
    lines = "\n".join(
        f"  {spec.name:{name_width}}  {table[spec.name]:{origin_width}}  {spec.kind:11}"
        f"  ({spec.signature}): {spec.meaning}"
        for spec in map(SPECS.__getitem__, table)
    )
    return f"backend {name!r}: {counts}\n{lines}"


def _numpy() -> Backend:
    return importlib.import_module("torchlite.backends.numpy").NumpyBackend()


def _numba() -> Backend:
    return importlib.import_module("torchlite_numba").NumbaBackend()


register("numpy", _numpy)
register("numba", _numba)
local = _Local()
