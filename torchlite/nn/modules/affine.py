"""The affine weight and bias of normalisation layers."""

from __future__ import annotations

from typing import Any

from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty


def add_affine(
    module: Module, shape: tuple[int, ...], weight: bool, bias: bool, like: dict[str, Any]
) -> None:
    """Register parameters "weight" and "bias" of `shape` in `module`, or None for absent ones.

    A bias needs a weight. `like` holds device and dtype. Values are left to `reset_affine`.
    """
    for name, present in (("weight", weight), ("bias", weight and bias)):
        value = Parameter(empty(shape, **like)) if present else None
        module.register_parameter(name, value)


def reset_affine(module: Any) -> None:
    """Set the weight to 1 and the bias to 0, where present."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)
