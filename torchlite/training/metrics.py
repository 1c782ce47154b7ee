"""Metrics: measures of how good a model is, accumulated batch by batch.

A metric is an object with a ``name``, ``reset()``, ``update(output, target)`` and ``compute()``.
For classes, ``output`` holds scores (N, C, *) and ``target`` class indices (N, *); or, with two
classes, one score (N,) or (N, 1), a logit or a probability to suit `threshold`, and 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torchlite as torch

Tensor = torch.Tensor


class Metric:
    """Base class; `name` is the key in the history."""

    name = "metric"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError

    def update(self, output: Tensor, target: Tensor) -> None:
        """Add one batch."""
        raise NotImplementedError

    def compute(self) -> float:
        """The metric over all batches since `reset`; NaN if there were none."""
        raise NotImplementedError


class Mean(Metric):
    """The mean over examples of ``function(output, target)``, a scalar for each batch."""

    def __init__(self, function: Callable[[Tensor, Tensor], Any], name: str | None = None) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        super().__init__()

    def reset(self) -> None:
        self.total, self.count = 0.0, 0

    def update(self, output: Tensor, target: Tensor) -> None:
        self.add(float(self.function(output, target)), len(target))

    def add(self, value: float, count: int) -> None:
        """Add `count` examples whose mean is `value`."""
        self.total += value * count
        self.count += count

    def compute(self) -> float:
        return self.total / self.count if self.count else float("nan")


def predicted(output: Tensor, threshold: float = 0.5) -> Tensor:
    """The predicted classes: the argmax of scores (N, C, *), or whether one exceeds `threshold`."""
    if output.ndim > 1 and output.shape[1] > 1:
        return output.argmax(dim=1)
    return (output > threshold).long().reshape(len(output))


class Accuracy(Metric):
    """The fraction of examples classified correctly.

    Args:
        threshold: A single score above this means class 1. 0.5 suits probabilities, 0 suits
            logits. Default: 0.5.
    """

    name = "accuracy"

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold
        super().__init__()

    def reset(self) -> None:
        self.right, self.count = 0, 0

    def update(self, output: Tensor, target: Tensor) -> None:
        classes = predicted(output, self.threshold)
        self.right += int((classes == target.reshape(classes.shape)).sum())
        self.count += classes.numel()

    def compute(self) -> float:
        return self.right / self.count if self.count else float("nan")


class TopK(Accuracy):
    """The fraction of examples whose class is among the `k` with the highest scores."""

    def __init__(self, k: int = 5) -> None:
        self.k, self.name = k, f"top_{k}"
        super().__init__()

    def update(self, output: Tensor, target: Tensor) -> None:
        best = output.topk(min(self.k, output.shape[1]), dim=1).indices
        self.right += int((best == target.unsqueeze(1)).any(dim=1).sum())
        self.count += target.numel()


class ConfusionMatrix(Metric):
    """How often class i (row) was predicted as class j (column): `matrix`, int64 (C, C).

    `compute` returns the accuracy, as the history holds scalars.
    """

    name = "confusion_accuracy"

    def __init__(self, classes: int, threshold: float = 0.5) -> None:
        self.classes, self.threshold = classes, threshold
        super().__init__()

    def reset(self) -> None:
        self.matrix = torch.zeros(self.classes, self.classes, dtype=torch.int64)

    def update(self, output: Tensor, target: Tensor) -> None:
        classes = predicted(output, self.threshold).reshape(-1)
        pairs = target.long().reshape(-1) * self.classes + classes
        self.matrix += torch.bincount(pairs, minlength=self.classes**2).reshape(self.matrix.shape)

    def compute(self) -> float:
        total = int(self.matrix.sum())
        return int(self.matrix.diagonal().sum()) / total if total else float("nan")


class _OfConfusion(ConfusionMatrix):
    """A metric per class, averaged over the classes; with two classes, that of class 1."""

    def __init__(self, classes: int = 2, threshold: float = 0.5) -> None:
        super().__init__(classes, threshold)

    def per_class(self) -> Tensor:
        """The metric of each class (C,); 0 where it is undefined."""
        raise NotImplementedError

    def compute(self) -> float:
        figures = self.per_class()
        return float(figures[1] if self.classes == 2 else figures.mean())

    def _share(self, dim: int) -> Tensor:
        right, total = self.matrix.diagonal().double(), self.matrix.sum(dim=dim)
        return torch.where(total > 0, right / total.clamp(min=1), 0.0)


class Precision(_OfConfusion):
    """Of the examples predicted as a class, the fraction that belong to it."""

    name = "precision"

    def per_class(self) -> Tensor:
        return self._share(0)


class Recall(_OfConfusion):
    """Of the examples that belong to a class, the fraction predicted as it."""

    name = "recall"

    def per_class(self) -> Tensor:
        return self._share(1)


class F1(_OfConfusion):
    """The harmonic mean of precision and recall."""

    name = "f1"

    def per_class(self) -> Tensor:
        precision, recall = self._share(0), self._share(1)
        both = precision + recall
        return torch.where(both > 0, 2 * precision * recall / both.clamp(min=1e-300), 0.0)


class MeanAbsoluteError(Mean):
    """The mean absolute difference of output and target."""

    def __init__(self) -> None:
        super().__init__(lambda output, target: (output - target).abs().mean(), "mae")


class MeanSquaredError(Mean):
    """The mean squared difference of output and target."""

    def __init__(self) -> None:
        super().__init__(lambda output, target: (output - target).square().mean(), "mse")


class R2(Metric):
    """The fraction of the target's variance explained: 1 is perfect, 0 no better than the mean."""

    name = "r2"

    def reset(self) -> None:
        self.errors = self.total = self.squares = 0.0
        self.count = 0

    def update(self, output: Tensor, target: Tensor) -> None:
        target = target.double()
        self.errors += float((output.double() - target).square().sum())
        self.total += float(target.sum())
        self.squares += float(target.square().sum())
        self.count += target.numel()

    def compute(self) -> float:
        if not self.count:
            return float("nan")
        variance = self.squares - self.total**2 / self.count
        return 1 - self.errors / variance if variance > 0 else float("nan")


_BY_NAME: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy, "top_5": TopK, "precision": Precision, "recall": Recall, "f1": F1,
    "mae": MeanAbsoluteError, "mse": MeanSquaredError, "r2": R2,
}  # fmt: skip


def as_metric(given: Any) -> Metric:
    """A metric from its name, from a function of (output, target), or itself.

    Raises: ValueError for an unknown name; TypeError for anything else.
    """
    if isinstance(given, str):
        if given not in _BY_NAME:
            raise ValueError(f"unknown metric {given!r}; known: {', '.join(_BY_NAME)}")
        return _BY_NAME[given]()
    if hasattr(given, "update") and hasattr(given, "compute"):
        return given
    if callable(given):
        return Mean(given)
    raise TypeError(
        "a metric is a name, a function of (output, target) or an object with reset, update and "
        f"compute, not {type(given).__name__}"
    )
