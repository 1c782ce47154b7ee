"""Keras-style training with PyTorch's objects: `Trainer`, its history, callbacks and metrics.

`torchlite.training.plots` plots the results of a run.
"""

from torchlite.training.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    TensorBoard,
)
from torchlite.training.diagnosis import NonFiniteLoss
from torchlite.training.history import History
from torchlite.training.metrics import (
    F1,
    R2,
    Accuracy,
    ConfusionMatrix,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    Metric,
    Precision,
    Recall,
    TopK,
)
from torchlite.training.trainer import Trainer

__all__ = [
    "Accuracy", "CSVLogger", "Callback", "ConfusionMatrix", "EarlyStopping", "F1", "History",
    "LearningRateScheduler", "Mean", "MeanAbsoluteError", "MeanSquaredError", "Metric",
    "ModelCheckpoint", "NonFiniteLoss", "Precision", "R2", "Recall", "TensorBoard", "TopK",
    "Trainer",
]  # fmt: skip
