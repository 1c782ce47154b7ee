"""Well-known networks, with torchvision's parameter names, so that its checkpoints load."""

from torchlite.vision.models.alexnet import AlexNet, AlexNet_Weights, alexnet
from torchlite.vision.models.mobilenetv2 import MobileNet_V2_Weights, MobileNetV2, mobilenet_v2
from torchlite.vision.models.resnet import *
from torchlite.vision.models.vgg import *

__all__ = [
    "AlexNet", "AlexNet_Weights", "MobileNetV2", "MobileNet_V2_Weights", "ResNet",
    "ResNet101_Weights", "ResNet152_Weights", "ResNet18_Weights", "ResNet34_Weights",
    "ResNet50_Weights", "VGG", "VGG11_BN_Weights", "VGG11_Weights", "VGG13_BN_Weights",
    "VGG13_Weights", "VGG16_BN_Weights", "VGG16_Weights", "VGG19_BN_Weights", "VGG19_Weights",
    "alexnet", "mobilenet_v2", "resnet101", "resnet152", "resnet18", "resnet34", "resnet50",
    "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
]  # fmt: skip
