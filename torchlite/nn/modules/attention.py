"""Multi-head attention as a layer."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.init import constant_, xavier_normal_, xavier_uniform_
from torchlite.nn.modules.linear import NonDynamicallyQuantizableLinear
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty


class MultiheadAttention(Module):
    """Multi-head scaled dot-product attention, between linear projections.

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762

    Args:
        embed_dim: Width E of query and result.
        num_heads: Number of heads; each is ``embed_dim / num_heads`` wide.
        dropout: Probability of dropping an attention weight in training. Default: 0.
        bias: Whether the projections have biases. Default: True.
        add_bias_kv: Whether to append a learned key and value. Default: False.
        add_zero_attn: Whether to append a key and value of zeros. Default: False.
        kdim, vdim: Widths of key and value. Default: `embed_dim`.
        batch_first: Whether the batch is the first dimension, not the second. Default: False.

    Shape: query (L, N, E), key (S, N, kdim), value (S, N, vdim), or each without N -> result
    (L, N, E), weights (N, L, S). Raises: ValueError for sizes that are not positive, AssertionError
    for a width that `num_heads` does not divide, or mismatched shapes.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
                 add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
                 vdim: int | None = None, batch_first: bool = False, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, "
                f"got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        like = {"device": device, "dtype": dtype}
        self._add_projections(bias, like)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **like)
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k = Parameter(empty((1, 1, embed_dim), **like))
            self.bias_v = Parameter(empty((1, 1, embed_dim), **like))
        self._reset_parameters()

    def _add_projections(self, bias: bool, like: dict) -> None:
        width = self.embed_dim
        sizes = {"q_proj_weight": width, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        if self._qkv_same_embed_dim:
            self.in_proj_weight = Parameter(empty((3 * width, width), **like))
            for name in sizes:
                self.register_parameter(name, None)
        else:
            for name, size in sizes.items():
                setattr(self, name, Parameter(empty((width, size), **like)))
            self.register_parameter("in_proj_weight", None)
        in_bias = Parameter(empty(3 * width, **like)) if bias else None
        self.register_parameter("in_proj_bias", in_bias)

    def _reset_parameters(self) -> None:
        if self._qkv_same_embed_dim:
            xavier_uniform_(self.in_proj_weight)
        else:
            for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
                xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            constant_(self.in_proj_bias, 0.0)
            constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                xavier_normal_(bias)

    def forward(self, query: Tensor, key: Tensor, value: Tensor,
                key_padding_mask: Tensor | None = None, need_weights: bool = True,
                attn_mask: Tensor | None = None, average_attn_weights: bool = True,
                is_causal: bool = False) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """The result, and the weights if `need_weights`, averaged over heads by default.

        Args:
            key_padding_mask: (N, S) or (S,): True, or -inf, at keys to ignore.
            attn_mask: (L, S) or (N * num_heads, L, S): True, or -inf, where not to attend.
            is_causal: A hint that `attn_mask` is causal.
        """
        swap = self.batch_first and query.dim() == 3
        if swap:
            query, key, value = _swapped(query, key, value)
        out, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (out.transpose(1, 0) if swap else out), weights


def _swapped(*tensors: Tensor) -> list[Tensor]:
    """With the first two dimensions swapped; identical tensors stay identical."""
    done: dict[int, Tensor] = {}
    for x in tensors:
        if id(x) not in done:
            done[id(x)] = x.transpose(1, 0) if x.dim() > 1 else x
    return [done[id(x)] for x in tensors]

__all__ = ["MultiheadAttention"]
