"""What convolutions demand of their arguments, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import not_a_tensor

Ints = tuple[int, ...]


def sizes(name: str, value: Any, dims: int) -> tuple[int, ...]:
    """One number for each spatial dimension: `value` repeated, if it is one."""
    if isinstance(value, int):
        return (value,) * dims
    value = tuple(int(v) for v in value)
    if len(value) == 1:
        return value * dims
    if len(value) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the "
            f"convolution dimensions, but got {name}={list(value)}"
        )
    return value


def check_convolution(name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None,
                      stride: Ints, padding: Ints, dilation: Ints,
                      groups: int) -> None:  # fmt: skip
    """Raise PyTorch's RuntimeError (TypeError for what is no tensor) for a call of `conv*`."""
    _check_kinds(name, dims, input, weight, bias)
    _check_numbers(stride, padding, dilation, groups)
    shape, kernel = list(input._data.shape), list(weight._data.shape)
    if len(shape) == dims + 1:
        shape = [1, *shape]
    _check_groups(kernel, groups)
    if shape[1] != kernel[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {kernel}, expected input{shape} to have "
            f"{kernel[1] * groups} channels, but got {shape[1]} channels instead"
        )
    _check_bias("", kernel, bias, kernel[0])
    held = [n + 2 * p for n, p in zip(shape[2:], padding)]
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel[2:])]
    if any(n < span for n, span in zip(held, spans)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({_by(held)}). Kernel size: "
            f"({_by(spans)}). Kernel size can't be greater than actual input size"
        )


def check_transposed(name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None,
                     stride: Ints, padding: Ints, extra: Ints, dilation: Ints,
                     groups: int) -> tuple[int, ...]:  # fmt: skip
    """The same for `conv_transpose*`; returns the spatial shape of the result."""
    _check_kinds(name, dims, input, weight, bias)
    _check_numbers(stride, padding, dilation, groups)
    if min(extra) < 0:
        raise RuntimeError("negative output_padding is not supported")
    shape, kernel = list(input._data.shape), list(weight._data.shape)
    if len(shape) == dims + 1:
        shape = [1, *shape]
    _check_groups(kernel, groups)
    if shape[1] != kernel[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {kernel}, expected input{shape} to have "
            f"{kernel[0]} channels, but got {shape[1]} channels instead"
        )
    _check_bias("transposed=1, ", kernel, bias, kernel[1] * groups)
    if any(e >= s and e >= d for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding: {list(extra)} stride: {list(stride)} dilation: {list(dilation)}"
        )
    size = [
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, e, d in zip(shape[2:], kernel[2:], stride, padding, extra, dilation)
    ]
    if min(size) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({_by(shape[2:])}). Calculated output size per "
            f"channel: ({_by(size)}). Output size is too small"
        )
    return tuple(size)


def _by(numbers: Any) -> str:
    return " x ".join(map(str, numbers))


def _check_kinds(name: str, dims: int, input: Any, weight: Any, bias: Any) -> None:
    for position, (label, x) in enumerate((("input", input), ("weight", weight)), 1):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, position, label, x)
    if bias is not None and not isinstance(bias, Tensor):
        raise not_a_tensor(name, 3, "bias", bias)
    shape = list(input._data.shape)
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got "
            f"input of size: {shape}"
        )
    if weight._data.ndim != dims + 2:
        raise RuntimeError(
            f"Expected {dims + 2}-dimensional weight for {name}, but got weight of size "
            f"{list(weight._data.shape)} instead"
        )
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {weight.dtype.legacy}"
        )
    if bias is not None and bias.dtype is not input.dtype:
        kinds = [x.dtype.name.replace("float32", "float").replace("float64", "double")
                 for x in (input, bias)]  # fmt: skip
        raise RuntimeError(f"Input type ({kinds[0]}) and bias type ({kinds[1]}) should be the same")


def _check_numbers(stride: Ints, padding: Ints, dilation: Ints, groups: int) -> None:
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")


def _check_groups(kernel: list[int], groups: int) -> None:
    if kernel[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {kernel} instead"
        )
    if kernel[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{kernel}] instead"
        )


def _check_bias(kind: str, kernel: list[int], bias: Tensor | None, outputs: int) -> None:
    if bias is not None and tuple(bias._data.shape) != (outputs,):
        raise RuntimeError(
            f"Given {kind}weight of size {kernel}, expected bias to be 1-dimensional with "
            f"{outputs} elements, but got bias of size {list(bias._data.shape)} instead"
        )
