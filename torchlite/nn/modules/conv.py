"""Convolutions of sequences, images and volumes, and their adjoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.spatial import repeated, shown
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """Weight, bias and settings. `dims` is the number of spatial dimensions."""

    dims: int
    transposed = False

    def _settle(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any,
                padding: Any, dilation: Any, output_padding: Any, groups: int, bias: bool,
                padding_mode: str, device: Any, dtype: Any) -> None:  # fmt: skip
        _check(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = repeated(kernel_size, self.dims)
        self.stride, self.dilation = repeated(stride, self.dims), repeated(dilation, self.dims)
        self.padding = padding if isinstance(padding, str) else repeated(padding, self.dims)
        self.output_padding, self.padding_mode = repeated(output_padding, self.dims), padding_mode
        outer, inner = out_channels, in_channels
        if self.transposed:
            outer, inner = inner, outer
        like = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty((outer, inner // groups, *self.kernel_size), **like))
        self.register_parameter("bias", Parameter(empty(out_channels, **like)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Redraw the weight, then the bias, from ``U(-k, k)``, ``k = 1 / sqrt(fan_in)``."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.shape[1:])
        if self.bias is not None and fan_in:
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from their defaults."""
        parts = [f"{self.in_channels}, {self.out_channels}", shown(self, "kernel_size", "stride")]
        usual = {"padding": 0, "dilation": 1, "output_padding": 0}
        parts += [shown(self, name) for name, value in usual.items()
                  if getattr(self, name) != (value,) * self.dims]  # fmt: skip
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


def _check(in_channels: int, out_channels: int, stride: Any, padding: Any, groups: int,
           padding_mode: str) -> None:  # fmt: skip
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(
                f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}"
            )
        if padding == "same" and any(s != 1 for s in repeated(stride, 1)):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in _PADDING_MODES:
        raise ValueError(
            f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode={padding_mode!r}"
        )


class _Conv(_ConvNd):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self._settle(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups,
                     bias, padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of `input`, (N, C, *S) or (C, *S)."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._borders(), self.padding_mode), 0
        convolve = getattr(F, f"conv{self.dims}d")
        return convolve(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _borders(self) -> list[int]:
        """The padding for `F.pad`, last dimension first."""
        if self.padding == "valid":
            return [0] * (2 * self.dims)
        if not isinstance(self.padding, str):
            return [p for p in reversed(self.padding) for _ in range(2)]
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
        return [n for total in reversed(totals) for n in (total // 2, total - total // 2)]


class Conv1d(_Conv):
    """Cross-correlation with windows of `kernel_size` elements: see `nn.functional.conv1d`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the result.
        kernel_size: Size of a window, for all (or each) of the spatial dimensions.
        stride: Step from one window to the next. Default: 1.
        padding: Elements added at both ends, "valid" (none) or "same". Default: 0.
        dilation: Spacing of a window's elements. Default: 1.
        groups: Number of independent groups of channels. Default: 1.
        bias: Whether to add a bias. Default: True.
        padding_mode: "zeros", "reflect", "replicate" or "circular". Default: "zeros".

    Attributes: ``weight`` (out_channels, in_channels / groups, *kernel_size), ``bias``.
    Shape: ``(N, in_channels, L) -> (N, out_channels, L')``, or without N.
    Raises: ValueError for inconsistent settings; RuntimeError (as PyTorch) for invalid inputs.
    """

    dims = 1


class Conv2d(_Conv):
    """Like `Conv1d`, over images: (N, C, H, W)."""

    dims = 2


class Conv3d(_Conv):
    """Like `Conv1d`, over volumes: (N, C, D, H, W)."""

    dims = 3


class _ConvTranspose(_ConvNd):
    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, output_padding: Any = 0, groups: int = 1, bias: bool = True,
                 dilation: Any = 1, padding_mode: str = "zeros", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        self._settle(in_channels, out_channels, kernel_size, stride, padding, dilation,
                     output_padding, groups, bias, padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The transposed convolution of `input`; `output_size` chooses among the possible sizes."""
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        spread = getattr(F, f"conv_transpose{self.dims}d")
        return spread(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups,
                      self.dilation)  # fmt: skip

    def _extra(self, input: Tensor, output_size: Sequence[int]) -> list[int]:
        """The output padding that yields `output_size`."""
        lead = input.dim() - self.dims
        wanted = list(output_size)
        if len(wanted) == lead + self.dims:
            wanted = wanted[lead:]
        if len(wanted) != self.dims:
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.dim()}D input, output_size must have "
                f"{self.dims} or {lead + self.dims} elements (got {len(wanted)})"
            )
        geometry = zip(
            input.shape[lead:], self.stride, self.padding, self.dilation, self.kernel_size
        )
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in geometry]
        most = [size + s - 1 for size, s in zip(least, self.stride)]
        if any(not low <= n <= high for n, low, high in zip(wanted, least, most)):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to "
                f"{most} (for an input of {input.size()[2:]})"
            )
        return [n - low for n, low in zip(wanted, least)]


class ConvTranspose1d(_ConvTranspose):
    """The adjoint of `Conv1d`, for upsampling: see `nn.functional.conv_transpose1d`.

    Args: as for `Conv1d`, but `padding` (the amount cropped) must be numeric; and
        output_padding: Elements added at the end of the result. Default: 0.

    Attributes: ``weight`` (in_channels, out_channels / groups, *kernel_size), ``bias``.
    Shape: ``(N, in_channels, L) -> (N, out_channels, L')``, or without N.
    Raises: as for `Conv1d`.
    """

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """Like `ConvTranspose1d`, over images: (N, C, H, W)."""

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """Like `ConvTranspose1d`, over volumes: (N, C, D, H, W)."""

    dims = 3

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
