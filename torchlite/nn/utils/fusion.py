"""Batch normalisation folded into the layer before it, for inference."""

from __future__ import annotations

import copy
import functools
from typing import Any, TypeVar

from torchlite.core.tensor import Tensor
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import ones_like, zeros_like
from torchlite.ops.math.exponentials import rsqrt

ConvT = TypeVar("ConvT", bound=Module)
LinearT = TypeVar("LinearT", bound=Module)


def fuse_conv_bn_eval(conv: ConvT, bn: Any, transpose: bool = False) -> ConvT:
    """A copy of `conv` that computes ``bn(conv(x))``; both must be in evaluation mode.

    Args:
        conv: A convolution.
        bn: Batch normalisation of its channels, with running statistics.
        transpose: Whether the convolution is transposed. Default: False.

    Raises: AssertionError in training mode or without running statistics.
    """
    return _fused(conv, bn, functools.partial(fuse_conv_bn_weights, transpose=transpose))


def fuse_linear_bn_eval(linear: LinearT, bn: Any) -> LinearT:
    """A copy of `linear` that computes ``bn(linear(x))``; both must be in evaluation mode.

    Raises: AssertionError as `fuse_conv_bn_eval`, or if the numbers of features do not match.
    """
    _check(not (linear.training or bn.training), "Fusion only for eval!")
    _check(
        bn.num_features in (linear.out_features, 1),
        "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
        f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}",
    )
    return _fused(linear, bn, fuse_linear_bn_weights)


def fuse_conv_bn_weights(conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor,
                         bn_eps: float, bn_w: Tensor | None, bn_b: Tensor | None,
                         transpose: bool = False) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight (O, I, ...), or (I, O, ...) if `transpose`, and bias of the folded convolution.

    Args: the convolution's weight and bias; the normalisation's running mean, running variance,
    eps, weight and bias, each of shape (O,).
    """
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    return _folded(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, shape)


def fuse_linear_bn_weights(linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor,
                           bn_eps: float, bn_w: Tensor,
                           bn_b: Tensor) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight (O, I) and bias (O,) of the folded linear layer; see `fuse_conv_bn_weights`."""
    return _folded(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])


def _folded(w: Tensor, b: Tensor | None, mean: Tensor, var: Tensor, eps: float,
            scale: Tensor | None, shift: Tensor | None,
            shape: list[int]) -> tuple[Parameter, Parameter]:  # fmt: skip
    kind = w.dtype if b is None else b.dtype
    b = zeros_like(mean) if b is None else b
    factor = (ones_like(mean) if scale is None else scale) * rsqrt(var + eps)
    bias = (b - mean) * factor + (zeros_like(mean) if shift is None else shift)
    weight = (w * factor.reshape(shape)).to(dtype=w.dtype)
    return (
        Parameter(weight.detach(), w.requires_grad),
        Parameter(bias.to(dtype=kind).detach(), b.requires_grad),
    )


def _fused(layer: Any, bn: Any, fold: Any) -> Any:
    _check(not (layer.training or bn.training), "Fusion only for eval!")
    _check(
        bn.running_mean is not None and bn.running_var is not None,
        "bn.running_mean and bn.running_var must not be None",
    )
    layer = copy.deepcopy(layer)
    layer.weight, layer.bias = fold(
        layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return layer


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


__all__ = [
    "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights",
]  # fmt: skip
