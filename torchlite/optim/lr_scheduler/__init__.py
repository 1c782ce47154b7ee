"""Schedulers, which change the learning rates of an optimizer from step to step."""

from torchlite.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from torchlite.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from torchlite.optim.lr_scheduler.cyclic import CyclicLR
from torchlite.optim.lr_scheduler.decay import (
    ConstantLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from torchlite.optim.lr_scheduler.functions import LambdaLR, MultiplicativeLR
from torchlite.optim.lr_scheduler.one_cycle import OneCycleLR
from torchlite.optim.lr_scheduler.plateau import ReduceLROnPlateau
from torchlite.optim.lr_scheduler.scheduler import LRScheduler

_LRScheduler = LRScheduler  # its name before PyTorch 2.0, which programs derive from

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts",
    "CyclicLR", "ExponentialLR", "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR",
    "MultiplicativeLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip
