"""Argument checks for convolutions, with PyTorch's error messages."""

from __future__ import annotations

import functools
from typing import Any

from torchlite import dtypes
from torchlite.ops.core.family import check_tensors

Ints = tuple[int, ...]


def sizes(name: str, value: Any, dims: int) -> tuple[int, ...]:
    """One number per spatial dimension; a single number is repeated."""
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


def setting(value: Any) -> Any:
    """`value`, one number or several, as a hashable key for the caches below."""
    return value if isinstance(value, int) else tuple(value)


@functools.lru_cache(1024)  # checked once for the shapes and settings of a layer
def geometry(dims: int, shape: Ints, kernel: Ints, bias: Ints | None, stride: Any, padding: Any,
             dilation: Any, groups: int) -> tuple[Ints, Ints, Ints, Ints]:  # fmt: skip
    """(output spatial shape, stride, padding, dilation) of a `conv*`, with PyTorch's errors."""
    stride, dilation = sizes("stride", stride, dims), sizes("dilation", dilation, dims)
    padding = sizes("padding", padding, dims)
    _check_numbers(stride, padding, dilation, groups)
    shape = (1, *shape) if len(shape) == dims + 1 else shape
    _check_groups(list(kernel), groups)
    if shape[1] != kernel[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(kernel)}, expected input{list(shape)} to "
            f"have {kernel[1] * groups} channels, but got {shape[1]} channels instead"
        )
    _check_bias("", list(kernel), bias, kernel[0])
    held = [n + 2 * p for n, p in zip(shape[2:], padding)]
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel[2:])]
    if any(n < span for n, span in zip(held, spans)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({_by(held)}). Kernel size: "
            f"({_by(spans)}). Kernel size can't be greater than actual input size"
        )
    size = tuple((n - span) // s + 1 for n, span, s in zip(held, spans, stride))
    return size, stride, padding, dilation


@functools.lru_cache(1024)
def transposed_geometry(dims: int, shape: Ints, kernel: Ints, bias: Ints | None, stride: Any,
                        padding: Any, output_padding: Any, dilation: Any,
                        groups: int) -> tuple[Ints, Ints, Ints, Ints]:  # fmt: skip
    """The same for a `conv_transpose*`."""
    stride, dilation = sizes("stride", stride, dims), sizes("dilation", dilation, dims)
    padding, extra = sizes("padding", padding, dims), sizes("output_padding", output_padding, dims)
    _check_numbers(stride, padding, dilation, groups)
    if min(extra) < 0:
        raise RuntimeError("negative output_padding is not supported")
    shape = (1, *shape) if len(shape) == dims + 1 else shape
    _check_groups(list(kernel), groups)
    if shape[1] != kernel[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(kernel)}, expected input{list(shape)} to "
            f"have {kernel[0]} channels, but got {shape[1]} channels instead"
        )
    _check_bias("transposed=1, ", list(kernel), bias, kernel[1] * groups)
    if any(e >= s and e >= d for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding: {list(extra)} stride: {list(stride)} dilation: {list(dilation)}"
        )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, e, d in zip(shape[2:], kernel[2:], stride, padding, extra, dilation)
    )
    if min(size) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({_by(shape[2:])}). Calculated output size per "
            f"channel: ({_by(size)}). Output size is too small"
        )
    return size, stride, padding, dilation


def _by(numbers: Any) -> str:
    return " x ".join(map(str, numbers))


def check_kinds(name: str, dims: int, input: Any, weight: Any, bias: Any) -> tuple:
    """The shapes of the operands; PyTorch's errors for invalid types, dimensions and dtypes."""
    check_tensors(name, input=input, weight=weight)
    if bias is not None:
        check_tensors(name, input=input, weight=weight, bias=bias)
    x, w = input._data, weight._data
    b = None if bias is None else bias._data
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got "
            f"input of size: {list(x.shape)}"
        )
    if w.ndim != dims + 2:
        raise RuntimeError(
            f"Expected {dims + 2}-dimensional weight for {name}, but got weight of size "
            f"{list(w.shape)} instead"
        )
    if x.dtype != w.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.legacy} but found {weight.dtype.legacy}"
        )
    if b is not None and b.dtype != x.dtype:
        kinds = [dtypes.of(array).name.replace("float32", "float").replace("float64", "double")
                 for array in (x, b)]  # fmt: skip
        raise RuntimeError(f"Input type ({kinds[0]}) and bias type ({kinds[1]}) should be the same")
    return x.shape, w.shape, None if b is None else b.shape


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


def _check_bias(kind: str, kernel: list[int], bias: Ints | None, outputs: int) -> None:
    if bias is not None and bias != (outputs,):
        raise RuntimeError(
            f"Given {kind}weight of size {kernel}, expected bias to be 1-dimensional with "
            f"{outputs} elements, but got bias of size {list(bias)} instead"
        )
