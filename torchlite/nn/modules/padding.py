"""Padding layers. `padding`: one number, or (before, after) for each spatial dimension, the
last first; negative numbers crop. Input: (N, C, *S) or (C, *S)."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.spatial import check_dim, repeated, shown


class _Pad(Module):
    dims: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = repeated(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """`input`, padded."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The padding."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """`input`, padded."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The padding and the value."""
        return shown(self, "padding", "value")


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The padding."""
        return f"{self.padding}"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """`input`, padded. Raises: ValueError for another number of dimensions."""
        check_dim(input, self.dims + 1, self.dims + 2)
        return super().forward(input)


class ConstantPad1d(_ConstantPad):
    """Pads sequences with `value`."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Pads images with `value`."""

    dims = 2


class ConstantPad3d(_ConstantPad):
    """Pads volumes with `value`."""

    dims = 3


class ZeroPad1d(_ZeroPad):
    """Pads sequences with zeros."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Pads images with zeros."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Pads volumes with zeros."""

    dims = 3


class ReflectionPad1d(_Pad):
    """Pads sequences by reflection."""

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """Pads images by reflection."""

    dims = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """Pads volumes by reflection."""

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """Pads sequences by repeating the outermost elements."""

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """Pads images by repeating the outermost elements."""

    dims = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """Pads volumes by repeating the outermost elements."""

    dims = 3
    mode = "replicate"


class CircularPad1d(_CircularPad):
    """Pads sequences circularly, with elements from the other end."""

    dims = 1


class CircularPad2d(_CircularPad):
    """Pads images circularly, with elements from the other end."""

    dims = 2


class CircularPad3d(_CircularPad):
    """Pads volumes circularly, with elements from the other end."""

    dims = 3

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d",
    "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip
