"""Convolutions: sums of products over sliding windows, and their adjoints."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.layers.convolution_checks import (
    check_kinds,
    geometry,
    setting,
    sizes,
    transposed_geometry,
)
from torchlite.ops.layers.padding import pad
from torchlite.ops.shape.reshaping import permute, reshape


def _bias_grad(xp: Any, g: Any) -> Any:
    return xp.sum(g, (0, *range(2, len(g.shape))), False)


_convolution = declare(
    "convolution",
    x=lambda xp, g, weight, x_shape, stride, padding, dilation, groups: xp.convolution_transposed(
        g, weight, None, x_shape[2:], stride, padding, dilation, groups
    ),
    weight=lambda xp, g, x, weight_shape, stride, padding, dilation, groups: xp.convolution_weight(
        g, x, weight_shape[2:], stride, padding, dilation, groups
    ),
    bias=_bias_grad,
)
_transposed = declare(
    "convolution_transposed",
    title="Convolution",
    x=lambda xp, g, weight, x_shape, stride, padding, dilation, groups: xp.convolution(
        g, weight, None, x_shape[2:], stride, padding, dilation, groups
    ),
    weight=lambda xp, g, x, weight_shape, stride, padding, dilation, groups: xp.convolution_weight(
        x, g, weight_shape[2:], stride, padding, dilation, groups
    ),
    bias=_bias_grad,
)
declare(
    "convolution_weight",
    grad=lambda xp, g, grad_shape, x, stride, padding, dilation, groups: xp.convolution(
        x, g, None, grad_shape[2:], stride, padding, dilation, groups
    ),
    x=lambda xp, g, grad, x_shape, stride, padding, dilation, groups: xp.convolution_transposed(
        grad, g, None, x_shape[2:], stride, padding, dilation, groups
    ),
)


@functional
def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
           padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Tensor:  # fmt: skip
    """input (N, C, L), weight (O, C / groups, K), bias (O,) -> (N, O, L'); N is optional.

    ``L' = (L + 2 * padding - dilation * (K - 1) - 1) // stride + 1``. `padding`: number of zeros at
    both ends, "valid" (none) or "same" (L' = L, for stride 1).
    Raises: RuntimeError (as PyTorch) if shapes or dtypes do not match.
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@functional
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
           padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Tensor:  # fmt: skip
    """Like `conv1d`: input (N, C, H, W), weight (O, C / groups, KH, KW); numbers or pairs."""
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@functional
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
           padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Tensor:  # fmt: skip
    """Like `conv1d`: input (N, C, D, H, W), weight (O, C / groups, KD, KH, KW)."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _convolve(name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None,
              stride: Any, padding: Any, dilation: Any, groups: int) -> Tensor:  # fmt: skip
    if isinstance(padding, str):
        stride, dilation = sizes("stride", stride, dims), sizes("dilation", dilation, dims)
        input, padding = _named_padding(input, weight, stride, dilation, padding, dims)
    shapes = check_kinds(name, dims, input, weight, bias)
    settings = setting(stride), setting(padding), setting(dilation), groups
    found = geometry(dims, *shapes, *settings)
    return _batched(_convolution, input, weight, bias, *found, groups)


def _batched(primitive: Any, input: Tensor, weight: Tensor, bias: Tensor | None,
             *geometry: Any) -> Tensor:  # fmt: skip
    """Run on a batch; an unbatched input becomes a batch of size 1."""
    x, w = input._data, weight._data
    b = None if bias is None else bias._data
    if x.ndim == w.ndim:
        return run(primitive, (input, weight, bias, *geometry), (x, w, b, *geometry))
    one = reshape(input, (1, *x.shape))
    out = run(primitive, (one, weight, bias, *geometry), (one._data, w, b, *geometry))
    return reshape(out, out._data.shape[1:])


def _named_padding(input: Tensor, weight: Tensor, stride: tuple, dilation: tuple, padding: str,
                   dims: int) -> tuple[Tensor, tuple[int, ...]]:  # fmt: skip
    """The numbers for "valid" and "same"; an odd excess zero is appended to the input itself."""
    if padding not in ("same", "valid"):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if padding == "valid":
        return input, (0,) * dims
    if any(step != 1 for step in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(dilation, weight._data.shape[2:])]
    if any(total % 2 for total in totals):
        ends = [end for total in reversed(totals) for end in (0, total % 2)]
        input = pad(input, ends)
    return input, tuple(total // 2 for total in totals)


@functional
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """`conv1d` with time first: (T, N, C), weight (K, C, O), bias (O,) -> (T', N, O)."""
    _check_time_first(input, weight, bias)
    result = conv1d(permute(input, (1, 2, 0)), permute(weight, (2, 1, 0)), bias, padding=pad)
    return permute(result, (2, 0, 1))


def _check_time_first(input: Tensor, weight: Tensor, bias: Tensor) -> None:
    if input.ndim != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.ndim != 3:
        raise RuntimeError(
            "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels."
        )
    if bias.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.shape[2] != weight.shape[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if weight.shape[2] != bias.shape[0]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")


@functional
def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
                     padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                     dilation: Any = 1) -> Tensor:  # fmt: skip
    """The adjoint of `conv1d`, which spreads each input element over a window.

    input (N, C, L), weight (C, O / groups, K), bias (O,) -> (N, O, L'), ``L' = (L - 1) * stride -
    2 * padding + dilation * (K - 1) + output_padding + 1``.
    Raises: RuntimeError (as PyTorch) if shapes or dtypes do not match.
    """
    return _spread("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding,
                   groups, dilation)  # fmt: skip


@functional
def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
                     padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                     dilation: Any = 1) -> Tensor:  # fmt: skip
    """Like `conv_transpose1d`: input (N, C, H, W), weight (C, O / groups, KH, KW)."""
    return _spread("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding,
                   groups, dilation)  # fmt: skip


@functional
def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
                     padding: Any = 0, output_padding: Any = 0, groups: int = 1,
                     dilation: Any = 1) -> Tensor:  # fmt: skip
    """Like `conv_transpose1d`: input (N, C, D, H, W), weight (C, O / groups, KD, KH, KW)."""
    return _spread("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding,
                   groups, dilation)  # fmt: skip


def _spread(name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any,
            padding: Any, output_padding: Any, groups: int, dilation: Any) -> Tensor:  # fmt: skip
    shapes = check_kinds(name, dims, input, weight, bias)
    settings = setting(stride), setting(padding), setting(output_padding), setting(dilation)
    found = transposed_geometry(dims, *shapes, *settings, groups)
    return _batched(_transposed, input, weight, bias, *found, groups)


__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d",
]  # fmt: skip
