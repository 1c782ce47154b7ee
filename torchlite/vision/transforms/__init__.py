"""Transforms of single samples, chained with `Compose`; as functions in ``functional``."""

from torchlite.vision.transforms import functional
from torchlite.vision.transforms.color import ColorJitter, Grayscale, RandomGrayscale, RandomInvert
from torchlite.vision.transforms.containers import *
from torchlite.vision.transforms.conversion import *
from torchlite.vision.transforms.functional import InterpolationMode
from torchlite.vision.transforms.geometry import *
from torchlite.vision.transforms.random_geometry import *

__all__ = [
    "CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype", "FiveCrop", "GaussianBlur",
    "Grayscale", "InterpolationMode", "Lambda", "Normalize", "PILToTensor", "Pad", "RandomAffine",
    "RandomApply", "RandomChoice", "RandomCrop", "RandomErasing", "RandomGrayscale",
    "RandomHorizontalFlip", "RandomInvert", "RandomOrder", "RandomResizedCrop", "RandomRotation",
    "RandomVerticalFlip", "Resize", "ToPILImage", "ToTensor", "functional",
]  # fmt: skip
