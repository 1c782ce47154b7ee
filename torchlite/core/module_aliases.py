"""PyTorch's import paths for modules that live in another package: ``import torchlite.cuda``.

The module is the same object under both names. Imports of other names cost one dict lookup.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ROOMS = {
    "core": "_tensor:tensor _tensor_str:printing overrides types version",
    "namespaces": "hub masked profiler signal",
    "standins": "accelerator cuda distributed jit mps xpu",
    "standins.backends": "backends.cuda backends.cudnn backends.mkl backends.mkldnn backends.mps "
    "backends.openmp",
}


def _homes() -> dict[str, str]:
    homes = {}
    for room, entries in _ROOMS.items():
        for entry in entries.split():
            alias, _, name = entry.partition(":")
            homes[f"torchlite.{alias}"] = f"torchlite.{room}.{(name or alias).rpartition('.')[2]}"
    return homes


#: The alias of a module -> where it is defined. A package's entry covers its submodules.
HOMES = _homes()


def home(name: str) -> str | None:
    """The name under which the module `name` is defined; None if `name` is not an alias."""
    found = HOMES.get(name)
    if found is None:
        package, _, last = name.rpartition(".")
        parent = HOMES.get(package)
        found = None if parent is None else f"{parent}.{last}"
    return found


class AliasLoader:
    """Loader that returns an already executed module for an import under another name."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has just replaced it


class _Finder:
    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        defined = home(name)
        if defined is None or importlib.util.find_spec(defined) is None:
            return None
        return ModuleSpec(name, AliasLoader(importlib.import_module(defined)))  # type: ignore[arg-type]


# first, because the default finder would run a submodule of an aliased package a second time
sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]
