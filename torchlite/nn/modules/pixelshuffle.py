"""Layers that rearrange channels."""

from __future__ import annotations

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.spatial import shown


class PixelShuffle(Module):
    """Rearranges channels into pixels: (*, C * r * r, H, W) -> (*, C, H * r, W * r).

    Source: arXiv:1609.05158.
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """`input`, rearranged."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return shown(self, "upscale_factor")


class PixelUnshuffle(Module):
    """The inverse of `PixelShuffle`: (*, C, H * r, W * r) -> (*, C * r * r, H, W)."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """`input`, rearranged."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return shown(self, "downscale_factor")


class ChannelShuffle(Module):
    """Interleaves the channels of `groups` groups. (N, C, *S), unchanged."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """`input`, rearranged."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """The number of groups."""
        return shown(self, "groups")
