"""Running programs written for PyTorch unchanged: ``import torch`` imports torchlite.

``python -m torchlite train.py`` does it all; from code:

    import torchlite.compat

    torchlite.compat.install()
    import torch  # torchlite
    from torchvision import datasets  # torchlite.vision

PyTorch itself is never imported, installed or not. ``torch.nn`` *is* ``torchlite.nn``, so
objects imported by either name can be used together.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import ModuleSpec
from multiprocessing import spawn
from types import ModuleType
from typing import Any, ClassVar

import torchlite
from torchlite.core.module_aliases import AliasLoader
from torchlite.core.pytorch_names import ALIASES, PLACES, of_package, our_name

#: Programs compare `torch.__version__` with the release that added a feature. This is ours.
PYTORCH_VERSION = f"2.13.0+torchlite.{torchlite.__version__}"
#: Modules that programs import at the top but use only for an option: they are left empty.
_IMPORTED_IDLY = (
    "safetensors", "torch._dynamo", "torch.ao", "torch.ao.quantization", "torch.fx", "torch.nested",
    "torch.onnx", "torch.quantization", "torch.sparse",
)  # fmt: skip


class _Finder:
    """Finds PyTorch's modules among ours; it comes first in `sys.meta_path`."""

    undo: ClassVar[list[Callable[[], Any]]] = []  # for `uninstall` to call, last first

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        ours = our_name(name)
        if ours is not None and _exists(ours):
            module = importlib.import_module(ours)
        elif name in _IMPORTED_IDLY and (ours is not None or not _is_installed(name)):
            module = ModuleType(name)
        elif ours is None:
            return None
        else:
            raise ModuleNotFoundError(
                f"No module named {name!r}\ntorchlite does not have it (yet)", name=name
            )
        return ModuleSpec(name, _Loader(module))  # type: ignore[arg-type]


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its package does not exist either
        return False


def _is_installed(package: str) -> bool:
    finders: Any = sys.meta_path
    return any(finder.find_spec(package, None) for finder in finders if finder is not _Finder)


class _Loader(AliasLoader):
    """Loads our module in place of PyTorch's, until `uninstall`."""

    def exec_module(self, module: ModuleType) -> None:
        alias = module.__spec__.name  # type: ignore[union-attr]
        super().exec_module(module)
        _Finder.undo.append(partial(sys.modules.pop, alias, None))
        _set(module, "__getattr__", _explained(alias, module))
        if not hasattr(module, "__path__"):
            _set(module, "__path__", [])  # PyTorch's may be a package
        package, _, name = alias.rpartition(".")
        if package in sys.modules:
            _set(sys.modules[package], name, module)  # as the import system does, but undoably


def _set(owner: Any, name: str, value: Any) -> None:
    """Set an attribute, until `uninstall`."""
    if name in vars(owner):
        _Finder.undo.append(partial(setattr, owner, name, vars(owner)[name]))
    else:
        _Finder.undo.append(partial(delattr, owner, name))
    setattr(owner, name, value)


def _explained(alias: str, module: ModuleType) -> Callable[[str], Any]:
    """A ``__getattr__`` for `module`, whose error says that PyTorch may have what torchlite lacks.

    The module's own ``__getattr__`` still comes first.
    """
    own = vars(module).get("__getattr__")

    def __getattr__(name: str) -> Any:
        unknown = f"module {module.__name__!r} has no attribute {name!r}"
        if own is not None:
            try:
                return own(name)
            except AttributeError as error:
                if str(error) != unknown:  # raised inside a module that was being loaded
                    raise
        if f"{alias}.{name}" in PLACES:
            return importlib.import_module(f"{alias}.{name}")
        try:
            return of_package(module.__name__, name)
        except AttributeError:
            raise AttributeError(
                f"module {alias!r} has no attribute {name!r}\ntorchlite does not have it (yet)",
                name=name, obj=module,
            ) from None  # fmt: skip

    return __getattr__


class _Install:
    """Unpickled by a process that `multiprocessing` starts, before the main module is imported."""

    def __reduce__(self) -> tuple:
        return install, ()


def _preparation_data(name: str, original: Callable = spawn.get_preparation_data) -> dict[str, Any]:
    data = original(name)
    if name == "ignore":  # for a fork server: it would import the main module without us
        return {key: data[key] for key in data if not key.startswith("init_main")}
    return {**data, "torchlite.compat": _Install()}


def install() -> None:
    """From now on ``import torch``, ``torchvision`` and ``safetensors.torch`` import torchlite.

    Processes started by `multiprocessing` do the same. A second call does nothing.
    Raises: RuntimeError if PyTorch itself has been imported.
    """
    if _Finder in sys.meta_path:
        return
    for name in ALIASES:
        if name in sys.modules:
            raise RuntimeError(
                f"torchlite.compat.install(): {name!r} has already been imported\n"
                "Call it before anything imports PyTorch, or run the program as "
                "'python -m torchlite program.py'."
            )
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]
    _set(torchlite, "__version__", PYTORCH_VERSION)
    _set(torchlite.Tensor, "__module__", "torch")
    _set(spawn, "get_preparation_data", _preparation_data)


def uninstall() -> None:
    """Undo `install`: ``import torch`` imports PyTorch again, or fails; references stay valid."""
    if _Finder not in sys.meta_path:
        return
    sys.meta_path.remove(_Finder)  # type: ignore[arg-type]
    while _Finder.undo:
        _Finder.undo.pop()()


__all__ = ["install", "uninstall"]
