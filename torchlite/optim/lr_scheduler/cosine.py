"""Cosine schedules."""

from __future__ import annotations

import math

from torchlite.core.tensor import Tensor
from torchlite.optim.lr_scheduler.scheduler import LRScheduler, rates
from torchlite.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """Cosine annealing from the initial rate to `eta_min` in `T_max` steps, then back up.

    Source: Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, without restarts.

    Args:
        optimizer: Wrapped optimizer.
        T_max: Steps from the initial rate to the minimum.
        eta_min: The minimum rate. Default: 0.
        last_epoch: See `LRScheduler`. Default: -1.
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The next rates of the groups, from the current ones, which makes schedulers chainable."""
        self._check_call()
        now = rates(self.optimizer)
        if self._is_initial:
            return now
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # leaving the minimum
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (b - self.eta_min) * rise for b, lr in zip(self.base_lrs, now)]
        after, before = (self._height(t) for t in (self.last_epoch, self.last_epoch - 1))
        return [after / before * (lr - self.eta_min) + self.eta_min for lr in now]

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        part = self._height(self.last_epoch)
        return [self.eta_min + (base - self.eta_min) * part / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing from the initial rate to `eta_min`, with periodic restarts.

    Source: Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983

    Args:
        optimizer: Wrapped optimizer.
        T_0: Steps until the first restart.
        T_mult: Factor by which each period is longer than the previous one. Default: 1.
        eta_min: The minimum rate. Default: 0.
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError unless `T_0` and `T_mult` are positive integers and `eta_min` a number.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0,
                 last_epoch: int = -1) -> None:  # fmt: skip
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            )
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups."""
        self._check_call()
        height = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the next rates, or those of `epoch`, which may be fractional.

        Raises: ValueError for a negative epoch.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._seek(epoch)
        self.last_epoch = math.floor(epoch)
        with self._within_step():
            values = self.get_lr()
        self._set_rates(values)

    def _seek(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            ratio = self.T_mult - 1
            periods = int(math.log(epoch / self.T_0 * ratio + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**periods - 1) / ratio
            self.T_i = self.T_0 * self.T_mult**periods


__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]
