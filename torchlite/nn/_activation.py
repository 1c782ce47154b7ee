"""Activation functions that are composed of other operations. Any shape is kept.

With `inplace` the result is written into `input`; ``name_(x)`` does the same.
"""

from __future__ import annotations

import warnings

from torchlite import dtypes
from torchlite._tensor import Tensor
from torchlite.autograd import no_grad
from torchlite.ops.activation import sigmoid, softplus
from torchlite.ops.comparison import where
from torchlite.ops.creation import empty, ones_like
from torchlite.ops.elementwise import tanh
from torchlite.ops.inplace import in_place


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``relu6(x + 3) / 6``."""
    if inplace:
        return hardsigmoid_(input)
    return relu6(input + 3) / 6


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * relu6(x + 3) / 6``. Source: Howard et al. 2019, https://arxiv.org/abs/1905.02244."""
    if inplace:
        return hardswish_(input)
    return input * (relu6(input + 3) / 6)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * tanh(softplus(x))``. Source: Misra 2019, https://arxiv.org/abs/1908.08681."""
    if inplace:
        return mish_(input)
    return input * tanh(softplus(input))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """``x if x > threshold else value``; NaN is kept."""
    if inplace:
        return threshold_(input, threshold, value)
    return where(input <= threshold, value, input).to(input.dtype)


def softsign(input: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """``x - tanh(x)``."""
    return input - tanh(input)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``x - lambd`` above `lambd`, ``x + lambd`` below ``-lambd``, 0 between.

    Raises: RuntimeError if `lambd` is negative.
    """
    if not lambd >= 0:
        limit = dtypes.finfo(input.dtype).max
        raise RuntimeError(
            f"lambda must be in range [0, {limit:g}] for input dtype {input.dtype.legacy}, "
            f"but found {lambd}"
        )
    shrunk = where(input > lambd, input - lambd, input + lambd)
    return where(input.abs() <= lambd, 0.0, shrunk)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``x`` above `lambd` and below ``-lambd``, 0 between."""
    return where((input >= -lambd) & (input <= lambd), 0.0, input)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``x if x > 0 else weight * x``, one weight for all or for each channel (dimension 1).

    Raises: RuntimeError (as PyTorch) if the number of weights or their dtype does not fit.
    """
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype.legacy} "
            f"and {weight.dtype.legacy}"
        )
    if weight.numel() != 1:
        _check_channels(input, weight)
        weight = weight.reshape(-1, *[1] * (input.dim() - 2))
    elif weight.dim():
        weight = weight.reshape(())
    return where(input > 0, input, input * weight)


def _check_channels(input: Tensor, weight: Tensor) -> None:
    if input.dim() == 0:
        raise RuntimeError("Not allow zero-dim input tensor.")
    channels = input.shape[1] if input.dim() > 1 else 1
    if channels != weight.numel():
        raise RuntimeError(
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{weight.numel()} and channel size = {channels}."
        )
    if weight.dim() > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}"
        )


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """``x if x > 0 else slope * x``; in training, a slope from ``U(lower, upper)`` an element.

    Source: Xu et al. 2015, https://arxiv.org/abs/1505.00853
    Raises: RuntimeError if `lower` is greater than `upper`.
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if inplace:
        return rrelu_(input, lower, upper, training)
    if training:
        return input * _random_slopes(input, lower, upper)
    return where(input > 0, input, input * ((lower + upper) / 2))


@no_grad()
def _random_slopes(input: Tensor, lower: float, upper: float) -> Tensor:
    negative = input <= 0
    slopes = ones_like(input)
    drawn = empty(int(negative.sum()), dtype=dtypes.float64).uniform_(lower, upper)
    slopes[negative] = drawn.to(input.dtype)
    return slopes


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """``a * sigmoid(b)`` for the halves ``a``, ``b`` of `input` along `dim`.

    Source: Dauphin et al. 2016, https://arxiv.org/abs/1612.08083
    Raises: RuntimeError (as PyTorch) if the length along `dim` is odd.
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    length = input.size(dim)
    if length % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {length}"
        )
    half = length // 2
    return input.narrow(dim, 0, half) * sigmoid(input.narrow(dim, half, half))


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """`input` limited to ``[min_val, max_val]``; no gradient at the bounds.

    Raises: ValueError if `min_val` is greater than `max_val`.
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if inplace:
        return hardtanh_(input, min_val, max_val)
    limited = where(input <= min_val, min_val, where(input >= max_val, max_val, input))
    return limited.to(input.dtype)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(x, 0), 6)``."""
    return hardtanh(input, 0.0, 6.0, inplace)


def implicit_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The dimension that softmax and its kin take if none is given, with PyTorch's warning."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


hardsigmoid_ = in_place(hardsigmoid)
hardswish_ = in_place(hardswish)
hardtanh_ = in_place(hardtanh)
mish_ = in_place(mish)
rrelu_ = in_place(rrelu)
threshold_ = in_place(threshold)
