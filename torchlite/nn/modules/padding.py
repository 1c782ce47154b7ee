"""Layers that add borders. `padding`: one number, or (before, after) of each spatial dimension,
the last first; negative numbers cut. Input: (N, C, *S) or (C, *S)."""

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
        """`input` with its borders."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """`input` with its borders."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return shown(self, "padding", "value")


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """`input` with its borders. Raises: ValueError for another number of dimensions."""
        check_dim(input, self.dims + 1, self.dims + 2)
        return super().forward(input)


class ConstantPad1d(_ConstantPad):
    """Borders of `value` around sequences."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Borders of `value` around images."""

    dims = 2


class ConstantPad3d(_ConstantPad):
    """Borders of `value` around volumes."""

    dims = 3


class ZeroPad1d(_ZeroPad):
    """Borders of zeros around sequences."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Borders of zeros around images."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Borders of zeros around volumes."""

    dims = 3


class ReflectionPad1d(_Pad):
    """Borders that mirror sequences."""

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """Borders that mirror images."""

    dims = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """Borders that mirror volumes."""

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """Borders that repeat the last element of sequences."""

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """Borders that repeat the last element of images."""

    dims = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """Borders that repeat the last element of volumes."""

    dims = 3
    mode = "replicate"


class CircularPad1d(_CircularPad):
    """Borders that go on at the other end of sequences."""

    dims = 1


class CircularPad2d(_CircularPad):
    """Borders that go on at the other end of images."""

    dims = 2


class CircularPad3d(_CircularPad):
    """Borders that go on at the other end of volumes."""

    dims = 3
