"""Averaging a model's parameters over training: SWA and exponential moving averages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from torchlite import dtypes
from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.nn.modules.batchnorm import _BatchNorm
from torchlite.nn.modules.module import Module
from torchlite.ops.creation.factories import tensor
from torchlite.optim.lr_scheduler.scheduler import LRScheduler, per_group
from torchlite.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from torchlite.core.tensor import device as Device

Average = Callable[[Tensor, Tensor, "Tensor | int"], Tensor]
MultiAverage = Callable[["list[Tensor]", "list[Tensor]", "Tensor | int"], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """``decay * average + (1 - decay) * current``. Raises: ValueError for decay outside [0, 1]."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of all, equally weighted."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """Like `get_ema_avg_fn`, for lists of tensors, in place."""
    return _in_place(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> MultiAverage:
    """Like `get_swa_avg_fn`, for lists of tensors, in place."""
    return _in_place(get_swa_avg_fn())


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def _in_place(average: Average) -> MultiAverage:
    @no_grad()
    def update(averages: list[Tensor], currents: list[Tensor], num_averaged: Any) -> None:
        for a, b in zip(averages, currents):
            a.copy_(average(a, b, num_averaged))

    return update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages over those it has had.

    Sources: Izmailov et al. 2018, https://arxiv.org/abs/1803.05407; Polyak and Juditsky 1992.

    Args:
        model: The model; it is copied.
        device: Where the copy is. Default: where the model is.
        avg_fn: ``(average, current, count) -> new average``. Default: the mean of all.
        multi_avg_fn: The same for lists, in place.
        use_buffers: Average buffers too, instead of copying them. Default: False.

    Raises: AssertionError if both functions are given.
    """

    n_averaged: Tensor

    def __init__(self, model: Module, device: int | Device | None = None,
                 avg_fn: Average | None = None, multi_avg_fn: MultiAverage | None = None,
                 use_buffers: bool = False) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=dtypes.int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output of the averaged model."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Update the averages with the current parameters of `model`."""
        averages, currents = (self._averaged(m) for m in (self.module, model))
        if self.n_averaged == 0:
            for a, b in zip(averages, currents):
                a.copy_(b)
        else:
            update = self.multi_avg_fn or _in_place(self.avg_fn or get_swa_avg_fn())
            update(averages, currents, self.n_averaged)
        if not self.use_buffers:
            for a, b in zip(self.module.buffers(), model.buffers()):
                a.copy_(b)
        self.n_averaged += 1

    def _averaged(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [t.detach() for t in chain(model.parameters(), buffers)]


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: int | Device | None = None) -> None:
    """Recompute the running statistics of batch normalisation in `model` over all batches.

    Args:
        loader: Batches; the first item of a list or tuple is the input.
        model: The model.
        device: Where the inputs go. Default: unchanged.
    """
    batch_norms: list[Any] = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not batch_norms:
        return
    momenta, was_training = [m.momentum for m in batch_norms], model.training
    for m in batch_norms:
        m.reset_running_stats()
        m.momentum = None  # the mean of all batches
    model.train()
    for batch in loader:
        batch = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(batch if device is None else batch.to(device))
    for m, momentum in zip(batch_norms, momenta):
        m.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Anneals the rate to `swa_lr` in `anneal_epochs` steps, then keeps it constant.

    Args:
        optimizer: Wrapped optimizer.
        swa_lr: The final rate; a number, or a list with one for each group.
        anneal_epochs: Default: 10.
        anneal_strategy: "cos" or "linear". Default: "cos".
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError for another strategy, or for negative `anneal_epochs`.
    """

    def __init__(self, optimizer: Optimizer, swa_lr: float, anneal_epochs: int = 10,
                 anneal_strategy: Literal["cos", "linear"] = "cos",
                 last_epoch: int = -1) -> None:  # fmt: skip
        rates = per_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(rates, optimizer.param_groups):
            group["swa_lr"] = rate
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups."""
        self._check_call()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        return [
            group["swa_lr"] * now + _start(group["lr"], group["swa_lr"], before) * (1 - now)
            for group in self.optimizer.param_groups
        ]

    def _part(self, step: int) -> float:
        part = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * part)) / 2 if self._anneal_strategy == "cos" else part


def _start(lr: Any, end: Any, part: float) -> Any:
    """The initial rate, given that it is `lr` after a fraction `part` of the way to `end`."""
    return end if part == 1 else (lr - part * end) / (1 - part)


__all__ = [
    "AveragedModel", "SWALR", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip
