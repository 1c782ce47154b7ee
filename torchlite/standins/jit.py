"""`torch.jit`, with PyTorch's names: scripted and traced code runs unchanged.

There is no TorchScript behind it: nothing runs faster, and no such file is written or read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, NoReturn

from torchlite.nn.modules.module import Module


class ScriptModule(Module):
    """The class of modules returned by `script` and `trace`; it can also be subclassed."""

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises RuntimeError: see `save`."""
        save(self, *args, **kwargs)


RecursiveScriptModule = ScriptModule


def script(obj: Any, optimize: None = None, _frames_up: int = 0, _rcb: Any = None,
           example_inputs: Any = None) -> Any:  # fmt: skip
    """A module as `ScriptModule` that shares its parameters, buffers and children; else `obj`."""
    if not isinstance(obj, Module) or isinstance(obj, ScriptModule):
        return obj
    result = copy.copy(obj)
    kind = type(obj)
    members = {"__module__": kind.__module__, "__doc__": kind.__doc__}
    object.__setattr__(result, "__class__", type(kind.__name__, (kind, ScriptModule), members))
    return result


def trace(func: Any, example_inputs: Any = None, *args: Any, **options: Any) -> Any:
    """Like `script`: nothing is recorded, so unlike in PyTorch, control flow follows the input."""
    return script(func)


def trace_module(mod: Module, inputs: dict, *args: Any, **options: Any) -> Any:
    """Like `script`."""
    return script(mod)


def freeze(mod: Module, preserved_attrs: Any = None, optimize_numerics: bool = True) -> Module:
    """`mod`, which must have been scripted and be in evaluation mode.

    Raises: RuntimeError (as PyTorch) otherwise.
    """
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(
            "Freezing expects a ScriptModule as input. Please use torch.jit.script or "
            "torch.jit.trace to script your 'nn.Module'."
        )
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() "
            "on your module before freezing."
        )
    return mod


def optimize_for_inference(mod: Module, other_methods: Any = None) -> Module:
    """`freeze` `mod`, unless it is in training mode."""
    return mod if mod.training else freeze(mod)


def save(m: Any, f: Any, _extra_files: dict | None = None) -> NoReturn:
    """Raises RuntimeError: there is no TorchScript to write."""
    raise RuntimeError(
        "torch.jit.save: torchlite does not write TorchScript\n"
        "Save the parameters, torch.save(model.state_dict(), path), and load them into the model."
    )


def load(f: Any, map_location: Any = None, _extra_files: dict | None = None,
         _restore_shapes: bool = False) -> NoReturn:  # fmt: skip
    """Raises RuntimeError: torchlite cannot run TorchScript."""
    raise RuntimeError(
        "torch.jit.load: torchlite does not run TorchScript\n"
        "In PyTorch, save torch.jit.load(path).state_dict() and load that into the model."
    )


def is_scripting() -> bool:
    """False."""
    return False


def is_tracing() -> bool:
    """False."""
    return False


def export(fn: Callable) -> Callable:
    """`fn` itself: a decorator without effect."""
    return fn


unused = script_method = script_if_tracing = interface = export


def ignore(drop: Any = False, **options: Any) -> Any:
    """A decorator without effect: ``@ignore``, ``@ignore(drop=True)``."""
    return drop if callable(drop) else export


def annotate(the_type: Any, the_value: Any) -> Any:
    """`the_value`."""
    return the_value


def set_fusion_strategy(strategy: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """`strategy`, without effect: nothing is fused."""
    return strategy


__all__ = [
    "Final", "RecursiveScriptModule", "ScriptModule", "annotate", "export", "freeze", "ignore",
    "interface", "is_scripting", "is_tracing", "load", "optimize_for_inference", "save", "script",
    "script_if_tracing", "script_method", "set_fusion_strategy", "trace", "trace_module", "unused",
]  # fmt: skip
