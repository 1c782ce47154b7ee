"""Activation functions of neural networks, with their gradients.

Shapes: ``(*) -> (*)`` unless stated. With ``inplace=True`` the result is written into `input`.
Integers raise NotImplementedError (as PyTorch), except where a docstring says otherwise.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.dtypes import BOOL, COMPLEX, FLOAT
from torchlite.ops.core.family import functional, not_a_tensor, operation, unary
from torchlite.ops.core.inplace import in_place
from torchlite.ops.core.methods import F, put
from torchlite.ops.core.op import declare, run
from torchlite.ops.creation.conversion import clone
from torchlite.ops.math.arithmetic import abs, add, div, mul, sub
from torchlite.ops.math.comparison import gt, le, where
from torchlite.ops.math.trigonometry import tanh

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

_relu = declare("relu", x=lambda xp, g, out: xp.relu_backward(g, out))
_leaky_relu = declare(
    "leaky_relu", x=lambda xp, g, x, negative_slope: xp.leaky_relu_backward(g, x, negative_slope)
)
_elu = declare(
    "elu",
    x=lambda xp, g, x, alpha, scale, input_scale: xp.elu_backward(g, x, alpha, scale, input_scale),
)
_silu = declare("silu", x=lambda xp, g, x: xp.silu_backward(g, x))
_mish = declare("mish", x=lambda xp, g, x: xp.mish_backward(g, x))
_gelu = declare("gelu", x=lambda xp, g, x, approximate: xp.gelu_backward(g, x, approximate))
_softplus = declare(
    "softplus", x=lambda xp, g, x, beta, threshold: xp.softplus_backward(g, x, beta, threshold)
)
_log_sigmoid = declare("log_sigmoid", x=lambda xp, g, x: xp.log_sigmoid_backward(g, x))


def overwrite(function: Any, input: Tensor, *args: Any) -> Tensor:
    """Write ``function(input, *args)`` into `input`; the gradient uses a copy of the old values."""
    return in_place(lambda x: function(clone(x), *args), function.__name__)(input)


def _run(kernel: str, primitive: Any, input: Tensor, *parameters: Any) -> Tensor:
    """Run `primitive` on a real floating-point tensor."""
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor(primitive.name, 1, "input", input)
    if dtypes.of(data).category != FLOAT:
        raise lacks(kernel, input)
    return run(primitive, (input, *parameters), (data, *parameters))


def lacks(kernel: str, input: Tensor) -> NotImplementedError:
    """PyTorch's error for a dtype that an activation does not support."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.legacy}'")


# --- rectifiers ---------------------------------------------------------------------------------


@operation
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``, NaN propagates; the gradient at 0 is 0. Accepts integers."""
    data = getattr(input, "_data", None)
    if data is None:
        raise not_a_tensor("relu", 1, "input", input)
    if inplace:
        return relu_(input)
    category = dtypes.of(data).category
    if category == BOOL:
        raise RuntimeError("Boolean inputs not supported for relu")
    if category == COMPLEX:
        raise NotImplementedError("clamp is not supported for complex types")
    return run(_relu, (input,), (data,))


relu_ = in_place(relu)
put("relu_", relu_)


@functional
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``negative_slope * input``."""
    if inplace:
        return overwrite(leaky_relu, input, negative_slope)
    return _run("leaky_relu_cpu", _leaky_relu, input, negative_slope)


@operation
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``input`` where positive, else ``weight * input``.

    weight: one element, or (C,) for dimension 1 of `input` (N, C, *).
    Raises: RuntimeError (as PyTorch) if `weight` does not match.
    """
    if not isinstance(weight, Tensor):
        raise not_a_tensor("prelu", 2, "weight", weight)
    shape, count = input._data.shape, weight._data.size
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            "prelu: Type promoting not supported. "
            f"Got {input.dtype.legacy} and {weight.dtype.legacy}"
        )
    if weight._data.ndim > 1:
        raise RuntimeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: "
            f"ndim = {weight._data.ndim}"
        )
    if count != 1:
        if not shape:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = shape[1] if len(shape) > 1 else 1
        if channels != count:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{count} and channel size = {channels}."
            )
    weight = weight.reshape((count,) + (1,) * max(len(shape) - 2, 0))
    result = where(gt(input, 0), input, mul(input, weight))
    return result if shape else result.reshape(())


@functional
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``alpha * (e**input - 1)``."""
    if inplace:
        return overwrite(elu, input, alpha)
    return _run("elu_cpu", _elu, input, alpha, 1.0, 1.0)


@functional
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """A scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al. 2017)."""
    if inplace:
        return overwrite(selu, input)
    return _run("elu_cpu", _elu, input, _SELU_ALPHA, _SELU_SCALE, 1.0)


@functional
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """``input`` where positive, else ``alpha * (e**(input / alpha) - 1)``.

    Raises: RuntimeError for alpha 0.
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    if inplace:
        return overwrite(celu, input, alpha)
    return _run("elu_cpu", _elu, input, alpha, 1.0, 1 / alpha)


@functional
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """``input`` where above `threshold`, else `value`. Accepts integers."""
    if inplace:
        return in_place(_above)(input, threshold, value)
    return _above(input, threshold, value)


def _above(input: Tensor, threshold: float, value: float) -> Tensor:
    if input.dtype.category < FLOAT:
        value = int(value)
    return where(le(input, threshold), value, input)


# --- smooth -------------------------------------------------------------------------------------


@unary(floats=True, input=lambda xp, g, out: xp.sigmoid_backward(g, out))
def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``1 / (1 + e**-input)``. Accepts integers."""


@functional
def logsigmoid(input: Tensor) -> Tensor:
    """``log(sigmoid(input))``, without overflow."""
    return _run("log_sigmoid_cpu", _log_sigmoid, input)


@functional
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``. Accepts complex numbers."""
    if inplace:
        return overwrite(silu, input)
    if input.dtype.category == COMPLEX:
        return mul(input, sigmoid(input))
    return _run("silu_cpu", _silu, input)


@functional
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * tanh(softplus(input))``."""
    if inplace:
        return overwrite(mish, input)
    return _run("mish_cpu", _mish, input)


@functional
def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """``input * Phi(input)``, Phi the normal CDF; approximate: "none" or "tanh".

    Source: Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return _run("GeluKernelImpl", _gelu, input, approximate)


@functional
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + e**(beta * input)) / beta``; `input` where ``beta * input > threshold``."""
    return _run("softplus_cpu", _softplus, input, beta, threshold)


@functional
def softsign(input: Tensor) -> Tensor:
    """``input / (1 + |input|)``. Accepts integers."""
    return div(input, add(abs(input), 1))


@functional
def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``. Accepts integers."""
    return sub(input, tanh(input))


@functional
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of `input` along `dim`, times the sigmoid of the second half.

    Raises: RuntimeError if the size of `dim` is odd.
    """
    if not input._data.ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    dim = normalize_dim(dim, input._data.ndim)
    size = input._data.shape[dim]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    half = size // 2
    return mul(input.narrow(dim, 0, half), sigmoid(input.narrow(dim, half, half)))


# --- in-place forms -----------------------------------------------------------------------------


def in_place_form(function: F) -> F:
    """The function ``name_(input, ...)`` for a function with a parameter `inplace`."""

    @functools.wraps(function)
    def form(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(input, *args, **kwargs, inplace=True)

    signature = inspect.signature(function)
    kept = [p for p in signature.parameters.values() if p.name != "inplace"]
    result: Any = form
    result.__name__ = result.__qualname__ = f"{function.__name__}_"
    result.__doc__ = f"In-place form of `{function.__name__}`."
    result.__signature__ = signature.replace(parameters=kept)
    return result


celu_, elu_, selu_ = in_place_form(celu), in_place_form(elu), in_place_form(selu)
leaky_relu_, threshold_ = in_place_form(leaky_relu), in_place_form(threshold)

__all__ = [
    "celu", "celu_", "prelu", "relu", "relu_", "selu", "selu_", "sigmoid", "threshold",
    "threshold_",
]  # fmt: skip
