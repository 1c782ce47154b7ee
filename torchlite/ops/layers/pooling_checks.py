"""The geometry of pooling, and argument checks with PyTorch's error messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import check_tensors, refuse
from torchlite.ops.shape.reshaping import reshape

_WORDS = ("zero", "one", "two", "three")


class Windows(NamedTuple):
    """The spatial shape of the result, and the geometry of its windows on the input."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]


def repeated(name: str, argument: str, value: Any, dims: int) -> tuple[int, ...]:
    """One number for each of `dims` dimensions."""
    if isinstance(value, int):
        return (value,) * dims
    value = tuple(int(v) for v in value)
    if len(value) not in (1, dims):
        raise RuntimeError(
            f"{name}: {argument} must either be a single int, or a tuple of {_WORDS[dims]} ints"
        )
    return value * dims if len(value) == 1 else value


def check_input(name: str, dims: int, input: Any, floats: bool = True) -> None:
    """Raise PyTorch's error unless `input` is (N, C, *S) or (C, *S) with `dims` sizes S."""
    check_tensors(name, input=input)
    shape = list(input._data.shape)
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 dim "
            f"batch size for input, but got:{shape}"
        )
    if floats and input.dtype.category < dtypes.FLOAT:
        raise refuse(name, input.dtype)


def windows(name: str, dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any,
            dilation: Any, ceil_mode: bool) -> Windows:  # fmt: skip
    """The windows over the last `dims` dimensions.

    Raises: RuntimeError (as PyTorch) for numbers out of range, or if no window fits.
    """
    channels, *shape = input._data.shape[-dims - 1 :]
    kernel = repeated(name, "kernel_size", kernel, dims)
    missing = stride is None or stride == ()
    stride = kernel if missing else repeated(name, "stride", stride, dims)
    padding = repeated(name, "padding", padding, dims)
    dilation = repeated(name, "dilation", dilation, dims)
    _check_numbers(kernel, stride, padding, dilation)
    size = tuple(
        _count(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(shape, kernel, stride, padding, dilation)
    )
    if min(size) < 1:
        raise RuntimeError(
            f"Given input size: ({_by((channels, *shape))}). "
            f"Calculated output size: ({_by((channels, *size))}). "
            "Output size is too small"
        )
    return Windows(size, kernel, stride, padding, dilation)


def _count(length: int, kernel: int, stride: int, padding: int, dilation: int,
           ceil_mode: bool) -> int:  # fmt: skip
    """The number of windows; `ceil_mode` counts one that starts inside but ends beyond, too."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= length + padding:
        count -= 1
    return count


def _check_numbers(kernel: tuple, stride: tuple, padding: tuple, dilation: tuple) -> None:
    if min(stride) == 0:
        raise RuntimeError("stride should not be zero")
    if min(kernel) <= 0 or min(stride) < 0:
        raise RuntimeError(
            "kernel size and stride should be greater than zero, but got "
            f"kernel_size: {kernel} stride: {stride}"
        )
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got dilation: {dilation}")
    for k, p, d in zip(kernel, padding, dilation):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )


def _by(sizes: Any) -> str:
    return "x".join(map(str, sizes))


def batched(input: Tensor, dims: int, function: Callable) -> Any:
    """``function(input)`` for an `input` with or without a batch dimension; results likewise."""
    shape = input._data.shape
    if len(shape) != dims + 1:
        return function(input)
    out = function(reshape(input, (1, *shape)))
    if isinstance(out, tuple):
        return tuple(reshape(part, part._data.shape[1:]) for part in out)
    return reshape(out, out._data.shape[1:])
