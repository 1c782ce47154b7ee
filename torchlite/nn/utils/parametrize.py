"""Parametrizations: tensors of a module that are computed from other, learned tensors."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.nn.modules.container import ModuleDict
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.nn.utils.parametrization_list import ParametrizationList, check_same, register


class _Cache(local):
    """Computed tensors by module and name, kept while inside `depth` blocks of `cached`."""

    def __init__(self) -> None:
        self.depth = 0
        self.tensors: dict[tuple[int, str], Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor at most once inside this block."""
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.tensors.clear()


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute ``module.tensor_name`` with `parametrization` from now on, after any it already has.

    If it has a method ``right_inverse``, that is applied to the tensor first, and on assignment.

    Args:
        module: The module; its class is replaced by a new subclass.
        tensor_name: A parameter or buffer.
        parametrization: A module from tensor to tensor.
        unsafe: Allow it to change dtype or shape. Default: False.

    Returns: the module.
    Raises: ValueError if there is no such tensor, or for results of another dtype or shape.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(getattr(module, tensor_name), parametrization)
        chain = module.parametrizations[tensor_name]
        chain.append(parametrization)
        chain.unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    chain = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _give_own_class(module)
        module.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, _computed(tensor_name))
    module.parametrizations[tensor_name] = chain
    return module


def _check_next(before: Tensor, parametrization: Any) -> None:
    """Check one more parametrization, and its inverse, on the tensor so far."""
    after = parametrization(before)
    check_same(after, before.dtype, before.shape)
    try:
        back = getattr(parametrization, "right_inverse", lambda x: before)(after)
    except NotImplementedError:  # no inverse: the tensor cannot be assigned to
        return
    if not isinstance(back, Tensor):
        raise ValueError(
            f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}"
        )
    if (back.dtype, back.shape) != (before.dtype, before.shape):
        raise ValueError(
            "The tensor returned by parametrization.right_inverse must have the same dtype and "
            "shape as the tensor, unless the `unsafe` flag is enabled.\n"
            f"tensor: {before.dtype}, {before.shape}\nreturned: {back.dtype}, {back.shape}"
        )


def _give_own_class(module: Module) -> None:
    """Replace the class of `module` by a new subclass, to which properties can be added."""
    kind = type(module)
    members: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = _deepcopied
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), members)


def _refuse_pickling(self: Module) -> None:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict()."
    )


def _deepcopied(self: Module, memo: dict) -> Module:
    kind = type(self)
    own = {k: v for k, v in vars(kind).items() if k not in ("__dict__", "__weakref__")}
    replica: Module = kind.__new__(type(kind.__name__, kind.__bases__, own))
    memo[id(self)] = replica
    replica.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return replica


def _computed(name: str) -> property:
    def get(self: Any) -> Tensor:
        chain = self.parametrizations[name]
        if not _cache.depth:
            return chain()
        key = (id(self), name)
        if key not in _cache.tensors:
            _cache.tensors[key] = chain()
        return _cache.tensors[key]

    def put(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether `module` has a parametrized tensor, or one of that name."""
    chains = getattr(module, "parametrizations", None)
    if not isinstance(chains, ModuleDict):
        return False
    return len(chains) > 0 if tensor_name is None else tensor_name in chains


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Turn a parametrized tensor back into an ordinary one.

    Args:
        module: The module; its class is restored when no parametrization is left.
        tensor_name: The tensor.
        leave_parametrized: Keep the computed value, not the original tensor. Default: True.

    Returns: the module.
    Raises: ValueError if it is not parametrized, or if the original to be kept is several tensors.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if not (chain.is_tensor or leave_parametrized):
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).data
    else:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that `module` had before its first parametrization."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Copy a module's parametrizations and the tensors they start from to another module.

    Args:
        from_module: The source.
        to_module: The target; tensors that it lacks are added.
        tensor_name: One tensor. Default: all.

    Returns: `to_module`.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        originals = ["original"] if source.is_tensor else [
            f"original{i}" for i in range(source.ntensors)
        ]  # fmt: skip
        for original in originals:
            setattr(target, original, getattr(source, original))
    return to_module


__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization",
    "remove_parametrizations", "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]  # fmt: skip
