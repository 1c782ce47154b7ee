"""Pooling: maxima, averages and norms of sliding windows.

`input` is (N, C, *S) or (C, *S). A single number applies to all spatial dimensions.
"""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.layers.pooling_checks import batched, check_input, windows
from torchlite.ops.math.arithmetic import mul
from torchlite.ops.math.exponentials import pow


def max_grad(xp: Any, g: list, out1: Any, x_shape: tuple) -> Any:
    return xp.max_pool_backward(g[0], out1, x_shape)


def _picked(xp: Any, g: Any, places: Any, shape: tuple) -> Any:
    """The adjoint of scatter-add at the indices `places`."""
    flat = (shape[0], shape[1], math.prod(places.shape[2:]))
    planes = xp.reshape(g, (shape[0], shape[1], math.prod(shape[2:])))
    return xp.reshape(xp.gather(planes, xp.reshape(places, flat), 2), tuple(places.shape))


_max_pool = declare("max_pool", title="MaxPoolWithIndices", x=max_grad)
declare("max_pool_backward", grad=_picked)
avg_pool = declare(
    "avg_pool",
    x=lambda xp, g, x_shape, kernel, stride, padding, include_pad, divisor: xp.avg_pool_backward(
        g, x_shape, kernel, stride, padding, include_pad, divisor
    ),
)
declare(
    "avg_pool_backward",
    grad=lambda xp, g, grad_shape, kernel, stride, padding, include_pad, divisor: xp.avg_pool(
        g, grad_shape[2:], kernel, stride, padding, include_pad, divisor
    ),
)


def _max(name: str, dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any,
         dilation: Any, ceil_mode: bool, return_indices: bool) -> Any:  # fmt: skip
    check_input(name, dims, input, floats=False)
    where = windows(name, dims, input, kernel, stride, padding, dilation, ceil_mode)
    pair = batched(input, dims, lambda x: run(_max_pool, (x, *where), (x._data, *where)))
    return pair if return_indices else pair[0]


@functional
def max_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """The maximum of each window of `kernel_size` elements, `stride` (default: the same) apart.

    The input is padded with `padding` elements of -inf at both ends. `ceil_mode`: a last window may
    extend beyond them. `return_indices`: also return the flat index of each maximum in its plane.
    Shape: ``(*, L) -> (*, (L + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)``.
    Raises: RuntimeError (as PyTorch) for sizes that do not fit.
    """
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode,
                return_indices)  # fmt: skip


@functional
def max_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """Like `max_pool1d`, over the last two dimensions."""
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode,
                return_indices)  # fmt: skip


@functional
def max_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Any:  # fmt: skip
    """Like `max_pool1d`, over the last three dimensions."""
    return _max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode,
                return_indices)  # fmt: skip


def _avg(name: str, dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any,
         ceil_mode: bool, include_pad: bool, divisor: int | None = None) -> Tensor:  # fmt: skip
    check_input(name, dims, input)
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    where = windows(name, dims, input, kernel, stride, padding, 1, ceil_mode)
    args = *where[:4], include_pad, divisor
    return batched(input, dims, lambda x: run(avg_pool, (x, *args), (x._data, *args)))


@functional
def avg_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True) -> Tensor:  # fmt: skip
    """The average of each window of `kernel_size` elements, `stride` (default: the same) apart.

    The input is padded with `padding` zeros at both ends, which count if `count_include_pad`.
    `ceil_mode`: a last window may extend beyond them. Shape: as in `max_pool1d`.
    Raises: RuntimeError (as PyTorch) for sizes that do not fit.
    """
    return _avg("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@functional
def avg_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Tensor:  # fmt: skip
    """Like `avg_pool1d`, over the last two dimensions; `divisor_override` replaces the count."""
    return _avg("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                divisor_override)  # fmt: skip


@functional
def avg_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Tensor:  # fmt: skip
    """Like `avg_pool2d`, over the last three dimensions."""
    return _avg("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                divisor_override)  # fmt: skip


def _lp(average: Any, dims: int, input: Tensor, norm_type: float, kernel: Any, stride: Any,
        ceil_mode: bool) -> Tensor:  # fmt: skip
    area = kernel**dims if isinstance(kernel, int) else math.prod(kernel)
    mean = average(pow(input, norm_type), kernel, stride, 0, ceil_mode)
    return pow(mul(mean, area), 1.0 / norm_type)


@functional
def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Tensor:  # fmt: skip
    """``sum(x**p) ** (1 / p)`` of each window, ``p = norm_type``. Shape: as in `max_pool1d`."""
    return _lp(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


@functional
def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Tensor:  # fmt: skip
    """Like `lp_pool1d`, over the last two dimensions."""
    return _lp(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


@functional
def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Tensor:  # fmt: skip
    """Like `lp_pool1d`, over the last three dimensions."""
    return _lp(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


__all__ = [
    "avg_pool1d", "max_pool1d", "max_pool2d", "max_pool3d",
]  # fmt: skip
