"""Programs written for PyTorch, unchanged: ``import torch`` gives torchlite.

``python -m torchlite train.py`` does all of it; from code:

    import torchlite.compat

    torchlite.compat.install()
    import torch  # torchlite
    from torchvision import datasets  # torchlite.vision

PyTorch itself is never imported, installed or not. ``torch.nn`` *is* ``torchlite.nn``, so what
comes by one name may be used with what comes by the other.
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

#: PyTorch's modules -> ours; with each come its submodules.
ALIASES = {
    "torch": "torchlite",
    "torchvision": "torchlite.vision",
    "safetensors.torch": "torchlite.serialization.safetensors",
}
#: Programs compare `torch.__version__` with the release that brought a feature. This one has ours.
PYTORCH_VERSION = f"2.13.0+torchlite.{torchlite.__version__}"
#: What programs import at the top and use for an option: an empty module serves those without it.
_IMPORTED_IDLY = ("torch.onnx", "torch.profiler")
#: Packages that we cut into more files than PyTorch: a name may live in the next file.
_CUT_FINER = ("torchlite.nn.modules", "torchlite.optim", "torchlite.utils.data")


def our_name(name: str) -> str | None:
    """``"torchlite.nn"`` for ``"torch.nn"``; None for what is none of PyTorch's modules."""
    for theirs, ours in ALIASES.items():
        if name == theirs or name.startswith(f"{theirs}."):
            return ours + name[len(theirs) :]
    return None


class _Finder:
    """Finds PyTorch's modules among ours; stands first in `sys.meta_path`."""

    undo: ClassVar[list[Callable[[], None]]] = []  # what `uninstall` has to call, last first

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        ours = our_name(name)
        if ours is None:
            return None
        if importlib.util.find_spec(ours) is None:
            if name in _IMPORTED_IDLY:
                return ModuleSpec(name, _Loader(ModuleType(ours)))  # type: ignore[arg-type]
            raise ModuleNotFoundError(
                f"No module named {name!r}\ntorchlite does not have it (yet)", name=name
            )
        return ModuleSpec(name, _Loader(importlib.import_module(ours)))  # type: ignore[arg-type]


class _Loader:
    """Gives our module, which may have run long ago, to who asks for PyTorch's."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        alias = module.__spec__.name  # type: ignore[union-attr]
        module.__spec__ = self._spec  # the import system has just replaced it
        _set(module, "__getattr__", _explained(alias, module))


def _set(owner: Any, name: str, value: Any) -> None:
    """Set an attribute, until `uninstall`."""
    if name in vars(owner):
        _Finder.undo.append(partial(setattr, owner, name, vars(owner)[name]))
    else:
        _Finder.undo.append(partial(delattr, owner, name))
    setattr(owner, name, value)


def _explained(alias: str, module: ModuleType) -> Callable[[str], Any]:
    """A ``__getattr__`` for `module`, whose error says that PyTorch may have what torchlite lacks.

    It keeps what `module` does itself to find a name.
    """
    own = vars(module).get("__getattr__")
    package = importlib.import_module(module.__name__.rpartition(".")[0] or module.__name__)

    def __getattr__(name: str) -> Any:
        unknown = f"module {module.__name__!r} has no attribute {name!r}"
        if own is not None:
            try:
                return own(name)
            except AttributeError as error:
                if str(error) != unknown:  # it comes from inside a module that was loaded
                    raise
        if package.__name__ in _CUT_FINER and name in vars(package):
            return vars(package)[name]
        raise AttributeError(
            f"module {alias!r} has no attribute {name!r}\ntorchlite does not have it (yet)",
            name=name, obj=module,
        )  # fmt: skip

    return __getattr__


class _Install:
    """Unpickled by a process that `multiprocessing` starts, before the main module is imported."""

    def __reduce__(self) -> tuple:
        return install, ()


def _preparation_data(name: str, original: Callable = spawn.get_preparation_data) -> dict[str, Any]:
    data = original(name)
    if name == "ignore":  # for a fork server, which would import the main module without us
        return {key: data[key] for key in data if not key.startswith("init_main")}
    return {**data, "torchlite.compat": _Install()}


def install() -> None:
    """From now on ``import torch``, ``torchvision`` and ``safetensors.torch`` give torchlite.

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
    """Undo `install`: ``import torch`` gives PyTorch again, or fails; references stay."""
    if _Finder not in sys.meta_path:
        return
    sys.meta_path.remove(_Finder)  # type: ignore[arg-type]
    for name in [name for name in sys.modules if our_name(name)]:
        del sys.modules[name]
    while _Finder.undo:
        _Finder.undo.pop()()


__all__ = ["install", "uninstall"]
