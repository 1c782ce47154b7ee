"""Optimizers: they change parameters along their gradients."""

from torchlite.optim.adam import Adam
from torchlite.optim.adamw import AdamW
from torchlite.optim.optimizer import Optimizer
from torchlite.optim.sgd import SGD

__all__ = ["Adam", "AdamW", "Optimizer", "SGD"]
