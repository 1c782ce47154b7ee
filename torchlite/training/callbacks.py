"""Callbacks: what happens at certain points of a training run; programs may define their own.

Each method gets the trainer first, so one object may serve several runs in succession.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import torchlite as torch


class Callback:
    """Base class: any method may be overridden; `figures` are the metrics of the epoch or step."""

    def on_train_begin(self, trainer: Any) -> None:
        """Before the first epoch."""

    def on_train_end(self, trainer: Any) -> None:
        """After the last epoch, an interruption or an error."""

    def on_epoch_begin(self, trainer: Any, epoch: int) -> None:
        """Before epoch number `epoch`, counted from 0."""

    def on_epoch_end(self, trainer: Any, epoch: int, figures: dict[str, float]) -> None:
        """After the epoch and its validation."""

    def on_batch_end(self, trainer: Any, step: int, figures: dict[str, float]) -> None:
        """After step number `step` of the run, counted from 1, with its loss."""


def _is_better(mode: str, monitor: str) -> Callable[[float, float], bool]:
    if mode not in ("auto", "min", "max"):
        raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
    words = ("accuracy", "top_", "precision", "recall", "f1", "r2")
    rising = mode == "max" or (mode == "auto" and any(word in monitor for word in words))
    return (lambda new, old: new > old) if rising else (lambda new, old: new < old)


class _Monitor(Callback):
    """Monitors one metric; `best` is its best value so far, initially None."""

    def __init__(self, monitor: str, mode: str) -> None:
        self.monitor, self._better = monitor, _is_better(mode, monitor)
        self.best: float | None = None

    def _value(self, figures: dict[str, float]) -> float:
        if self.monitor not in figures:
            raise KeyError(
                f"{type(self).__name__}: there is no metric {self.monitor!r}, only: "
                f"{', '.join(figures)}. 'val_...' needs validation data."
            )
        return figures[self.monitor]

    def _improves(self, value: float, margin: float = 0.0) -> bool:
        if math.isnan(value):
            return False
        best = self.best
        if best is None or (self._better(value, best) and abs(value - best) > margin):
            self.best = value
            return True
        return False


class EarlyStopping(_Monitor):
    """Stop when a metric has not improved for several epochs.

    Args:
        monitor: The metric. Default: "val_loss".
        patience: Number of epochs without improvement to tolerate. Default: 0.
        min_delta: Changes up to this are not an improvement. Default: 0.
        mode: "min", "max", or "auto": "max" for accuracies and the like.
        restore_best_weights: At the end, restore the weights of the best epoch.
    """

    def __init__(self, monitor: str = "val_loss", patience: int = 0, min_delta: float = 0.0,
                 mode: str = "auto", restore_best_weights: bool = False) -> None:  # fmt: skip
        super().__init__(monitor, mode)
        self.patience, self.min_delta = patience, min_delta
        self.restore_best_weights = restore_best_weights

    def on_train_begin(self, trainer: Any) -> None:
        self.best, self.wait = None, 0
        self.stopped_epoch: int | None = None
        self._weights: dict[str, torch.Tensor] | None = None

    def on_epoch_end(self, trainer: Any, epoch: int, figures: dict[str, float]) -> None:
        if self._improves(self._value(figures), self.min_delta):
            self.wait = 0
            if self.restore_best_weights:
                state = trainer.model.state_dict()
                self._weights = {name: value.clone() for name, value in state.items()}
            return
        self.wait += 1
        if self.wait > self.patience:
            self.stopped_epoch, trainer.stop_training = epoch, True

    def on_train_end(self, trainer: Any) -> None:
        if self._weights is not None:
            trainer.model.load_state_dict(self._weights)


class ModelCheckpoint(_Monitor):
    """Save the trainer after each epoch: model, optimizer, history, random state.

    Args:
        path: The file. ``{epoch}`` in it becomes the epoch's number, counted from 1.
        monitor, mode: As in `EarlyStopping`.
        save_best_only: Save only when the metric has improved.
        resume: If the file exists, resume from it: the run ends as if never interrupted.
    """

    def __init__(self, path: str | PathLike, monitor: str = "val_loss", mode: str = "auto",
                 save_best_only: bool = False, resume: bool = False) -> None:  # fmt: skip
        super().__init__(monitor, mode)
        self.path, self.save_best_only, self.resume = Path(path), save_best_only, resume

    def on_train_begin(self, trainer: Any) -> None:
        self.best = None
        if self.resume and self.path.exists():
            trainer.load(self.path)
            for value in trainer.history.get(self.monitor, []):
                self._improves(value)

    def on_epoch_end(self, trainer: Any, epoch: int, figures: dict[str, float]) -> None:
        if self.save_best_only and not self._improves(self._value(figures)):
            return
        trainer.save(str(self.path).format(epoch=epoch + 1))


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch, or after each step.

    Args:
        schedule: A function ``(epoch, lr) -> lr``, epochs counted from 0; or a scheduler of
            `torchlite.optim.lr_scheduler`, which is stepped after each epoch (`ReduceLROnPlateau`
            with the metric `monitor`).
        every: "epoch", or "step" for a scheduler that counts steps, such as a warm-up.
    """

    def __init__(self, schedule: Any, monitor: str = "val_loss", every: str = "epoch") -> None:
        if every not in ("epoch", "step"):
            raise ValueError(f"every must be 'epoch' or 'step', got {every!r}")
        if every == "step" and not hasattr(schedule, "step"):
            raise TypeError("every='step' needs a scheduler of torchlite.optim, not a function")
        self.schedule, self.monitor, self.every = schedule, monitor, every

    def on_epoch_begin(self, trainer: Any, epoch: int) -> None:
        if hasattr(self.schedule, "step"):
            return
        for group in trainer.optimizer.param_groups:
            group["lr"] = self.schedule(epoch, group["lr"])

    def on_epoch_end(self, trainer: Any, epoch: int, figures: dict[str, float]) -> None:
        if self.every == "step" or not hasattr(self.schedule, "step"):
            return
        if isinstance(self.schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            self.schedule.step(figures[self.monitor])
        else:
            self.schedule.step()

    def on_batch_end(self, trainer: Any, step: int, figures: dict[str, float]) -> None:
        if self.every == "step":
            self.schedule.step()


class CSVLogger(Callback):
    """Write the metrics of each epoch to a CSV file as they arrive."""

    def __init__(self, path: str | PathLike, append: bool = False) -> None:
        self.path, self.append = Path(path), append

    def on_train_begin(self, trainer: Any) -> None:
        if not self.append:
            self.path.unlink(missing_ok=True)

    def on_epoch_end(self, trainer: Any, epoch: int, figures: dict[str, float]) -> None:
        is_new = not self.path.exists()
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            if is_new:
                table.writerow(["epoch", *figures])
            table.writerow([epoch + 1, *figures.values()])


class TensorBoard(Callback):
    """Write the metrics of each epoch for TensorBoard.

    Raises: ImportError, which says what to install, if neither tensorboardX nor tensorboard is.
    """

    def __init__(self, log_dir: str | PathLike | None = None) -> None:
        from torchlite.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(None if log_dir is None else str(log_dir))

    def on_epoch_end(self, trainer: Any, epoch: int, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, epoch + 1)

    def on_train_end(self, trainer: Any) -> None:
        self.writer.flush()


class Callbacks(Callback):
    """Several callbacks as one."""

    def __init__(self, members: Sequence[Callback]) -> None:
        self.members = list(members)


def _to_all(name: str) -> Callable:
    def method(self: Callbacks, *args: Any) -> None:
        for member in self.members:
            getattr(member, name)(*args)

    return method


for _name in [name for name in vars(Callback) if name.startswith("on_")]:
    setattr(Callbacks, _name, _to_all(_name))
