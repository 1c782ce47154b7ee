"""Max pooling that always returns the indices of the maxima."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.layers.adaptive_pooling import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from torchlite.ops.layers.pooling import max_pool1d, max_pool2d, max_pool3d
from torchlite.ops.layers.unpooling import fractional_max_pool2d, fractional_max_pool3d


def max_pool1d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> tuple:  # fmt: skip
    """`max_pool1d` with indices, whatever `return_indices` is."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> tuple:  # fmt: skip
    """`max_pool2d` with indices, whatever `return_indices` is."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> tuple:  # fmt: skip
    """`max_pool3d` with indices, whatever `return_indices` is."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def adaptive_max_pool1d_with_indices(input: Tensor, output_size: Any,
                                     return_indices: bool = False) -> tuple:  # fmt: skip
    """`adaptive_max_pool1d` with indices, whatever `return_indices` is."""
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(input: Tensor, output_size: Any,
                                     return_indices: bool = False) -> tuple:  # fmt: skip
    """`adaptive_max_pool2d` with indices, whatever `return_indices` is."""
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(input: Tensor, output_size: Any,
                                     return_indices: bool = False) -> tuple:  # fmt: skip
    """`adaptive_max_pool3d` with indices, whatever `return_indices` is."""
    return adaptive_max_pool3d(input, output_size, True)


def fractional_max_pool2d_with_indices(input: Tensor, kernel_size: Any, output_size: Any = None,
                                       output_ratio: Any = None, return_indices: bool = False,
                                       _random_samples: Tensor | None = None) -> tuple:  # fmt: skip
    """`fractional_max_pool2d` with indices, whatever `return_indices` is."""
    return fractional_max_pool2d(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )


def fractional_max_pool3d_with_indices(input: Tensor, kernel_size: Any, output_size: Any = None,
                                       output_ratio: Any = None, return_indices: bool = False,
                                       _random_samples: Tensor | None = None) -> tuple:  # fmt: skip
    """`fractional_max_pool3d` with indices, whatever `return_indices` is."""
    return fractional_max_pool3d(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )


__all__ = ["max_pool1d_with_indices"]
