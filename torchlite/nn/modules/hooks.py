"""Registering hooks of modules, and calling modules with their hooks."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.core.tensor import RemovableHandle


class ModuleHandle(RemovableHandle):
    """Removes a hook, and its entries in `flags`."""

    def __init__(self, hooks: dict, hook: Any, flags: Sequence[dict] = ()) -> None:
        super().__init__(hooks, hook)
        self.flags = flags

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        super().remove()
        for flag in self.flags:
            flag.pop(self.id, None)


#: Hooks of all modules: id -> (kind, hook). One dict, so that a call has only one to check.
GLOBAL_HOOKS: OrderedDict[int, tuple[str, Callable]] = OrderedDict()
_global_with_kwargs: OrderedDict[int, bool] = OrderedDict()
_global_always_called: OrderedDict[int, bool] = OrderedDict()


def _register_global(kind: str, hook: Callable) -> RemovableHandle:
    flags = (_global_with_kwargs, _global_always_called)
    return ModuleHandle(GLOBAL_HOOKS, (kind, hook), flags)


def register_module_forward_pre_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, args) -> None | new args`` before every module's forward."""
    return _register_global("_forward_pre_hooks", hook)


def register_module_forward_hook(
    hook: Callable, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output) -> None | new output`` after every module's forward."""
    handle = _register_global("_forward_hooks", hook)
    if with_kwargs:
        _global_with_kwargs[handle.id] = True
    if always_call:
        _global_always_called[handle.id] = True
    return handle


def register_module_full_backward_pre_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before every module's backward."""
    return _register_global("_backward_pre_hooks", hook)


def register_module_full_backward_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after every module's backward."""
    return _register_global("_backward_hooks", hook)


class Hooks:
    """The part of `Module` that registers hooks. Each method returns a `RemovableHandle`."""

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args) -> None | new args`` before forward.

        With `with_kwargs`: ``hook(module, args, kwargs) -> None | (new args, new kwargs)``.
        """
        flags = {"_forward_pre_hooks_with_kwargs": with_kwargs}
        return self._register_hook("_forward_pre_hooks", hook, prepend, flags)

    def register_forward_hook(self, hook: Callable, *, prepend: bool = False,
                              with_kwargs: bool = False,
                              always_call: bool = False) -> RemovableHandle:  # fmt: skip
        """Call ``hook(module, args, output) -> None | new output`` after forward.

        With `with_kwargs`: ``hook(module, args, kwargs, output)``. With `always_call` the hook runs
        even if forward raises.
        """
        flags = {
            "_forward_hooks_with_kwargs": with_kwargs,
            "_forward_hooks_always_called": always_call,
        }
        return self._register_hook("_forward_hooks", hook, prepend, flags)

    def register_full_backward_pre_hook(
        self, hook: Callable, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output) -> None | new grad_output`` before backward."""
        return self._register_hook("_backward_pre_hooks", hook, prepend, {})

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output) -> None | grad_input`` after backward."""
        return self._register_hook("_backward_hooks", hook, prepend, {})

    def _register_hook(
        self, kind: str, hook: Callable, prepend: bool, flags: dict[str, bool]
    ) -> RemovableHandle:
        hooks = getattr(self, kind)
        handle = ModuleHandle(hooks, hook, [getattr(self, flag) for flag in flags])
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        for flag, wanted in flags.items():
            if wanted:
                getattr(self, flag)[handle.id] = True
        self._hooked = True
        return handle


_KINDS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


def call_with_hooks(module: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """``module.forward(*args, **kwargs)`` with all hooks, global ones first."""
    if not GLOBAL_HOOKS and not any(getattr(module, kind) for kind in _KINDS):
        module._hooked = False  # the last hook was removed
        return module.forward(*args, **kwargs)
    call = _Call(module, args, kwargs)
    try:
        return call.run()
    except Exception:
        call.run_always_called()
        raise


class _Call:
    """One call of a module that has hooks."""

    def __init__(self, module: Any, args: tuple, kwargs: dict[str, Any]) -> None:
        self.module, self.args, self.kwargs = module, args, kwargs
        self.result: Any = None
        self.called: set[int] = set()  # forward hooks that have been called

    def hooks(self, kind: str) -> list[tuple[int, Callable]]:
        everywhere = [(id, hook) for id, (k, hook) in GLOBAL_HOOKS.items() if k == kind]
        return everywhere + list(getattr(self.module, kind).items())

    def run(self) -> Any:
        for id, hook in self.hooks("_forward_pre_hooks"):
            self.before(id, hook)
        backward = [hook for _, hook in self.hooks("_backward_hooks")]
        pre_backward = [hook for _, hook in self.hooks("_backward_pre_hooks")]
        around = None
        if backward or pre_backward:
            from torchlite.nn.modules.backward_hooks import BackwardHook

            around = BackwardHook(self.module, backward, pre_backward)
            self.args = around.setup_inputs(self.args)
        self.result = self.module.forward(*self.args, **self.kwargs)
        for id, hook in self.hooks("_forward_hooks"):
            self.called.add(id)
            self.after(id, hook)
        return self.result if around is None else around.setup_output(self.result)

    def before(self, id: int, hook: Callable) -> None:
        if id not in self.module._forward_pre_hooks_with_kwargs:
            replaced = hook(self.module, self.args)
            if replaced is not None:
                self.args = replaced if isinstance(replaced, tuple) else (replaced,)
            return
        replaced = hook(self.module, self.args, self.kwargs)
        if replaced is None:
            return
        if not (isinstance(replaced, tuple) and len(replaced) == 2):
            raise RuntimeError(
                "forward pre-hook must return None or a tuple "
                f"of (new_args, new_kwargs), but got {replaced}."
            )
        self.args, self.kwargs = replaced

    def after(self, id: int, hook: Callable) -> None:
        if id in self.module._forward_hooks_with_kwargs or id in _global_with_kwargs:
            replaced = hook(self.module, self.args, self.kwargs, self.result)
        else:
            replaced = hook(self.module, self.args, self.result)
        if replaced is not None:
            self.result = replaced

    def run_always_called(self) -> None:
        """Forward raised: run the hooks registered with `always_call`."""
        for id, hook in self.hooks("_forward_hooks"):
            everywhere = id in _global_always_called
            if id in self.called or not (
                everywhere or id in self.module._forward_hooks_always_called
            ):
                continue
            try:
                self.after(id, hook)
            except Exception as error:  # the error to raise is the one from forward
                warnings.warn(
                    f"{'global ' if everywhere else ''}module forward hook with "
                    "``always_call=True`` raised an exception that was silenced as another error "
                    f"was raised in forward: {error}",
                    stacklevel=4,
                )
