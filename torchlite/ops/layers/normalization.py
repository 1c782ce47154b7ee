"""Normalisation to mean 0 and variance 1: over last dimensions, groups, batches or positions.

The result is multiplied by a weight, and a bias added. Half precision is computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import FLOAT
from torchlite.ops.core.family import functional, not_a_tensor, refuse, write_out
from torchlite.ops.core.inplace import write
from torchlite.ops.core.op import Primitive, declare, declared, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.arithmetic import add, div, mul, square
from torchlite.ops.math.clamping import clamp
from torchlite.ops.math.exponentials import pow
from torchlite.ops.reduce.norms import vector_norm

_HALF = (dtypes.float16, dtypes.bfloat16)


def _layer_rule(xp: Any, g: Any, needs: Any, x: Any, weight: Any, dims: int, eps: float) -> tuple:
    return *xp.layer_norm_backward(g, x, weight, dims, eps, needs), None, None


def _rms_rule(xp: Any, g: Any, needs: Any, x: Any, weight: Any, dims: int, eps: float) -> tuple:
    return *xp.rms_norm_backward(g, x, weight, dims, eps, needs), None, None


def _group_rule(xp: Any, g: Any, needs: Any, x: Any, weight: Any, groups: int,
                eps: float) -> tuple:  # fmt: skip
    return *xp.group_norm_backward(g, x, weight, groups, eps, needs), None, None


def _batch_rule(xp: Any, g: Any, needs: Any, x: Any, weight: Any, mean: Any, var: Any,
                training: bool, eps: float) -> tuple:  # fmt: skip
    grads = xp.batch_norm_backward(g, x, weight, mean, var, training, eps, needs)
    return *grads, None, None, None, None


_layer_norm = declare("layer_norm", joint=_layer_rule, title="NativeLayerNorm")
_rms_norm = declare("rms_norm", joint=_rms_rule, title="FusedRmsNorm")
_group_norm = declare("group_norm", joint=_group_rule, title="NativeGroupNorm")
_batch_norm = declare("batch_norm", joint=_batch_rule, title="NativeBatchNorm")


def _normalized(name: str, primitive: Primitive, input: Tensor, parameters: Sequence[Any],
                *options: Any) -> Tensor:  # fmt: skip
    """Run on tensors of one dtype; parameters may be None, or float32 with half-precision input."""
    kind = input.dtype
    if kind.category != FLOAT:
        raise refuse(name, kind)
    for p in parameters:
        usual = p is None or p.dtype is kind or (kind in _HALF and p.dtype is dtypes.float32)
        if not usual:
            raise RuntimeError(
                "mixed dtype (CPU): expect parameter to have scalar type of Float\n"
                f"The input has dtype {kind}, a weight or bias {p.dtype}."
            )
    if kind in _HALF:
        input = cast(input, dtypes.float32)
        parameters = [None if p is None else cast(p, dtypes.float32) for p in parameters]
    args = (input, *parameters, *options)
    raw = [getattr(x, "_data", x) for x in args]
    return cast(run(primitive, args, raw), kind)


# --- over last dimensions -----------------------------------------------------------------------


@functional
def layer_norm(input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
               bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:  # fmt: skip
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last dimensions.

    Source: Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450
    input (*, *normalized_shape), weight and bias (*normalized_shape) -> the shape of `input`.
    Raises: RuntimeError (as PyTorch) for other shapes or dtypes.
    """
    shape = _check_normalized_shape("layer_norm", input, normalized_shape, ", ")
    _check_parameters(shape, weight=weight, bias=bias)
    return _normalized("LayerNormKernelImpl", _layer_norm, input, (weight, bias), len(shape), eps)


@functional
def rms_norm(input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
             eps: float | None = None) -> Tensor:  # fmt: skip
    """``x / sqrt(mean(x**2) + eps) * weight`` over the last dimensions.

    Source: Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467
    Shapes as in `layer_norm`. eps None: ``finfo(input.dtype).eps``.
    Raises: RuntimeError (as PyTorch) for other shapes.
    """
    shape = _check_normalized_shape("rms_norm", input, normalized_shape, "")
    _check_parameters(shape, weight=weight)
    if input.dtype.category != FLOAT:
        raise refuse("rms_norm", input.dtype)
    if eps is None:
        eps = dtypes.finfo(input.dtype).eps
    return _normalized("rms_norm", _rms_norm, input, (weight,), len(shape), eps)


def _check_normalized_shape(name: str, input: Any, normalized_shape: Any, comma: str) -> tuple:
    if not isinstance(input, Tensor):
        raise not_a_tensor(name, 1, "input", input)
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    own = tuple(input._data.shape)
    if own[-len(shape) :] != shape:
        sizes = ", ".join(map(str, shape))
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*{comma}{sizes}], "
            f"but got input of size{list(own)}"
        )
    return shape


def _check_parameters(shape: tuple, **parameters: Tensor | None) -> None:
    for label, p in parameters.items():
        if p is not None and p._data.shape != shape:
            raise RuntimeError(
                f"Expected {label} to be of same shape as normalized_shape, but got {label} of "
                f"shape {list(p.shape)} and normalized_shape = {list(shape)}"
            )


# --- over channels ------------------------------------------------------------------------------


@functional
def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None,
               bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:  # fmt: skip
    """Like `layer_norm`, over each of `num_groups` groups of channels and all positions.

    Source: Wu and He 2018, https://arxiv.org/abs/1803.08494
    input (N, C, *), weight and bias (C,) -> the shape of `input`.
    Raises: RuntimeError (as PyTorch) if C is not a multiple of `num_groups`, or for other shapes.
    """
    shape = tuple(input._data.shape)
    if len(shape) < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    if num_groups <= 0 or shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    for label, p in (("weight", weight), ("bias", bias)):
        if p is not None and p._data.shape != shape[1:2]:
            raise RuntimeError(
                f"Expected {label} to be a vector of size equal to the number of channels in "
                f"input, but got {label} of shape {list(p.shape)} and input of shape {list(shape)}"
            )
    if shape[0] * shape[1] // num_groups * math.prod(shape[2:]) == 1:
        folded = [shape[0] * shape[1] // num_groups, num_groups, *shape[2:]]
        raise _too_few_values(folded)
    return _normalized("GroupNormKernelImpl", _group_norm, input, (weight, bias), num_groups, eps)


def _too_few_values(shape: Any) -> ValueError:
    return ValueError(
        f"Expected more than 1 value per channel when training, got input size {shape}"
    )


@functional
def batch_norm(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
               weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
               momentum: float = 0.1, eps: float = 1e-5) -> Tensor:  # fmt: skip
    """``(x - mean) / sqrt(var + eps) * weight + bias``, for each channel.

    Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167
    With `training`, uses the moments of the batch, and updates the running ones (in place) with
    weight `momentum`, the variance unbiased; otherwise uses those. input (N, C, *), others (C,).
    Raises: ValueError for one value per channel, or a negative `eps`; RuntimeError for shapes that
    do not match.
    """
    if eps < 0 or (training and eps == 0):
        kind = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {kind}, but got {eps}")
    shape = tuple(input._data.shape)
    if training and math.prod(shape[:1] + shape[2:]) == 1:
        raise _too_few_values(input.size())
    channels = shape[1] if len(shape) > 1 else 0
    _check_channels(channels, running_mean, running_var, weight, bias, training)
    if input.dtype.category != FLOAT:
        raise refuse("batch_norm", input.dtype)
    if len(shape) < 2:
        if input._data.size:
            raise RuntimeError(f"batch_norm: expected input of shape (N, C, *), got {list(shape)}")
        return input.clone()
    if training:
        mean, var = _batch_moments(input, running_mean, running_var, momentum)
    else:
        mean, var = (_statistic(x, input.dtype) for x in (running_mean, running_var))
    return _normalized("batch_norm", _batch_norm, input, (weight, bias), mean, var, training, eps)


def _check_channels(count: int, mean: Any, var: Any, weight: Any, bias: Any,
                    training: bool) -> None:  # fmt: skip
    running = {"running_mean": mean, "running_var": var}
    for label, x in {**running, "weight": weight, "bias": bias}.items():
        if x is None:
            if label in running and not training:
                raise RuntimeError(f"{label} must be defined in evaluation mode")
        elif x._data.size != count:
            raise RuntimeError(f"{label} should contain {count} elements not {x._data.size}")


def _statistic(x: Any, kind: dtypes.dtype) -> Tensor:
    """Running moments, or the input, in the dtype of the computation, detached from the graph."""
    return cast(x.detach(), dtypes.float32 if kind in _HALF else kind)


def _batch_moments(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
                   momentum: float) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The moments of each channel; updates the running ones."""
    xp, data = local.mode.xp, _statistic(input, input.dtype)._data
    mean, var = map(xp.asarray, xp.batch_moments(data))
    count = data.size // data.shape[1] if data.shape[1] else 0
    unbiased = xp.mul(var, count / (count - 1)) if count > 1 else var
    for running, new in ((running_mean, mean), (running_var, unbiased)):
        if running is not None and count:
            new = cast(wrap(xp.asarray(new)), running.dtype)._data
            write(running, xp.add(xp.mul(running._data, 1 - momentum), xp.mul(new, momentum)))
    return wrap(mean), wrap(var)


@functional
def instance_norm(input: Tensor, running_mean: Tensor | None = None,
                  running_var: Tensor | None = None, weight: Tensor | None = None,
                  bias: Tensor | None = None, use_input_stats: bool = True,
                  momentum: float = 0.1, eps: float = 1e-5) -> Tensor:  # fmt: skip
    """Like `batch_norm`, but each sample separately: over positions only.

    Source: Ulyanov, Vedaldi and Lempitsky 2016, https://arxiv.org/abs/1607.08022
    Running moments, if any, are updated with the mean over samples. input (N, C, *), others (C,).
    Raises: ValueError for one position per sample; RuntimeError for shapes that do not match.
    """
    if use_input_stats and math.prod(input._data.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.size()}"
        )
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    n, channels = input._data.shape[:2]
    mean, var = _repeated(running_mean, n), _repeated(running_var, n)
    scale, shift = _repeated(weight, n), _repeated(bias, n)
    folded = input.reshape(1, n * channels, *input._data.shape[2:])
    out = batch_norm(folded, mean, var, scale, shift, use_input_stats, momentum, eps)
    if use_input_stats:
        for running, moved in ((running_mean, mean), (running_var, var)):
            if running is not None:
                write(running, moved.reshape(n, channels).mean(0)._data)
    return out.reshape(input.shape)


def _repeated(x: Tensor | None, times: int) -> Any:
    return None if x is None else x.repeat(times)


@functional
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75,
                        k: float = 1.0) -> Tensor:  # fmt: skip
    """``x / (k + alpha * mean(x**2))**beta``, the mean over `size` neighbouring channels.

    Source: Krizhevsky, Sutskever and Hinton 2012. input (N, C, *) -> (N, C, *).
    Raises: ValueError for fewer than 3 dimensions.
    """
    ndim = input._data.ndim
    if ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {ndim} dimensions)")
    if not input._data.size:
        return input
    squares = square(input)
    ends = ((0, 0), (size // 2, (size - 1) // 2), *[(0, 0)] * (ndim - 2))
    mean = div(declared["pad"](squares, ends, 0).unfold(1, size, 1).sum(-1), size)
    return div(input, pow(add(mul(mean, alpha), k), beta))


@functional
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`input` divided by its `p`-norm along `dim`, but at least by `eps`."""
    result = div(input, clamp(vector_norm(input, p, dim, True), eps))
    return result if out is None else write_out("normalize", out, result)


__all__ = ["group_norm", "layer_norm", "rms_norm"]
