"""`Module`, the base class of every layer and model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from torchlite.core.tensor import Tensor
from torchlite.nn.modules.conversion import Conversion
from torchlite.nn.modules.hooks import GLOBAL_HOOKS, Hooks, call_with_hooks
from torchlite.nn.modules.registration import (
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    replaced,
)
from torchlite.nn.modules.state import State
from torchlite.nn.modules.tree import Tree
from torchlite.nn.parameter import Buffer, Parameter
from torchlite.ops.creation.inspection import typename

if TYPE_CHECKING:
    from typing_extensions import Self

_ORDERED = (
    "_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


def _forward_unimplemented(self: Any, *input: Any) -> Any:
    """What the module computes; every subclass defines it."""
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function'
    )


class Module(Hooks, State, Conversion, Tree):
    """Base class of all layers and models.

    A subclass calls ``super().__init__()``, sets parameters, buffers and other modules as
    attributes, and defines `forward`; calling the module runs `forward` and its hooks.
    """

    dump_patches: ClassVar[bool] = False
    call_super_init: ClassVar[bool] = False
    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]

    if TYPE_CHECKING:  # what `Tree` cannot say, which does not know this class

        def children(self) -> Iterator[Module]: ...
        def named_children(self) -> Iterator[tuple[str, Module]]: ...
        def modules(self, remove_duplicate: bool = True) -> Iterator[Module]: ...
        def named_modules(
            self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
        ) -> Iterator[tuple[str, Module]]: ...
        def get_submodule(self, target: str) -> Module: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            _refuse_arguments(type(self).__name__, args, kwargs)
        self.__dict__.update(_new_state())
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooked or GLOBAL_HOOKS:
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """`torchlite.compile` in place, with the same arguments."""
        from torchlite.compiler import compile  # it imports this class

        compile(type(self).forward, *args, **kwargs)

    # --- attributes ----------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__
        if "_modules" in state:  # else Module.__init__ was not called
            if name in (found := state["_parameters"]):
                return found[name]
            if name in (found := state["_modules"]):
                return found[name]
            if name in (found := state["_buffers"]):
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        if isinstance(value, Parameter):
            self._require_init("parameters")
            self._forget(name, keep="_parameters")
            self.register_parameter(name, value)
        elif name in state.get("_parameters", ()):
            if value is not None:
                _refuse(value, "parameter", name, "torch.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            self._require_init("module")
            self._forget(name, keep="_modules")
            state["_modules"][name] = replaced("module", self, name, value)
        elif name in state.get("_modules", ()):
            if value is not None:
                _refuse(value, "child module", name, "torch.nn.Module")
            state["_modules"][name] = replaced("module", self, name, None)
        elif isinstance(value, Buffer) or name in state.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            _refuse(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
        self._require_init("buffer")
        persistent = name not in self._non_persistent_buffers_set
        if isinstance(value, Buffer):
            persistent = value.persistent
            self._forget(name, keep="_buffers")
        self.register_buffer(name, value, persistent)

    def _require_init(self, kind: str) -> None:
        if "_modules" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")

    def _forget(self, name: str, keep: str) -> None:
        """Remove the attribute `name` from the instance and every registry but `keep`."""
        state = self.__dict__
        state.pop(name, None)
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != keep:
                state[kind].pop(name, None)
        if keep != "_buffers":
            state["_non_persistent_buffers_set"].discard(name)

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(kind, ()):
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = [*dir(type(self)), *self.__dict__]
        names += [*self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[0].isdigit())

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**_new_state(), **state})

    # --- registration --------------------------------------------------------------------------

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a non-parameter tensor: state that is converted and, if `persistent`, saved.

        Raises: KeyError for an unusable name, TypeError if `tensor` is not a tensor, AttributeError
            before ``Module.__init__()``.
        """
        self._require_init("buffer")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = replaced("buffer", self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter; None reserves the name for one.

        Raises: KeyError for an unusable name, TypeError if `param` is not a parameter, ValueError
            if it is computed from others, AttributeError before ``Module.__init__()``.
        """
        self._require_init("parameter")
        self._check_name("parameter", name, self._parameters)
        if param is None:
            self._parameters[name] = None
            return
        if not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        self._parameters[name] = replaced("parameter", self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule.

        Raises: KeyError for an unusable name, TypeError if `module` is not a module.
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = replaced("module", self, name, module)

    register_module = add_module

    def _check_name(self, kind: str, name: Any, present: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if hasattr(self, name) and name not in present:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    # --- training ------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch training mode on (or off) for this module and its submodules.

        Raises: ValueError if `mode` is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch this module and its submodules to evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters of this module and its submodules require gradients."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None, or to zeros."""
        for param in self.parameters():
            if param.grad is None:
                continue
            if set_to_none:
                param.grad = None
            else:
                param.grad = param.grad.detach()
                param.grad.zero_()

    # --- text ----------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What ``repr`` shows in parentheses besides submodules; may have several lines."""
        return ""

    def _repr_html_(self) -> str:
        from torchlite.core.html import module_html

        return module_html(self)

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        if len(lines) == 1 and not self._modules:
            return f"{self._get_name()}({extra})"
        lines += [f"({name}): {indented(repr(m))}" for name, m in self._modules.items()]
        return f"{self._get_name()}({listed(lines)})"


def listed(lines: list[str]) -> str:
    """`lines` as ``repr`` shows them between parentheses: one below the other, indented."""
    return "\n  " + "\n  ".join(lines) + "\n" if lines else ""


def indented(text: str) -> str:
    """`text` with all lines but the first, and blank ones, indented by two spaces."""
    first, *rest = text.split("\n")
    return "\n".join([first, *("  " + line if line.strip() else "" for line in rest)])


def _new_state() -> dict[str, Any]:
    state: dict[str, Any] = {"training": True, "_parameters": {}, "_buffers": {}, "_modules": {}}
    state["_non_persistent_buffers_set"] = set()
    state["_hooked"] = False  # whether there may be hooks to call
    for name in _ORDERED:
        state[name] = OrderedDict()
    return state


def _refuse_arguments(name: str, args: tuple, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise TypeError(
            f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
        )
    if args:
        raise TypeError(
            f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"
        )


def _refuse(value: Any, kind: str, name: str, expected: str) -> None:
    raise TypeError(
        f"cannot assign '{typename(value)}' as {kind} '{name}' ({expected} or None expected)"
    )


__all__ = [
    "Module", "indented", "listed", "register_module_buffer_registration_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
]  # fmt: skip
