"""Smooth and bounded activations as layers. Shape: any, unchanged, unless a class differs."""

from __future__ import annotations

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.module import Module


class Activation(Module):
    """Shows its `settings` in ``repr``, and ``inplace`` if it is on."""

    settings: tuple[str, ...] = ()

    def extra_repr(self) -> str:
        """The settings."""
        parts = [f"{name}={getattr(self, name)!r}" for name in self.settings]
        if getattr(self, "inplace", False):
            parts.append("inplace=True")
        return ", ".join(parts)


class InPlace(Activation):
    """Its only setting is `inplace`, which writes the result into the input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class SiLU(InPlace):
    """``x * sigmoid(x)``, also called swish."""

    def forward(self, input: Tensor) -> Tensor:
        """``silu(input)``."""
        return F.silu(input, self.inplace)


class Mish(InPlace):
    """``x * tanh(softplus(x))``. Source: arXiv:1908.08681."""

    def forward(self, input: Tensor) -> Tensor:
        """``mish(input)``."""
        return F.mish(input, self.inplace)


class Hardsigmoid(InPlace):
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


class GELU(Activation):
    """``x * Phi(x)``, exact or, with ``approximate="tanh"``, approximate. Source:
    arXiv:1606.08415."""

    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """``gelu(input)``."""
        return F.gelu(input, approximate=self.approximate)


class Softplus(Activation):
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
        """The threshold."""
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


class GLU(Activation):
    """``a * sigmoid(b)`` for the halves ``a``, ``b`` along `dim`, whose length must be even.

    Source: Dauphin et al. 2016, https://arxiv.org/abs/1612.08083
    """

    settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """``glu(input)``."""
        return F.glu(input, self.dim)


class Softmax(Activation):
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
    """`Softmax` over the channels. Shape: (N, C, H, W) or (C, H, W), unchanged.

    Raises: ValueError for another number of dimensions.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``softmax(input, -3)``."""
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3, _stacklevel=5)

__all__ = [
    "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "LogSigmoid", "LogSoftmax", "Mish",
    "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign",
    "Tanh", "Tanhshrink",
]  # fmt: skip
