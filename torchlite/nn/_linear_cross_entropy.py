"""Cross-entropy of the logits of a linear map."""

from __future__ import annotations

import dataclasses
import re

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.layers.linear import linear
from torchlite.ops.losses.classification import cross_entropy

_POLICIES = ("auto", "accurate", "balanced", "compact")
_ACCUMULATORS = (None, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)


@dataclasses.dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch trades memory for time in `linear_cross_entropy`; it has no effect here.

    Raises: ValueError for values that PyTorch rejects.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"  # or None, "aspect_ratio", "aspect_ratio:2"
    acc_policy: str = "auto"  # or "accurate", "balanced", "compact"
    acc_dtype: dtypes.dtype | None = None

    def __post_init__(self) -> None:
        method, size = self.chunking_method, self.batch_chunk_size
        if self.acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if method and not re.fullmatch(r"auto|aspect_ratio(:0*[1-9]\d*)?", method):
            raise ValueError(f"invalid chunking_method: {method!r}")
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype not in _ACCUMULATORS:
            raise ValueError(f"acc_dtype must be one of {_ACCUMULATORS}, got {self.acc_dtype!r}")


def linear_cross_entropy(input: Tensor, linear_weight: Tensor, target: Tensor, *,
                         linear_bias: Tensor | None = None, weight: Tensor | None = None,
                         reduction: str = "mean", ignore_index: int | None = None,
                         label_smoothing: float = 0.0,
                         options: LinearCrossEntropyOptions | None = None) -> Tensor:  # fmt: skip
    """``cross_entropy(linear(input, linear_weight, linear_bias), target, ...)``.

    input (N, I) or (I,), linear_weight (C, d..., I), linear_bias (C, d...); target (N, d...) of
    class indices or (N, C, d...) of probabilities. `options` is accepted but has no effect.
    Raises: RuntimeError (as PyTorch) for mismatched shapes.
    """
    _check_shapes(input, linear_weight, linear_bias)
    outputs = tuple(linear_weight.shape[:-1])
    shape = (*input.shape[:-1], *outputs)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if len(outputs) > 1:
        linear_weight = linear_weight.flatten(0, -2)
        linear_bias = None if linear_bias is None else linear_bias.reshape(-1)
    return cross_entropy(
        linear(input, linear_weight, linear_bias).reshape(shape),
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )


def _check_shapes(input: Tensor, linear_weight: Tensor, linear_bias: Tensor | None) -> None:
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    width = input.shape[-1]
    if width != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {width} and {linear_weight.shape[-1]}, respectively"
        )
    outputs = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != outputs:
        raise RuntimeError(f"expected linear_bias shape {outputs}, got {tuple(linear_bias.shape)}")
    if len(outputs) > 1 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {width}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
