"""Layers that, in training mode, set random elements or channels to zero."""

from __future__ import annotations

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.module import Module


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        """The probability, and whether the input is overwritten."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training mode, sets each element to zero with probability `p` and scales the rest by
    ``1 / (1 - p)``.

    Source: Hinton et al. 2012, https://arxiv.org/abs/1207.0580
    Shape: any, unchanged. Raises: ValueError if `p` is not in [0, 1].
    """

    def forward(self, input: Tensor) -> Tensor:
        """`input` with elements zeroed; `input` itself in evaluation mode."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Dropout of whole channels. Shape: (N, C, L) or (C, L), unchanged."""

    def forward(self, input: Tensor) -> Tensor:
        """`input` with channels zeroed."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Dropout of whole channels. Shape: (N, C, H, W), unchanged.

    Source: Tompson et al. 2014, https://arxiv.org/abs/1411.4280
    """

    def forward(self, input: Tensor) -> Tensor:
        """`input` with channels zeroed."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Dropout of whole channels. Shape: (N, C, D, H, W) or (C, D, H, W), unchanged."""

    def forward(self, input: Tensor) -> Tensor:
        """`input` with channels zeroed."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that preserves the mean and variance of `SELU` outputs. Shape: any, unchanged.

    Source: Klambauer et al. 2017, https://arxiv.org/abs/1706.02515
    """

    def forward(self, input: Tensor) -> Tensor:
        """`input` with some elements at the negative saturation of SELU, rescaled."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels. Shape: (N, C, *), unchanged."""

    def forward(self, input: Tensor) -> Tensor:
        """`input` with some channels at the negative saturation of SELU, rescaled."""
        return F.feature_alpha_dropout(input, self.p, self.training)

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]
