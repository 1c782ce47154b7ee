"""Memory formats of weights."""

from __future__ import annotations

from typing import TypeVar

from torchlite.core.layouts import memory_format as MemoryFormat
from torchlite.nn.modules.module import Module

M = TypeVar("M", bound=Module)


def convert_conv2d_weight_memory_format(module: M, memory_format: MemoryFormat) -> M:
    """Store the weights of 2-D convolutions in `module` and its submodules in `memory_format`."""
    return _convert(module, memory_format, ("Conv2d", "ConvTranspose2d"))


def convert_conv3d_weight_memory_format(module: M, memory_format: MemoryFormat) -> M:
    """Store the weights of 3-D convolutions in `module` and its submodules in `memory_format`."""
    return _convert(module, memory_format, ("Conv3d", "ConvTranspose3d"))


def _convert(module: M, memory_format: MemoryFormat, names: tuple[str, ...]) -> M:
    for part in module.modules():
        if any(kind.__name__ in names for kind in type(part).__mro__):
            part.weight.data = part.weight.detach().clone(memory_format=memory_format)
    return module


__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]
