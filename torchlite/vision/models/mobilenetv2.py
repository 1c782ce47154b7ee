"""MobileNet V2."""

from __future__ import annotations

from typing import Any

from torchlite import nn
from torchlite.core.tensor import Tensor
from torchlite.vision.models.weights import weights_of, with_weights

#: For each group of blocks: expansion ratio, channels, number of blocks, stride of the first.
_GROUPS = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def _divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `channels`, at most a tenth smaller."""
    near = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * channels else near


class Conv2dNormActivation(nn.Sequential):
    """A convolution that preserves the size up to its stride, batch norm and ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel_size: int, stride: int = 1, groups: int = 1
    ) -> None:
        border = (kernel_size - 1) // 2
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_size, stride, border, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; with a residual if the shapes match."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        hidden = round(inp * expand_ratio)
        self.use_res_connect = stride == 1 and inp == oup
        widen = [Conv2dNormActivation(inp, hidden, 1)] if expand_ratio != 1 else []
        self.conv = nn.Sequential(
            *widen,
            Conv2dNormActivation(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, oup, 1, bias=False),
            nn.BatchNorm2d(oup),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """A small network. Shape: ``(N, 3, H, W) -> (N, num_classes)``.

    Source: Sandler et al. 2018, https://arxiv.org/abs/1801.04381

    Args:
        num_classes: Default: 1000.
        width_mult: Multiplies the number of channels. Default: 1.
        dropout: Probability. Default: 0.2.
    """

    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0, dropout: float = 0.2
    ) -> None:
        super().__init__()
        channels = _divisible(32 * width_mult)
        self.last_channel = _divisible(1280 * max(1.0, width_mult))
        layers: list[nn.Module] = [Conv2dNormActivation(3, channels, 3, stride=2)]
        for widen, width, count, stride in _GROUPS:
            outputs = _divisible(width * width_mult)
            for i in range(count):
                layers.append(InvertedResidual(channels, outputs, 1 if i else stride, widen))
                channels = outputs
        layers.append(Conv2dNormActivation(channels, self.last_channel, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


MobileNet_V2_Weights = weights_of(
    "MobileNet_V2", "mobilenet_v2-b0353104.pth", "mobilenet_v2-7ebf99e0.pth"
)


@with_weights(MobileNet_V2_Weights)
def mobilenet_v2(**kwargs: Any) -> MobileNetV2:
    """`MobileNetV2`."""
    return MobileNetV2(**kwargs)


__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]
