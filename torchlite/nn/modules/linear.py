"""Affine layers: `Linear`, `Bilinear`, `Identity`."""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty


class Identity(Module):
    """Returns its input. The constructor accepts and ignores any arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """`input`."""
        return input


class Linear(Module):
    """``input @ weight.T + bias``.

    Args:
        in_features: Length of the last dimension of the input.
        out_features: Length of the last dimension of the output.
        bias: Whether to add a bias. Default: True.

    Attributes: ``weight`` (out_features, in_features) and ``bias`` (out_features,), both sampled
    from ``U(-k, k)``, ``k = 1 / sqrt(in_features)``.
    Shape: ``(*, in_features) -> (*, out_features)``.
    Raises: RuntimeError (as PyTorch) if the input does not end in `in_features`.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        like = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in_features, **like))
        self.register_parameter("bias", Parameter(empty(out_features, **like)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Resample the weight, then the bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """The affine map of `input`."""
        try:
            return F.linear(input, self.weight, self.bias)
        except RuntimeError as error:
            raise self._explained(error, input) from None

    def _explained(self, error: RuntimeError, input: Tensor) -> RuntimeError:
        if input.shape[-1:] == (self.in_features,):
            return error
        return type(error)(
            f"{error}\n{self}: expected (*, {self.in_features}), got {tuple(input.shape)}"
        )

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """``input1 @ weight[k] @ input2 + bias[k]`` for each output ``k``.

    Args:
        in1_features: Length of the last dimension of the first input.
        in2_features: Length of the last dimension of the second input.
        out_features: Length of the last dimension of the output.
        bias: Whether to add a bias. Default: True.

    Shape: ``(*, in1_features), (*, in2_features) -> (*, out_features)``.
    Raises: ValueError if `in1_features` is not positive.
    """

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        like = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in1_features, in2_features, **like))
        self.register_parameter("bias", Parameter(empty(out_features, **like)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Resample the weight, then the bias."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """The bilinear map of both inputs."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear`, under the name it has in PyTorch's `MultiheadAttention`."""
