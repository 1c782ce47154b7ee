"""The weight and bias with which layers that normalise end."""

from __future__ import annotations

from typing import Any

from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty


def add_affine(
    module: Module, shape: tuple[int, ...], weight: bool, bias: bool, like: dict[str, Any]
) -> None:
    """Give `module` parameters "weight" and, beside it, "bias" of `shape`, or None for them.

    `like` holds device and dtype. The values are not set: see `reset_affine`.
    """
    for name, present in (("weight", weight), ("bias", weight and bias)):
        value = Parameter(empty(shape, **like)) if present else None
        module.register_parameter(name, value)


def reset_affine(module: Any) -> None:
    """Weight 1, bias 0, where there are any."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)
