"""Embeddings: tables of vectors that are looked up by index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchlite.autograd import no_grad
from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty

if TYPE_CHECKING:
    from typing_extensions import Self


class _Table(Module):
    """The weight, and its padding row."""

    def _set_up(self, sizes: tuple[int, int], padding_idx: int | None, weight: Tensor | None,
                message: str, freeze: bool, device: Any, dtype: Any) -> None:  # fmt: skip
        self.num_embeddings, self.embedding_dim = sizes
        if padding_idx is not None:
            if not -sizes[0] <= padding_idx < max(sizes[0], 1):
                raise AssertionError(message)
            padding_idx += sizes[0] if padding_idx < 0 else 0
        self.padding_idx = padding_idx
        if weight is None:
            self.weight = Parameter(empty(sizes, device=device, dtype=dtype), not freeze)
            self.reset_parameters()
            return
        if tuple(weight.shape) != sizes:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        self.weight = Parameter(weight, not freeze)

    def reset_parameters(self) -> None:
        """Redraw the weight from N(0, 1); the padding row is 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def _options(self, *names: str) -> str:
        """The sizes, and those of the options that differ from their defaults."""
        defaults = {"norm_type": 2, "scale_grad_by_freq": False, "sparse": False}
        changed = [n for n in names if getattr(self, n) != defaults.get(n)]
        sizes = [str(self.num_embeddings), str(self.embedding_dim)]
        return ", ".join(sizes + [f"{n}={getattr(self, n)!r}" for n in changed])


class Embedding(_Table):
    """Row ``i`` of `weight` for each index ``i`` in the input.

    Args:
        num_embeddings: Number of rows V.
        embedding_dim: Length of a row D.
        padding_idx: A row that starts as zeros and gets no gradient. Default: none.
        max_norm: Rows that are looked up are first scaled down to this norm, in place.
        norm_type: The p of that norm. Default: 2.
        scale_grad_by_freq: Whether a row's gradient is divided by how often it is looked up.
        sparse: Accepted; gradients are dense.

    Shape: (*) of int64 or int32 -> (*, D). Raises: IndexError for an index out of range.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
                 max_norm: float | None = None, norm_type: float = 2.0,
                 scale_grad_by_freq: bool = False, sparse: bool = False,
                 _weight: Tensor | None = None, _freeze: bool = False, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        message = "Padding_idx must be within num_embeddings"
        sizes = (num_embeddings, embedding_dim)
        self._set_up(sizes, padding_idx, _weight, message, _freeze, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """The rows."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """The sizes, and the options that differ from their defaults."""
        return self._options("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True,
                        padding_idx: int | None = None, max_norm: float | None = None,
                        norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                        sparse: bool = False) -> Self:  # fmt: skip
        """A table with the weight `embeddings` (V, D), which gets no gradient if `freeze`."""
        return cls(
            *_sizes(embeddings),
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=embeddings,
            _freeze=freeze,
        )


class EmbeddingBag(_Table):
    """The sum, mean or maximum of the rows for each bag of indices.

    Args:
        num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, sparse: As
            `Embedding`.
        mode: "sum", "mean" or "max". Default: "mean".
        include_last_offset: Whether the last offset is the end of the last bag.
        padding_idx: An index to ignore. Default: none.

    Shape: (B, N) -> (B, D); or (N,) with offsets (B,), where each bag begins -> (B, D). An empty
    bag yields 0.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None,
                 norm_type: float = 2.0, scale_grad_by_freq: bool = False, mode: str = "mean",
                 sparse: bool = False, _weight: Tensor | None = None,
                 include_last_offset: bool = False, padding_idx: int | None = None,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.mode, self.sparse = scale_grad_by_freq, mode, sparse
        self.include_last_offset = include_last_offset
        message = "padding_idx must be within num_embeddings"
        sizes = (num_embeddings, embedding_dim)
        self._set_up(sizes, padding_idx, _weight, message, False, device, dtype)

    def forward(self, input: Tensor, offsets: Tensor | None = None,
                per_sample_weights: Tensor | None = None) -> Tensor:  # fmt: skip
        """One vector per bag; `per_sample_weights`, shaped like `input`, needs mode "sum"."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes, the mode, and the options that differ from their defaults."""
        return self._options("max_norm", "norm_type", "scale_grad_by_freq", "mode", "padding_idx")

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, max_norm: float | None = None,
                        norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                        mode: str = "mean", sparse: bool = False, include_last_offset: bool = False,
                        padding_idx: int | None = None) -> Self:  # fmt: skip
        """A table with the weight `embeddings` (V, D), which gets no gradient if `freeze`."""
        bag = cls(
            *_sizes(embeddings),
            _weight=embeddings,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad = not freeze
        return bag


def _sizes(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.dim() != 2:
        raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
    return tuple(embeddings.shape)  # type: ignore[return-value]

__all__ = ["Embedding", "EmbeddingBag"]
