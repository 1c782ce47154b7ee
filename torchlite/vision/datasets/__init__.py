"""Image data sets, read from their original files."""

from torchlite.vision.datasets.cifar import CIFAR10, CIFAR100
from torchlite.vision.datasets.fakedata import FakeData
from torchlite.vision.datasets.folder import DatasetFolder, ImageFolder
from torchlite.vision.datasets.mnist import EMNIST, KMNIST, MNIST, FashionMNIST
from torchlite.vision.datasets.vision import VisionDataset

__all__ = [
    "CIFAR10", "CIFAR100", "DatasetFolder", "EMNIST", "FakeData", "FashionMNIST", "ImageFolder",
    "KMNIST", "MNIST", "VisionDataset",
]  # fmt: skip
