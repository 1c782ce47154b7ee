"""`Trainer`: the training loop that most programs need, with Keras's method names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from typing import Any

import torchlite as torch
from torchlite import nn
from torchlite.nn.utils import clip_grad_norm_, clip_grad_value_
from torchlite.optim import Optimizer
from torchlite.training import progress
from torchlite.training.callbacks import Callback, Callbacks
from torchlite.training.diagnosis import NonFiniteLoss, first_non_finite
from torchlite.training.history import History
from torchlite.training.metrics import Mean, as_metric
from torchlite.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset


class Trainer:
    """Trains and evaluates a model, and predicts with it.

    Args:
        model: Called with the inputs of a batch.
        loss: ``loss(output, target)``, a scalar: the mean over the batch.
        optimizer: An optimizer of `torchlite.optim` over the model's parameters.
        metrics: Names, functions of (output, target) or objects: see `torchlite.training.metrics`.
        clip_norm, clip_value: Bounds on the gradients' norm and on each element. Default: none.
        accumulate: Number of batches whose gradients are averaged for one step. Default: 1.

    ``history`` holds the metrics of all calls of `fit`. Setting ``stop_training`` ends the run
    after the current epoch.
    """

    def __init__(self, model: nn.Module, loss: Callable[[Any, Any], torch.Tensor],
                 optimizer: Optimizer, metrics: Sequence[Any] = (), *,
                 clip_norm: float | None = None, clip_value: float | None = None,
                 accumulate: int = 1) -> None:  # fmt: skip
        if accumulate < 1:
            raise ValueError(f"accumulate must be at least 1, got {accumulate}")
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.metrics = [as_metric(given) for given in metrics]
        self.clip_norm, self.clip_value, self.accumulate = clip_norm, clip_value, accumulate
        self.history, self.step, self.stop_training = History(), 0, False

    def fit(self, x: Any, y: Any = None, *, epochs: int = 1, batch_size: int = 32,
            validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
            callbacks: Sequence[Callback] = (), verbose: bool = True) -> History:  # fmt: skip
        """Train on each example `epochs` times; returns the history.

        Args:
            x, y: Inputs and targets as tensors, ``x`` may be a tuple of them; or a dataset; or a
                DataLoader, which sets its own batch size and order.
            epochs: The total number of epochs, including those of a resumed checkpoint.
            validation_split: The fraction of the examples, taken from the end before any shuffling,
                to hold out for validation. Not for a DataLoader.
            validation_data: A pair (x, y), a dataset or a DataLoader.
            verbose: Show a progress bar in a terminal, and a line for each epoch.

        Ctrl-C ends the run: the model stays as the last step left it, the history covers the
        completed epochs and is ``interrupted``.
        Raises: NonFiniteLoss with the step, and the first layer to output such a value.
        """
        data, held_out = _split(x, y, validation_split)
        batches = _batches(data, batch_size, shuffle)
        if held_out is None and validation_data is not None:
            pair = isinstance(validation_data, (tuple, list))
            held_out = _dataset(*validation_data) if pair else validation_data
        if held_out is not None:
            held_out = _batches(held_out, batch_size, shuffle=False)
        hooks, was_training = Callbacks(callbacks), self.model.training
        self.stop_training, self.history.interrupted = False, False
        done = self.history.epochs
        try:
            hooks.on_train_begin(self)
            is_resumed = self.history.epochs > done
            last = epochs if is_resumed else done + epochs
            self.optimizer.zero_grad()
            while self.history.epochs < last and not self.stop_training:
                self._epoch(batches, held_out, last, hooks, verbose)
        except KeyboardInterrupt:
            self.history.interrupted = True
            if verbose:
                print(f"interrupted after step {self.step}", flush=True)
        finally:
            self.model.train(was_training)
            hooks.on_train_end(self)
        return self.history

    def _epoch(self, batches: DataLoader, held_out: Any, last: int, hooks: Callback,
               verbose: bool) -> None:  # fmt: skip
        epoch = self.history.epochs
        hooks.on_epoch_begin(self, epoch)
        figures = self._pass(batches, f"epoch {epoch + 1}/{last}", hooks, verbose)
        if held_out is not None:
            reached = self.evaluate(held_out)
            figures |= {f"val_{name}": value for name, value in reached.items()}
        self.history.append(figures)
        if verbose:
            print(progress.line(epoch + 1, last, figures), flush=True)
        hooks.on_epoch_end(self, epoch, figures)

    def _pass(self, batches: DataLoader, text: str, hooks: Callback,
              verbose: bool) -> dict[str, float]:  # fmt: skip
        """Train on each batch once; returns the loss and the metrics."""
        self.model.train()
        for metric in self.metrics:
            metric.reset()
        mean, pending = Mean(self.loss, "loss"), 0
        shown = progress.bar(batches, text, verbose)
        for batch in shown:
            inputs, target = _parts(batch)
            loss = self._forward_backward(inputs, target)
            pending += 1
            if pending == self.accumulate:
                self._update(pending)
                pending = 0
            mean.add(loss, len(inputs[0]))
            shown.set_postfix(loss=f"{mean.compute():.4f}")
            hooks.on_batch_end(self, self.step, {"loss": loss})
        if pending:
            self._update(pending)
        return {"loss": mean.compute(), **{m.name: m.compute() for m in self.metrics}}

    def _forward_backward(self, inputs: Sequence[Any], target: Any) -> float:
        output = self.model(*inputs)
        loss = self.loss(output, target)
        value = loss.item()
        self.step += 1
        if not math.isfinite(value):
            raise NonFiniteLoss(self.step, value, first_non_finite(self.model, inputs))
        with torch.no_grad():
            for metric in self.metrics:
                metric.update(output.detach(), target)
        loss.backward()
        return value

    def _update(self, batches: int) -> None:
        """One step of the optimizer with the gradient averaged over `batches` batches."""
        if batches > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.div_(batches)
        if self.clip_value is not None:
            clip_grad_value_(self.model.parameters(), self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def evaluate(self, x: Any, y: Any = None, *, batch_size: int = 32) -> dict[str, float]:
        """The loss and the metrics on data, passed as to `fit`, in evaluation mode."""
        mean = Mean(self.loss, "loss")
        for metric in self.metrics:
            metric.reset()
        for inputs, target, output in self._outputs(x, y, batch_size):
            mean.add(float(self.loss(output, target)), len(inputs[0]))
            for metric in self.metrics:
                metric.update(output, target)
        return {"loss": mean.compute(), **{m.name: m.compute() for m in self.metrics}}

    def predict(self, x: Any, *, batch_size: int = 32) -> torch.Tensor:
        """The outputs for inputs (a tensor or a tuple of them), or for a dataset or a
        DataLoader of (input, target), whose targets are not used: (N, *)."""
        is_data = isinstance(x, (Dataset, DataLoader))
        parts = x if isinstance(x, tuple) else (x,)
        given = x if is_data else TensorDataset(*parts, torch.zeros(len(parts[0])))
        return torch.cat([output for _, _, output in self._outputs(given, None, batch_size)])

    @torch.no_grad()
    def _outputs(self, x: Any, y: Any, batch_size: int) -> Iterable[tuple]:
        """(inputs, target, output) of each batch, in order."""
        was_training = self.model.training
        self.model.eval()
        try:
            for batch in _batches(_dataset(x, y), batch_size, shuffle=False):
                inputs, target = _parts(batch)
                yield inputs, target, self.model(*inputs)
        finally:
            self.model.train(was_training)

    def save(self, path: str | PathLike) -> None:
        """Write the model, optimizer, history and random state, so that `load` can resume."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": dict(self.history),
            "step": self.step,
            "rng": torch.get_rng_state(),
        }
        torch.save(state, path)

    def load(self, path: str | PathLike) -> None:
        """Resume from where `save` was called."""
        state = torch.load(path)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history, self.step = History(state["history"]), state["step"]
        torch.set_rng_state(state["rng"])


def _dataset(x: Any, y: Any = None) -> Any:
    """Tensors as a dataset; a dataset or a DataLoader unchanged."""
    if y is None:
        if isinstance(x, (Dataset, DataLoader)):
            return x
        raise TypeError(
            "expected x and y, a Dataset or a DataLoader; got "
            f"{type(x).__name__} without targets"
        )
    return TensorDataset(*(x if isinstance(x, (tuple, list)) else (x,)), y)


def _split(x: Any, y: Any, share: float) -> tuple[Any, Any]:
    """The training data, and the validation data or None."""
    if not 0 <= share < 1:
        raise ValueError(f"validation_split must be in [0, 1), got {share}")
    data = _dataset(x, y)
    if not share:
        return data, None
    if isinstance(data, (DataLoader, IterableDataset)):
        raise ValueError("validation_split needs a dataset with a length: pass validation_data")
    first = len(data) - int(len(data) * share)
    return Subset(data, range(first)), Subset(data, range(first, len(data)))


def _batches(data: Any, batch_size: int, shuffle: bool) -> DataLoader:
    if isinstance(data, DataLoader):
        return data
    shuffle = shuffle and not isinstance(data, IterableDataset)
    return DataLoader(data, batch_size=batch_size, shuffle=shuffle)


def _parts(batch: Any) -> tuple[Sequence[Any], Any]:
    """The inputs and the target, which is the last element of a batch."""
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        raise TypeError(
            f"a batch must be (input, ..., target), got {type(batch).__name__}"
            + (f" of {len(batch)}" if isinstance(batch, (tuple, list)) else "")
        )
    return batch[:-1], batch[-1]
