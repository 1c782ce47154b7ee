"""Multi-head attention, its projections and masks."""

from __future__ import annotations

import math
import warnings
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import zeros
from torchlite.ops.layers.attention import scaled_dot_product_attention
from torchlite.ops.layers.dropout import dropout
from torchlite.ops.layers.linear import linear
from torchlite.ops.linalg.products import matmul
from torchlite.ops.reduce.norms import softmax
from torchlite.ops.shape.joining import cat


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Project the inputs, attend with `num_heads` heads, and project the result.

    query (L, N, E) or (L, E), key and value (S, N, *) or (S, *). Masks: True, or -inf, where *not*
    to attend: key_padding_mask (N, S) or (S,), attn_mask (L, S) or (N * heads, L, S). static_k and
    static_v (N * heads, S, E / heads) replace the projected key and value.
    Returns the result, shaped like query, and if `need_weights` the weights: (N, L, S), or
    (N, heads, L, S) if not averaged. See `torchlite.nn.MultiheadAttention`.
    """
    batched = check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, width = query.shape
    _check_widths(width, embed_dim_to_check, num_heads, key, value, use_separate_proj_weight)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    is_causal = is_causal and key_padding_mask is None and not need_weights
    mask, padding = additive_masks(
        None if is_causal else attn_mask, key_padding_mask, query.dtype, "attn_mask",
        "key_padding_mask",
    )  # fmt: skip
    if mask is not None:
        mask = _three_dims(mask, length, key.shape[0], batch * num_heads)

    if use_separate_proj_weight:
        weights = q_proj_weight, k_proj_weight, v_proj_weight
        q, k, v = _project_each(query, key, value, weights, in_proj_bias)
    else:
        q, k, v = _project(query, key, value, in_proj_weight, in_proj_bias)
    added = int(add_zero_attn)
    if bias_k is not None and bias_v is not None:
        _refuse_static(static_k, static_v)
        k, v = (cat([x, b.repeat(1, batch, 1)]) for x, b in ((k, bias_k), (v, bias_v)))
        added += 1
    q, k, v = (x.reshape(x.shape[0], batch * num_heads, -1).transpose(0, 1) for x in (q, k, v))
    k, v = _static("k", static_k, k), _static("v", static_v, v)
    if add_zero_attn:
        k, v = (cat([x, zeros(x.shape[0], 1, x.shape[2], dtype=x.dtype)], 1) for x in (k, v))
    if added:
        mask, padding = _widened(mask, added), _widened(padding, added)
    if padding is not None:
        mask = _merged(mask, padding, batch, num_heads, k.shape[1])

    dropout_p = dropout_p if training else 0.0
    if need_weights:
        out, heads = _attend(q, k, v, mask, dropout_p)
    else:
        out, heads = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal), None
    out = linear(out.transpose(0, 1).reshape(length, batch, width), out_proj_weight, out_proj_bias)
    if heads is not None:
        heads = heads.reshape(batch, num_heads, length, k.shape[1])
        heads = heads.mean(1) if average_attn_weights else heads
    if batched:
        return out, heads
    return out.squeeze(1), None if heads is None else heads.squeeze(0)


# --- checks -------------------------------------------------------------------------------------


def check_dims(query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None,
               attn_mask: Tensor | None, num_heads: int) -> bool:  # fmt: skip
    """Whether the inputs are batched; AssertionError (as PyTorch) if their ranks disagree."""
    dims = query.dim()
    if dims not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    kind = f"For {'batched' if dims == 3 else 'unbatched'} ({dims}-D) `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{kind} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D "
            "tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != dims - 1:
        raise AssertionError(
            f"{kind} `key_padding_mask` to be `None` or {dims - 1}-D but found "
            f"{key_padding_mask.dim()}-D tensor instead"
        )
    if attn_mask is not None and attn_mask.dim() not in (2, 3):
        raise AssertionError(
            f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor "
            "instead"
        )
    if dims == 2 and attn_mask is not None and attn_mask.dim() == 3:
        expected = (num_heads, query.shape[0], key.shape[0])
        if tuple(attn_mask.shape) != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}"
            )
    return dims == 3


def _check_widths(
    width: int, expected: int, num_heads: int, key: Tensor, value: Tensor, separate: bool
) -> None:
    if width != expected:
        raise AssertionError(f"was expecting embedding dimension of {expected}, but got {width}")
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _refuse_static(static_k: Any, static_v: Any) -> None:
    for name, static in (("key", static_k), ("value", static_v)):
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")


def _static(name: str, static: Tensor | None, projected: Tensor) -> Tensor:
    if static is None:
        return projected
    for dim in (0, 2):
        if static.size(dim) != projected.size(dim):
            raise AssertionError(
                f"expecting static_{name}.size({dim}) of {projected.size(dim)}, "
                f"but got {static.size(dim)}"
            )
    return static


# --- masks --------------------------------------------------------------------------------------


def additive_masks(
    mask: Tensor | None, padding: Tensor | None, kind: dtypes.dtype, name: str, padding_name: str
) -> tuple[Tensor | None, Tensor | None]:
    """Both masks as additive floats, -inf where a bool mask is True. Warns if the dtypes differ."""
    added = _additive(padding, padding_name, kind)
    if mask is not None and padding is not None and mask.dtype is not padding.dtype:
        warnings.warn(
            f"Support for mismatched {padding_name} and {name} is deprecated. "
            "Use same type for both instead.",
            stacklevel=3,
        )
    return _additive(mask, name, kind), added


def _additive(mask: Tensor | None, name: str, kind: dtypes.dtype) -> Tensor | None:
    if mask is None:
        return None
    if mask.dtype is not dtypes.bool_ and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if mask.is_floating_point():
        return mask
    return zeros(mask.shape, dtype=kind).masked_fill_(mask, -math.inf)


def _three_dims(mask: Tensor, length: int, source: int, stack: int) -> Tensor:
    expected = (length, source) if mask.dim() == 2 else (stack, length, source)
    if tuple(mask.shape) != expected:
        raise RuntimeError(
            f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}."
        )
    return mask.unsqueeze(0) if mask.dim() == 2 else mask


def _widened(mask: Tensor | None, count: int) -> Tensor | None:
    """`mask` extended by `count` keys that are not masked."""
    if mask is None:
        return None
    return cat([mask, zeros(*mask.shape[:-1], count, dtype=mask.dtype)], -1)


def _merged(mask: Tensor | None, padding: Tensor, batch: int, heads: int, source: int) -> Tensor:
    for dim, size in enumerate((batch, source)):
        if padding.shape[dim] != size:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{dim}] to be {size}, but got {padding.shape[dim]}"
            )
    padding = padding.reshape(batch, 1, 1, source).expand(-1, heads, -1, -1)
    padding = padding.reshape(batch * heads, 1, source)
    return padding if mask is None else mask + padding


# --- products -----------------------------------------------------------------------------------


def _project(query: Tensor, key: Tensor, value: Tensor, weight: Any, bias: Any) -> Any:
    """Project with one packed weight (3 * E, E); identical inputs share a product."""
    if weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    if query is key and key is value:
        return linear(query, weight, bias).chunk(3, -1)
    return _project_each(query, key, value, weight.chunk(3), bias)


def _project_each(query: Tensor, key: Tensor, value: Tensor, weights: Any, bias: Any) -> Any:
    for name, weight in zip("qkv", weights):
        if weight is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return [linear(*each) for each in zip((query, key, value), weights, biases)]


def _attend(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout_p: float
) -> tuple[Tensor, Tensor]:
    """The result and the weights, after dropout."""
    scores = matmul(q * math.sqrt(1.0 / q.shape[-1]), k.transpose(-2, -1))
    weights = softmax(scores if mask is None else scores + mask, -1)
    weights = dropout(weights, dropout_p) if dropout_p else weights
    return matmul(weights, v), weights
