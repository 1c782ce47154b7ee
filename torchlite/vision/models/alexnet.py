"""AlexNet."""

from __future__ import annotations

from typing import Any

from torchlite import nn
from torchlite.core.tensor import Tensor
from torchlite.vision.models.weights import weights_of, with_weights


class AlexNet(nn.Module):
    """Five convolutions and three linear layers. Shape: ``(N, 3, H, W) -> (N, num_classes)``.

    Source: Krizhevsky 2014, https://arxiv.org/abs/1404.5997

    Args:
        num_classes: Default: 1000.
        dropout: Probability. Default: 0.5.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2), nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2), nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1), nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True),
            nn.Dropout(p=dropout), nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


AlexNet_Weights = weights_of("AlexNet", "alexnet-owt-7be5be79.pth")


@with_weights(AlexNet_Weights)
def alexnet(**kwargs: Any) -> AlexNet:
    """`AlexNet`."""
    return AlexNet(**kwargs)


__all__ = ["AlexNet", "AlexNet_Weights", "alexnet"]
