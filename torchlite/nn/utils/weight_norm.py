"""Weight normalisation by a hook; see `parametrizations.weight_norm` for its successor."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from torchlite.core.tensor import Tensor
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.nn.utils import parameter_hooks
from torchlite.ops.reduce.norms import norm_except_dim

M = TypeVar("M", bound=Module)


def scaled_to(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """`v` with its slices rescaled to the norms `g`."""
    return v * (g / norm_except_dim(v, 2, dim))


class WeightNorm:
    """The hook: before each forward, sets the weight to ``g * v / |v|``."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Tensor:
        """The weight, computed from its direction and norm."""
        return scaled_to(
            getattr(module, self.name + "_v"), getattr(module, self.name + "_g"), self.dim
        )

    @staticmethod
    def apply(module: Any, name: str, dim: int | None) -> WeightNorm:
        """Install a hook; arguments and errors as for `weight_norm`."""
        if parameter_hooks.find(module, WeightNorm, name) is not None:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}"
            )
        hook, weight = WeightNorm(name, dim), getattr(module, name)
        g = norm_except_dim(weight.detach(), 2, hook.dim)
        del module._parameters[name]
        module.register_parameter(name + "_g", Parameter(g))
        module.register_parameter(name + "_v", Parameter(weight.data))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"], module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int = 0) -> M:
    """Learn the norm and the direction of a weight separately. Deprecated.

    Source: Salimans and Kingma 2016, https://arxiv.org/abs/1602.07868

    Args:
        module: The module; it is changed and returned.
        name: The parameter. Default: "weight".
        dim: The dimension whose slices each have a norm; None for a single norm. Default: 0.

    Raises: RuntimeError if the parameter is normalised already.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of "
        "`torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `weight_norm`; the weight keeps its value. Raises: ValueError if there is none."""
    missing = f"weight_norm of '{name}' not found in {module}"
    parameter_hooks.remove(module, WeightNorm, name, missing)
    return module


__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]
