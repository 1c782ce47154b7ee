"""Pooling layers. Input: (N, C, *S) or (C, *S), with one to three spatial dimensions."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.spatial import repeated, shown


class _Pool(Module):
    """`dims` is the number of spatial dimensions."""

    dims: int

    def _function(self, name: str) -> Any:
        return getattr(F, f"{name}{self.dims}d")


class _MaxPool(_Pool):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                 return_indices: bool = False, ceil_mode: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """The maxima; with `return_indices`, their indices too."""
        return self._function("max_pool")(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The windows."""
        return shown(self, "kernel_size", "stride", "padding", "dilation", "ceil_mode")


class MaxPool1d(_MaxPool):
    """The maximum of each window: see `nn.functional.max_pool1d`."""

    dims = 1


class MaxPool2d(_MaxPool):
    """Like `MaxPool1d`, over images."""

    dims = 2


class MaxPool3d(_MaxPool):
    """Like `MaxPool1d`, over volumes."""

    dims = 3


class _MaxUnpool(_Pool):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = repeated(kernel_size, self.dims)
        self.stride = repeated(kernel_size if stride is None else stride, self.dims)
        self.padding = repeated(padding, self.dims)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """Zeros with `input` at `indices`."""
        return self._function("max_unpool")(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """The windows."""
        return shown(self, "kernel_size", "stride", "padding")


class MaxUnpool1d(_MaxUnpool):
    """Puts the maxima of `MaxPool1d` back where they were: see `nn.functional.max_unpool1d`."""

    dims = 1


class MaxUnpool2d(_MaxUnpool):
    """Like `MaxUnpool1d`, over images."""

    dims = 2


class MaxUnpool3d(_MaxUnpool):
    """Like `MaxUnpool1d`, over volumes."""

    dims = 3


class _AvgPool(_Pool):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override: int | None = None) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The averages."""
        return self._function("avg_pool")(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The windows."""
        return shown(self, "kernel_size", "stride", "padding")


class AvgPool1d(_AvgPool):
    """The average of each window: see `nn.functional.avg_pool1d`."""

    dims = 1

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 ceil_mode: bool = False, count_include_pad: bool = True) -> None:  # fmt: skip
        super().__init__(
            repeated(kernel_size, 1),
            repeated(kernel_size if stride is None else stride, 1),
            repeated(padding, 1),
            ceil_mode,
            count_include_pad,
        )

    def forward(self, input: Tensor) -> Tensor:
        """The averages."""
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                            self.count_include_pad)  # fmt: skip


class AvgPool2d(_AvgPool):
    """Like `AvgPool1d`, over images; `divisor_override` replaces the window's size."""

    dims = 2


class AvgPool3d(_AvgPool):
    """Like `AvgPool2d`, over volumes."""

    dims = 3


class _LPPool(_Pool):
    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """The norms."""
        return self._function("lp_pool")(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """The norm and the windows."""
        return shown(self, "norm_type", "kernel_size", "stride", "ceil_mode")


class LPPool1d(_LPPool):
    """``sum(x**p) ** (1 / p)`` of each window: see `nn.functional.lp_pool1d`."""

    dims = 1


class LPPool2d(_LPPool):
    """Like `LPPool1d`, over images."""

    dims = 2


class LPPool3d(_LPPool):
    """Like `LPPool1d`, over volumes."""

    dims = 3


class _AdaptivePool(_Pool):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        """The averages."""
        return self._function("adaptive_avg_pool")(input, self.output_size)

    def extra_repr(self) -> str:
        """The size of the result."""
        return shown(self, "output_size")


class AdaptiveAvgPool1d(_AdaptivePool):
    """The averages of `output_size` windows: see `nn.functional.adaptive_avg_pool1d`."""

    dims = 1


class AdaptiveAvgPool2d(_AdaptivePool):
    """Like `AdaptiveAvgPool1d`, over images; None keeps the size of a dimension."""

    dims = 2


class AdaptiveAvgPool3d(_AdaptivePool):
    """Like `AdaptiveAvgPool2d`, over volumes."""

    dims = 3


class _AdaptiveMaxPool(_AdaptivePool):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The maxima; with `return_indices`, their indices too."""
        return self._function("adaptive_max_pool")(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of `output_size` windows: see `nn.functional.adaptive_max_pool1d`."""

    dims = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Like `AdaptiveMaxPool1d`, over images; None keeps the size of a dimension."""

    dims = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Like `AdaptiveMaxPool2d`, over volumes."""

    dims = 3


class _FractionalMaxPool(_Pool):
    def __init__(self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
                 return_indices: bool = False,
                 _random_samples: Tensor | None = None) -> None:  # fmt: skip
        super().__init__()
        name, ratios = type(self).__name__, output_ratio
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if ratios is not None:
            ratios = repeated(output_ratio, self.dims)
            if not all(0 < ratio < 1 for ratio in ratios):
                raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")
        self.kernel_size, self.return_indices = repeated(kernel_size, self.dims), return_indices
        self.output_size = None if output_size is None else repeated(output_size, self.dims)
        self.output_ratio = ratios
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Tensor) -> Any:
        """The maxima; with `return_indices`, their indices too."""
        return self._function("fractional_max_pool")(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    """Maxima of windows at random positions: see `nn.functional.fractional_max_pool2d`."""

    dims = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """Like `FractionalMaxPool2d`, over volumes."""

    dims = 3

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
    "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip
