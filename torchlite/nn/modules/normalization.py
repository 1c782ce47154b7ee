"""Normalisation over the last dimensions, groups of channels or neighbouring channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.affine import add_affine, reset_affine
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty


class LayerNorm(Module):
    """Normalises the last dimensions to mean 0 and variance 1, then applies `weight` and `bias`.

    Source: Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450

    Args:
        normalized_shape: The shape of the last dimensions, or the size of the last one.
        eps: Added to the variance. Default: 1e-5.
        elementwise_affine: Whether there are a weight and a bias. Default: True.
        bias: Whether there is a bias, if `elementwise_affine`. Default: True.

    Shape: ``(*, *normalized_shape)``, unchanged. Raises: RuntimeError (as PyTorch) otherwise.
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float = 1e-5,
                 elementwise_affine: bool = True, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        like = {"device": device, "dtype": dtype}
        add_affine(self, self.normalized_shape, elementwise_affine, bias, like)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        reset_affine(self)

    def forward(self, input: Tensor) -> Tensor:
        """`input`, normalised."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape and all options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine="
            f"{self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divides by the root mean square of the last dimensions, then multiplies by `weight`.

    Source: Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467

    Args:
        normalized_shape: The shape of the last dimensions, or the size of the last one.
        eps: Added to the mean square. Default: ``finfo(dtype).eps``.
        elementwise_affine: Whether there is a weight. Default: True.

    Shape: ``(*, *normalized_shape)``, unchanged. Raises: RuntimeError (as PyTorch) otherwise.
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float | None = None,
                 elementwise_affine: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        weight = None
        if elementwise_affine:
            weight = Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """`input`, normalised."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The shape and all options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """Normalises groups of channels to mean 0 and variance 1, then applies `weight` and `bias`.

    Source: Wu and He 2018, https://arxiv.org/abs/1803.08494

    Args:
        num_groups: Number of groups of channels.
        num_channels: Number of channels C.
        eps: Added to the variance. Default: 1e-5.
        affine: Whether there are a weight and a bias, (C,). Default: True.
        bias: Whether there is a bias, if `affine`. Default: True.

    Shape: (N, C, *), unchanged. Raises: ValueError if C is not a multiple of `num_groups`.
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True,
                 device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        add_affine(self, (num_channels,), affine, bias, {"device": device, "dtype": dtype})
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        reset_affine(self)

    def forward(self, input: Tensor) -> Tensor:
        """`input`, normalised."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The sizes and all options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """``x / (k + alpha * mean(x**2))**beta``, the mean over `size` neighbouring channels.

    Source: Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep convolutional
    neural networks. Shape: (N, C, *), unchanged.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        """`input`, normalised."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """All options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """`LocalResponseNorm` of images, over an odd number of channels: one fewer if `size` is even.

    (PyTorch's never drops the first channel from the sum, a bug that is not reproduced here.)
    Shape: (N, C, H, W), unchanged. Raises: ValueError otherwise.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Tensor) -> Tensor:
        """`input`, normalised."""
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        width = self.size - 1 + self.size % 2
        alpha = self.alpha * width / self.size  # the sum is still divided by `size`
        return F.local_response_norm(input, width, alpha, self.beta, self.k)


def _as_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]
