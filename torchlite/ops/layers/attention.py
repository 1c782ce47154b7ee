"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import c_name, cast
from torchlite.ops.layers.dropout import dropout
from torchlite.ops.linalg.products import matmul


def _weights_rule(xp: Any, g: Any, needs: Any, q: Any, k: Any, out: Any, scale: float) -> tuple:
    return *xp.attention_weights_backward(g, out, q, k, scale, needs), None, None


def _attention_rule(xp: Any, g: Any, needs: Any, q: Any, k: Any, v: Any, mask: Any, causal: bool,
                    scale: float) -> tuple:  # fmt: skip
    grads = xp.scaled_dot_product_attention_backward(g, q, k, v, mask, causal, scale, needs)
    return *grads, None, None


_weights = declare("attention_weights", joint=_weights_rule)
_attention = declare("scaled_dot_product_attention", joint=_attention_rule)


@functional
def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor,
                                 attn_mask: Tensor | None = None, dropout_p: float = 0.0,
                                 is_causal: bool = False, *, scale: float | None = None,
                                 enable_gqa: bool = False) -> Tensor:  # fmt: skip
    """``softmax(query @ key.T * scale + mask) @ value``.

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762

    Args:
        query: (*, L, E).
        key: (*, S, E).
        value: (*, S, V).
        attn_mask: Broadcasts to (*, L, S): bool, True where to attend; or floats, which are added.
        dropout_p: Probability of dropping a weight, in training and evaluation alike.
        is_causal: Row i attends to columns up to i; cannot be combined with `attn_mask`.
        scale: Default: ``1 / sqrt(E)``.
        enable_gqa: Whether query may have a multiple of the heads (dimension -3) of key and value.

    Shape: ``(*, L, V)``; a row that cannot attend to anything is 0.
    Raises: RuntimeError (as PyTorch) for shapes and dtypes that do not match.
    """
    _check(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = _repeat_heads(query, key, value)
    kind = query.dtype
    if kind in (dtypes.float16, dtypes.bfloat16):
        query, key, value = (cast(x, dtypes.float32) for x in (query, key, value))
    query, key, value = _expanded(query, key, value)
    size = query._data.shape[-1]
    if scale is None:
        scale = 1 / math.sqrt(size) if size else 1.0
    mask = None
    if attn_mask is not None:
        if attn_mask.dtype is not dtypes.bool_:
            attn_mask = cast(attn_mask, query.dtype)
        mask = attn_mask.expand(*query._data.shape[:-1], key._data.shape[-2])
    if not key._data.shape[-2]:
        return cast(matmul(matmul(query, key.transpose(-2, -1)), value), kind)
    if dropout_p > 0:
        weights = _weights(query, key, mask, is_causal, scale)
        return cast(matmul(dropout(weights, dropout_p), value), kind)
    args = (query, key, value, mask, is_causal, scale)
    return cast(run(_attention, args, [getattr(a, "_data", a) for a in args]), kind)


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Any, causal: bool) -> None:
    every = query, key, value
    kinds = [x.dtype for x in every]
    if len(set(kinds)) > 1:
        names = [c_name(x.dtype) for x in every]
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{names[0]} key.dtype: {names[1]} and value.dtype: {names[2]} instead."
        )
    dims = [x._data.ndim for x in every]
    if min(dims) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{dims[0]} key.dim: {dims[1]} and value.dim: {dims[2]} instead."
        )
    if mask is not None:
        if causal:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
                "is_causal=True"
            )
        if mask.dtype not in (dtypes.bool_, dtypes.float32, kinds[0]):
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                f"attn_mask.dtype: {c_name(mask.dtype)} and  query.dtype: {c_name(query.dtype)} "
                "instead."
            )
    _check_sizes(*(x._data.shape for x in every))


def _check_sizes(q: tuple, k: tuple, v: tuple) -> None:
    if q[-1] != k[-1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({q[-2]}x{q[-1]} and {k[-1]}x{k[-2]})\n"
            f"query {list(q)} and key {list(k)} should have the same last size."
        )
    if k[-2] != v[-2]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({q[-2]}x{k[-2]} and {v[-2]}x{v[-1]})\n"
            f"key {list(k)} and value {list(v)} should have the same length."
        )


def _expanded(*tensors: Tensor) -> list[Tensor]:
    """The tensors broadcast in all but the last two dimensions."""
    batches = [tuple(x._data.shape[:-2]) for x in tensors]
    if batches.count(batches[0]) == len(batches):
        return list(tensors)
    batch = broadcast_shapes(*batches)
    return [x.expand(*batch, *x._data.shape[-2:]) for x in tensors]


def _repeat_heads(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    heads = [x._data.shape[-3] for x in (query, key, value)]
    if not heads[1] or not heads[2] or heads[0] % heads[1] or heads[0] % heads[2]:
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query\n"
            f"They have {heads[1]}, {heads[2]} and {heads[0]} heads."
        )
    return tuple(  # type: ignore[return-value]
        x.repeat_interleave(heads[0] // own, -3) for x, own in zip((key, value), heads[1:])
    )
