"""VGG networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import nn
from torchlite.core.tensor import Tensor
from torchlite.vision.models.weights import weights_of, with_weights

#: Output channels of the convolutions; "M": max pooling.
_PLANS: dict[int, str] = {
    11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
    13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}


class VGG(nn.Module):
    """`features`, then three linear layers. Shape: ``(N, 3, H, W) -> (N, num_classes)``.

    Source: Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556

    Args:
        features: A network with 512 output channels.
        num_classes: Default: 1000.
        init_weights: Initialise them as torchvision does. Default: True.
        dropout: Probability. Default: 0.5.
    """

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        if init_weights:
            for module in self.modules():
                _initialize(module)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.ones_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def _features(depth: int, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for step in _PLANS[depth].split():
        if step == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(channels, int(step), kernel_size=3, padding=1))
        channels = int(step)
        layers += [nn.BatchNorm2d(channels)] * batch_norm
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _model(depth: int, file: str, batch_norm: bool = False) -> tuple[Any, Callable[..., VGG]]:
    """The weights enum of a VGG network, and the function that builds it."""
    name = f"vgg{depth}{'_bn' * batch_norm}"
    kind = weights_of(name.upper(), file)

    def make(**kwargs: Any) -> VGG:
        return VGG(_features(depth, batch_norm), **kwargs)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"`VGG` with {depth} layers{', batch normalisation' * batch_norm}."
    return kind, with_weights(kind)(make)


VGG11_Weights, vgg11 = _model(11, "vgg11-8a719046.pth")
VGG13_Weights, vgg13 = _model(13, "vgg13-19584684.pth")
VGG16_Weights, vgg16 = _model(16, "vgg16-397923af.pth")
VGG19_Weights, vgg19 = _model(19, "vgg19-dcbb9e9d.pth")
VGG11_BN_Weights, vgg11_bn = _model(11, "vgg11_bn-6002323d.pth", batch_norm=True)
VGG13_BN_Weights, vgg13_bn = _model(13, "vgg13_bn-abd245e5.pth", batch_norm=True)
VGG16_BN_Weights, vgg16_bn = _model(16, "vgg16_bn-6c64b313.pth", batch_norm=True)
VGG19_BN_Weights, vgg19_bn = _model(19, "vgg19_bn-c79401a0.pth", batch_norm=True)

__all__ = [
    "VGG", "VGG11_BN_Weights", "VGG11_Weights", "VGG13_BN_Weights", "VGG13_Weights",
    "VGG16_BN_Weights", "VGG16_Weights", "VGG19_BN_Weights", "VGG19_Weights", "vgg11", "vgg11_bn",
    "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
]  # fmt: skip
