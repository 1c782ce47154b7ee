"""Lookup tables: rows of a matrix by index."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.autograd.grad_mode import no_grad
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.ops.core.family import functional, not_a_tensor
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.comparison import eq, where


def _to_weight(xp: Any, g: Any, index: Any, weight_shape: tuple, padding: int,
               by_frequency: bool) -> Any:  # fmt: skip
    """Row `padding` gets no gradient; if `by_frequency`, rows get means instead of sums."""
    count = weight_shape[0]
    total = xp.embedding_backward(g, index, count)
    if padding < 0 and not by_frequency:
        return total
    factor = xp.astype(xp.ne(xp.arange(0, count, 1, dtypes.int64), padding), dtypes.of(g))
    if by_frequency:
        occurrences = xp.bincount(xp.reshape(index, (-1,)), None, count)
        factor = xp.div(factor, xp.astype(xp.maximum(occurrences, 1), dtypes.of(g)))
    return xp.mul(total, xp.reshape(factor, (-1, 1)))


_embedding = declare("embedding", weight=_to_weight)
declare("embedding_backward", g=lambda xp, g, index: xp.embedding(g, index, -1, False))


@functional
def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None,
              max_norm: float | None = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:  # fmt: skip
    """Rows of `weight` (V, D) at `input` (*) of int64 or int32 -> (*, D).

    Row `padding_idx` gets no gradient. With `max_norm`, the rows looked up are first scaled down to
    that norm, in place. `scale_grad_by_freq` divides the gradient of a row by the number of its
    occurrences; `sparse` is ignored: gradients are dense.
    Raises: IndexError for an index out of range; RuntimeError for other dtypes.
    """
    if not isinstance(weight, Tensor):
        raise not_a_tensor("embedding", 1, "weight", weight)
    if not isinstance(input, Tensor):
        raise not_a_tensor("embedding", 2, "indices", input)
    count = weight._data.shape[0] if weight._data.ndim == 2 else 0
    _check(input, weight)
    padding = -1 if padding_idx is None else padding_idx
    if padding_idx is not None and not -count <= padding_idx < count:
        raise AssertionError("Padding_idx must be within num_embeddings")
    if padding_idx is not None and padding_idx < 0:
        padding += count
    index = cast(input, dtypes.int64)
    if not local.mode.xp.in_range(index._data, count):
        raise IndexError(
            f"index out of range in self\nValid indices are 0 to {count - 1}: weight has {count} "
            "rows."
        )
    if max_norm is not None:
        _limit_norms(weight, index, max_norm, norm_type)
    return run(_embedding, (weight, index, padding, scale_grad_by_freq),
               (weight._data, index._data, padding, scale_grad_by_freq))  # fmt: skip


def _check(input: Tensor, weight: Tensor) -> None:
    if weight._data.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if input.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got torch.{input.dtype.legacy}Tensor instead (while checking "
            "arguments for embedding)"
        )


@no_grad()
def _limit_norms(weight: Tensor, index: Tensor, max_norm: float, norm_type: float) -> None:
    used = index.unique()
    rows = weight[used]
    norms = rows.norm(norm_type, -1, keepdim=True)
    weight[used] = where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


@functional
def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """One-hot encoding: 1 at each class index, else 0. (*) of int64 -> (*, num_classes).

    num_classes -1: the largest class index plus 1. Raises: RuntimeError for class indices that are
    negative or too large.
    """
    if input.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    xp, data = local.mode.xp, input._data
    if not data.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    low, high = xp.extremes(data) if data.size else (0, 0)
    if low < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = high + 1
    if not xp.in_range(data, num_classes):
        raise RuntimeError("Class values must be smaller than num_classes.")
    classes = wrap(xp.arange(0, num_classes, 1, dtypes.int64))
    return cast(eq(input.unsqueeze(-1), classes), dtypes.int64)
