"""Rectifiers as layers: `ReLU` and its relatives. Shape: any, unchanged."""

from __future__ import annotations

import warnings
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.activation import Activation, InPlace
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty


class ReLU(InPlace):
    """``max(x, 0)``."""

    def forward(self, input: Tensor) -> Tensor:
        """The positive part of `input`."""
        return F.relu(input, self.inplace)


class SELU(InPlace):
    """Scaled `ELU` that preserves mean 0 and variance 1. Source: arXiv:1706.02515."""

    def forward(self, input: Tensor) -> Tensor:
        """``selu(input)``."""
        return F.selu(input, self.inplace)


class Threshold(Activation):
    """``x if x > threshold else value``."""

    settings = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """`input` with small elements replaced."""
        return F.threshold(input, self.threshold, self.value, self.inplace)


class Hardtanh(Activation):
    """`input` clamped to ``[min_val, max_val]``.

    Raises: AssertionError if `max_val` is not greater than `min_val`.
    """

    settings: tuple[str, ...] = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False,
                 min_value: float | None = None,
                 max_value: float | None = None) -> None:  # fmt: skip
        super().__init__()
        for old, new, given in (
            ("min_value", "min_val", min_value),
            ("max_value", "max_val", max_value),
        ):
            if given is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and renamed to `{new}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    def forward(self, input: Tensor) -> Tensor:
        """`input`, clamped."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``."""

    settings = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(Activation):
    """``x if x > 0 else negative_slope * x``."""

    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """``leaky_relu(input)``."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class RReLU(Activation):
    """`LeakyReLU` whose slope, in training, is drawn from ``U(lower, upper)`` for each element.

    Source: Xu et al. 2015, https://arxiv.org/abs/1505.00853
    """

    settings = ("lower", "upper")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """``rrelu(input)``; the mean slope in evaluation mode."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class PReLU(Activation):
    """`LeakyReLU` with a learned slope, shared or one per channel (dimension 1).

    Source: He et al. 2015, https://arxiv.org/abs/1502.01852

    Args:
        num_parameters: 1, or the number of channels.
        init: Initial value of the slope. Default: 0.25.
    """

    settings = ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slope to its initial value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """``prelu(input)``."""
        return F.prelu(input, self.weight)


class ELU(Activation):
    """``x if x > 0 else alpha * (e**x - 1)``. Source: arXiv:1511.07289."""

    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """``elu(input)``."""
        return F.elu(input, self.alpha, self.inplace)


class CELU(ELU):
    """``x if x > 0 else alpha * (e**(x / alpha) - 1)``. Source: arXiv:1704.07483."""

    def forward(self, input: Tensor) -> Tensor:
        """``celu(input)``."""
        return F.celu(input, self.alpha, self.inplace)

__all__ = [
    "CELU", "ELU", "Hardtanh", "LeakyReLU", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "Threshold",
]  # fmt: skip
