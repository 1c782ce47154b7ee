"""Optimizer, the base of all optimizers."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torchlite import dtypes
from torchlite.autograd.grad_mode import enable_grad
from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor
from torchlite.interpreters.recorded import differentiable
from torchlite.ops.creation.inspection import typename
from torchlite.optim.hooks import (
    HOOKS,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_hooks,
)
from torchlite.optim.state import State

ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


#: The default for an option that every parameter group must set itself.
required = _Required()


class Optimizer(State):
    """Base of all optimizers; a subclass defines `step`.

    Args:
        params: Tensors; or dicts with "params" and their own options; or (name, tensor) pairs.
        defaults: The options for groups that do not set them.

    Raises: TypeError for anything that is not a tensor; ValueError without parameters, or for one
    that is not a leaf or is in two groups.
    """

    #: Whether a complex parameter is to be treated as two real ones.
    _takes_complex_apart = False

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {typename(params)}"
            )
        self.defaults = defaults
        for name in HOOKS:
            setattr(self, name, OrderedDict())
        self.state = defaultdict(dict)
        self.param_groups = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = with_hooks(cls.step)  # type: ignore[method-assign]

    profile_hook_step = staticmethod(with_hooks)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once; returns what `closure`, which computes the loss, returns."""
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None; with ``set_to_none=False``, to zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p.grad = p._grad.detach()  # a recorded gradient keeps its own history
                    current().copyto(p._grad._data, 0)
                    p._grad._bump()

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    # --- parameter groups -----------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group: a dict with "params" and the options that differ from the defaults.

        Raises: as the constructor does; nothing is added then.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _split_names(_listed(param_group["params"]))
        for p in params:
            self._check_parameter(p)
        self._check_unique(params)
        self._check_names(names)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
        param_group["params"] = params
        if names is not None:
            param_group["param_names"] = names
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    def _check_parameter(self, p: Any) -> None:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {typename(p)}"
            )
        if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
            raise ValueError("can't optimize a non-leaf Tensor")

    def _check_unique(self, params: list[Tensor]) -> None:
        ids = set(map(id, params))
        if len(ids) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=4,
            )
        if not ids.isdisjoint(id(p) for group in self.param_groups for p in group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")

    def _check_names(self, names: list[str] | None) -> None:
        if self.param_groups and ("param_names" in self.param_groups[0]) != (names is not None):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'without' if names is None else 'with'} names to the optimizer"
            )

    # --- for subclasses -------------------------------------------------------------------------

    def _evaluate(self, closure: Callable[[], Any]) -> Any:
        """The loss that `closure` computes; gradients are recorded even if the caller does not."""
        with enable_grad():
            return closure()

    def _run(self, kernel: str, group: dict[str, Any], params: list[Tensor],
             columns: Sequence[list | None], options: tuple) -> None:  # fmt: skip
        """Update `params` in one call of the backend; `columns` are gradients and states."""
        if group.get("differentiable"):
            with enable_grad():
                getattr(differentiable, kernel)(params, *columns, *options)
            return
        arrays: Any = [c if c is None else [t._data for t in c] for c in (params, *columns)]
        if self._takes_complex_apart and any(dtypes.of(p).is_complex for p in arrays[0]):
            arrays = [c if c is None else _real_parts(c) for c in arrays]
        getattr(current(), kernel)(*arrays, *options)
        for p in params:
            p._bump()


# --- helpers -----------------------------------------------------------------------------------


def lr_of(group: dict[str, Any]) -> Any:
    """The learning rate as a number; unchanged if gradients may flow to it."""
    return group["lr"] if group.get("differentiable") else float(group["lr"])


def _listed(params: Any) -> list:
    if isinstance(params, Tensor):
        return [params]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of "
            "tensors in sets will change between runs. Please use a list instead."
        )
    return list(params)


def _split_names(params: list) -> tuple[list, list[str] | None]:
    """Parameters and, if they came as (name, tensor) pairs, their names."""
    pairs = [p for p in params if isinstance(p, tuple)]
    if not pairs:
        return params, None
    if len(pairs) != len(params):
        raise ValueError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return [p for _, p in pairs], [name for name, _ in pairs]


def _real_parts(arrays: list) -> list:
    """Arrays that share the memory of the real and imaginary parts of `arrays`."""
    xp: Any = current()
    return [
        part
        for x in arrays
        for part in ((xp.real(x), xp.imag(x)) if dtypes.of(x).is_complex else (x,))
    ]


__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]
