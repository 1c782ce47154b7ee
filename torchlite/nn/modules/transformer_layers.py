"""The layers that make up transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn._attention import additive_masks
from torchlite.nn.modules.attention import MultiheadAttention
from torchlite.nn.modules.dropout import Dropout
from torchlite.nn.modules.linear import Linear
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.normalization import LayerNorm

Activation = Callable[[Tensor], Tensor]


class _Layer(Module):
    """What encoder and decoder layers share: self-attention, and two linear layers."""

    #: Whether there is a second attention, to a memory.
    _has_memory = False

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: str | Activation = F.relu, layer_norm_eps: float = 1e-5,
                 batch_first: bool = False, norm_first: bool = False, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        like = {"device": device, "dtype": dtype}
        attention = {"dropout": dropout, "bias": bias, "batch_first": batch_first, **like}
        self.self_attn = MultiheadAttention(d_model, nhead, **attention)
        if self._has_memory:
            self.multihead_attn = MultiheadAttention(d_model, nhead, **attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **like)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **like)
        self.norm_first = norm_first
        blocks = (1, 2, 3) if self._has_memory else (1, 2)
        for i in blocks:
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias, **like))
        for i in blocks:
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation) if isinstance(activation, str) else activation

    def _residual(self, x: Tensor, norm: Module, block: Callable[[Tensor], Tensor]) -> Tensor:
        """`x` plus the output of `block`, normalised before the block or after the sum."""
        return x + block(norm(x)) if self.norm_first else norm(x + block(x))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two linear layers, each added to its input and normalised.

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762

    Args:
        d_model: Width E of input and output.
        nhead: Number of heads.
        dim_feedforward: Width between the two linear layers. Default: 2048.
        dropout: Probability. Default: 0.1.
        activation: "relu", "gelu" or a function. Default: relu.
        layer_norm_eps: Default: 1e-5.
        batch_first: Whether the batch is the first dimension. Default: False.
        norm_first: Whether to normalise before each block instead of after. Default: False.
        bias: Whether linear layers and norms have biases. Default: True.

    Shape: (S, N, E) or (S, E), unchanged; (N, S, E) if `batch_first`.
    """

    def forward(self, src: Tensor, src_mask: Tensor | None = None,
                src_key_padding_mask: Tensor | None = None,
                is_causal: bool = False) -> Tensor:  # fmt: skip
        """The layer's output; masks as for `MultiheadAttention`."""
        mask, padding = additive_masks(
            src_mask, src_key_padding_mask, src.dtype, "src_mask", "src_key_padding_mask"
        )

        def attend(x: Tensor) -> Tensor:
            return self.dropout1(_attended(self.self_attn, x, x, mask, padding, is_causal))

        src = self._residual(src, self.norm1, attend)
        return self._residual(src, self.norm2, lambda x: self.dropout2(self._feed_forward(x)))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's output, two linear layers.

    Arguments and shape as for `TransformerEncoderLayer`; the memory is (S, N, E).
    """

    _has_memory = True

    def forward(self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None,
                memory_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
                memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool = False,
                memory_is_causal: bool = False) -> Tensor:  # fmt: skip
        """The layer's output; masks as for `MultiheadAttention`."""

        def attend(x: Tensor) -> Tensor:
            padding = tgt_key_padding_mask
            return self.dropout1(_attended(self.self_attn, x, x, tgt_mask, padding, tgt_is_causal))

        def look_up(x: Tensor) -> Tensor:
            padding, causal = memory_key_padding_mask, memory_is_causal
            out = _attended(self.multihead_attn, x, memory, memory_mask, padding, causal)
            return self.dropout2(out)

        tgt = self._residual(tgt, self.norm1, attend)
        tgt = self._residual(tgt, self.norm2, look_up)
        return self._residual(tgt, self.norm3, lambda x: self.dropout3(self._feed_forward(x)))


def _attended(attention: Module, x: Tensor, memory: Tensor, mask: Any, padding: Any,
              causal: bool) -> Tensor:  # fmt: skip
    return attention(
        x,
        memory,
        memory,
        attn_mask=mask,
        key_padding_mask=padding,
        need_weights=False,
        is_causal=causal,
    )[0]


def _activation(name: str) -> Activation:
    if name not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {name}")
    return F.relu if name == "relu" else F.gelu
