"""Residual networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torchlite import nn
from torchlite.core.tensor import Tensor
from torchlite.vision.models.weights import weights_of, with_weights

Norm = Callable[[int], nn.Module]


def _conv3x3(inputs: int, outputs: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> Any:
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=dilation,
                     groups=groups, bias=False, dilation=dilation)  # fmt: skip


def _conv1x1(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two convolutions with a residual. Shape: ``(N, C, H, W) -> (N, planes, *, *)``."""

    expansion: ClassVar[int] = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None,
        groups: int = 1, base_width: int = 64, dilation: int = 1, norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        norm = norm_layer or nn.BatchNorm2d
        self.conv1 = _conv3x3(inplanes, planes, stride)
        self.bn1 = norm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv3x3(planes, planes)
        self.bn2 = norm(planes)
        self.downsample, self.stride = downsample, stride

    def forward(self, x: Tensor) -> Tensor:
        around = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += around
        return self.relu(out)


class Bottleneck(nn.Module):
    """Three convolutions, 1x1 to fewer channels, 3x3, and 1x1 back, with a residual.

    Shape: ``(N, C, H, W) -> (N, 4 * planes, *, *)``. The second convolution has the stride, as in
    https://ngc.nvidia.com/catalog/model-scripts/nvidia:resnet_50_v1_5_for_pytorch.
    """

    expansion: ClassVar[int] = 4

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None,
        groups: int = 1, base_width: int = 64, dilation: int = 1, norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = _conv1x1(inplanes, width)
        self.bn1 = norm(width)
        self.conv2 = _conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm(width)
        self.conv3 = _conv1x1(width, planes * self.expansion)
        self.bn3 = norm(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample, self.stride = downsample, stride

    def forward(self, x: Tensor) -> Tensor:
        around = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += around
        return self.relu(out)


class ResNet(nn.Module):
    """Four groups of blocks. Shape: ``(N, 3, H, W) -> (N, num_classes)``.

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385

    Args:
        block: `BasicBlock` or `Bottleneck`.
        layers: Number of blocks in each group.
        num_classes: Default: 1000.
        zero_init_residual: Initialise each block as the identity. Default: False.
        groups, width_per_group: For the blocks' convolutions. Default: 1, 64.
        replace_stride_with_dilation: For the last three groups. Default: none.
        norm_layer: Default: `BatchNorm2d`.
    """

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], layers: Sequence[int],
                 num_classes: int = 1000, zero_init_residual: bool = False, groups: int = 1,
                 width_per_group: int = 64,
                 replace_stride_with_dilation: Sequence[bool] | None = None,
                 norm_layer: Norm | None = None) -> None:  # fmt: skip
        super().__init__()
        dilate = replace_stride_with_dilation or (False, False, False)
        if len(dilate) != 3:
            raise ValueError(
                "replace_stride_with_dilation should be None or a 3-element tuple, got "
                f"{replace_stride_with_dilation}"
            )
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes, self.dilation = 64, 1
        self.groups, self.base_width = groups, width_per_group
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], 2, dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], 2, dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], 2, dilate[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self._initialize(zero_init_residual)

    def _make_layer(
        self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False
    ) -> nn.Sequential:
        previous, downsample = self.dilation, None
        if dilate:
            self.dilation, stride = self.dilation * stride, 1
        outputs = planes * block.expansion
        if stride != 1 or self.inplanes != outputs:
            downsample = nn.Sequential(
                _conv1x1(self.inplanes, outputs, stride), self._norm_layer(outputs)
            )
        rest = (self.groups, self.base_width)
        made = [block(self.inplanes, planes, stride, downsample, *rest, previous, self._norm_layer)]
        self.inplanes = outputs
        for _ in range(1, blocks):
            made.append(block(outputs, planes, 1, None, *rest, self.dilation, self._norm_layer))
        return nn.Sequential(*made)

    def _initialize(self, zero_init_residual: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if zero_init_residual:
            for module in self.modules():
                last = {BasicBlock: "bn2", Bottleneck: "bn3"}.get(type(module))
                if last is not None:
                    nn.init.zeros_(getattr(module, last).weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


ResNet18_Weights = weights_of("ResNet18", "resnet18-f37072fd.pth")
ResNet34_Weights = weights_of("ResNet34", "resnet34-b627a593.pth")
ResNet50_Weights = weights_of("ResNet50", "resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth")
ResNet101_Weights = weights_of("ResNet101", "resnet101-63fe2227.pth", "resnet101-cd907fc2.pth")
ResNet152_Weights = weights_of("ResNet152", "resnet152-394f9c45.pth", "resnet152-f82ba261.pth")


@with_weights(ResNet18_Weights)
def resnet18(**kwargs: Any) -> ResNet:
    """`ResNet` with 18 layers."""
    return ResNet(BasicBlock, [2, 2, 2, 2], **kwargs)


@with_weights(ResNet34_Weights)
def resnet34(**kwargs: Any) -> ResNet:
    """`ResNet` with 34 layers."""
    return ResNet(BasicBlock, [3, 4, 6, 3], **kwargs)


@with_weights(ResNet50_Weights)
def resnet50(**kwargs: Any) -> ResNet:
    """`ResNet` with 50 layers."""
    return ResNet(Bottleneck, [3, 4, 6, 3], **kwargs)


@with_weights(ResNet101_Weights)
def resnet101(**kwargs: Any) -> ResNet:
    """`ResNet` with 101 layers."""
    return ResNet(Bottleneck, [3, 4, 23, 3], **kwargs)


@with_weights(ResNet152_Weights)
def resnet152(**kwargs: Any) -> ResNet:
    """`ResNet` with 152 layers."""
    return ResNet(Bottleneck, [3, 8, 36, 3], **kwargs)


__all__ = [
    "BasicBlock", "Bottleneck", "ResNet", "ResNet101_Weights", "ResNet152_Weights",
    "ResNet18_Weights", "ResNet34_Weights", "ResNet50_Weights", "resnet101", "resnet152",
    "resnet18", "resnet34", "resnet50",
]  # fmt: skip
