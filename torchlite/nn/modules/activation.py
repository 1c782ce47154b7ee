"""Activation functions as layers. Shape: any, kept, unless a class says otherwise."""

from __future__ import annotations

import warnings
from typing import Any

from torchlite._tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation import empty


class _Activation(Module):
    """Shows its `settings` in ``repr``, and ``inplace`` if it is on."""

    settings: tuple[str, ...] = ()

    def extra_repr(self) -> str:
        """The settings."""
        parts = [f"{name}={getattr(self, name)!r}" for name in self.settings]
        if getattr(self, "inplace", False):
            parts.append("inplace=True")
        return ", ".join(parts)


class _InPlace(_Activation):
    """Has no setting but `inplace`, which writes the result into the input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class ReLU(_InPlace):
    """``max(x, 0)``."""

    def forward(self, input: Tensor) -> Tensor:
        """The positive part of `input`."""
        return F.relu(input, self.inplace)


class SELU(_InPlace):
    """Scaled `ELU` whose output keeps mean 0 and variance 1. Source: arXiv:1706.02515."""

    def forward(self, input: Tensor) -> Tensor:
        """``selu(input)``."""
        return F.selu(input, self.inplace)


class SiLU(_InPlace):
    """``x * sigmoid(x)``, also called swish."""

    def forward(self, input: Tensor) -> Tensor:
        """``silu(input)``."""
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """``x * tanh(softplus(x))``. Source: arXiv:1908.08681."""

    def forward(self, input: Tensor) -> Tensor:
        """``mish(input)``."""
        return F.mish(input, self.inplace)


class Hardsigmoid(_InPlace):
    """``relu6(x + 3) / 6``."""

    def forward(self, input: Tensor) -> Tensor:
        """``hardsigmoid(input)``."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Hardswish(Hardsigmoid):
    """``x * relu6(x + 3) / 6``. Source: arXiv:1905.02244."""

    def forward(self, input: Tensor) -> Tensor:
        """``hardswish(input)``."""
        return F.hardswish(input, self.inplace)


class Threshold(_Activation):
    """``x if x > threshold else value``."""

    settings = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """`input` with small elements replaced."""
        return F.threshold(input, self.threshold, self.value, self.inplace)


class Hardtanh(_Activation):
    """`input` limited to ``[min_val, max_val]``.

    Raises: AssertionError if `max_val` is not greater than `min_val`.
    """

    settings = ("min_val", "max_val")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new, given in (
            ("min_value", "min_val", min_value),
            ("max_value", "max_val", max_value),
        ):
            if given is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and rename to `{new}`",
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
        """`input`, limited."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``."""

    settings = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(_Activation):
    """``x if x > 0 else negative_slope * x``."""

    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """``leaky_relu(input)``."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class RReLU(_Activation):
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


class PReLU(_Activation):
    """`LeakyReLU` whose slope, for all or for each channel (dimension 1), is learned.

    Source: He et al. 2015, https://arxiv.org/abs/1502.01852

    Args:
        num_parameters: 1, or the number of channels.
        init: First value of the slope. Default: 0.25.
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
        """Set the slope to its first value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """``prelu(input)``."""
        return F.prelu(input, self.weight)


class ELU(_Activation):
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


class GELU(_Activation):
    """``x * Phi(x)``, exact or, with ``approximate="tanh"``, approximate. Source:
    arXiv:1606.08415."""

    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """``gelu(input)``."""
        return F.gelu(input, approximate=self.approximate)


class Softplus(_Activation):
    """``log(1 + e**(beta * x)) / beta``; ``x`` where ``beta * x > threshold``."""

    settings = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """``softplus(input)``."""
        return F.softplus(input, self.beta, self.threshold)


class Softshrink(Module):
    """``x - lambd`` above `lambd`, ``x + lambd`` below ``-lambd``, 0 between."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """``softshrink(input)``."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return f"{self.lambd}"


class Hardshrink(Softshrink):
    """``x`` above `lambd` and below ``-lambd``, 0 between."""

    def forward(self, input: Tensor) -> Tensor:
        """``hardshrink(input)``."""
        return F.hardshrink(input, self.lambd)


class Softsign(Module):
    """``x / (1 + |x|)``."""

    def forward(self, input: Tensor) -> Tensor:
        """``softsign(input)``."""
        return F.softsign(input)


class Tanhshrink(Module):
    """``x - tanh(x)``."""

    def forward(self, input: Tensor) -> Tensor:
        """``tanhshrink(input)``."""
        return F.tanhshrink(input)


class Sigmoid(Module):
    """``1 / (1 + e**-x)``."""

    def forward(self, input: Tensor) -> Tensor:
        """``sigmoid(input)``."""
        return F.sigmoid(input)


class LogSigmoid(Module):
    """``log(1 / (1 + e**-x))``."""

    def forward(self, input: Tensor) -> Tensor:
        """``logsigmoid(input)``."""
        return F.logsigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """``tanh(input)``."""
        return F.tanh(input)


class GLU(_Activation):
    """``a * sigmoid(b)`` for the halves ``a``, ``b`` along `dim`, which has even length.

    Source: Dauphin et al. 2016, https://arxiv.org/abs/1612.08083
    """

    settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """``glu(input)``."""
        return F.glu(input, self.dim)


class Softmax(_Activation):
    """``e**x``, divided by its sum along `dim`; leaving `dim` out is deprecated."""

    settings = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """``softmax(input)``."""
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmin(Softmax):
    """`Softmax` of ``-x``."""

    def forward(self, input: Tensor) -> Tensor:
        """``softmin(input)``."""
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, without its loss of precision."""

    def forward(self, input: Tensor) -> Tensor:
        """``log_softmax(input)``."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """`Softmax` over the channels. Shape: (N, C, H, W) or (C, H, W), kept.

    Raises: ValueError for another number of dimensions.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``softmax(input, -3)``."""
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3, _stacklevel=5)
