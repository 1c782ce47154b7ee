"""Schedulers that multiply the rate by a simple function of the step."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from torchlite.core.tensor import Tensor
from torchlite.optim.lr_scheduler.scheduler import LRScheduler
from torchlite.optim.optimizer import Optimizer


class _Multiplied(LRScheduler):
    """A rate that each step multiplies by `_factor`, so that schedulers can be chained.

    `_total` is the product so far: the current rate divided by the initial one.
    """

    def _factor(self) -> float:
        raise NotImplementedError

    def _total(self) -> float:
        raise NotImplementedError

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups."""
        self._check_call()
        return self._scaled(self._factor())

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        return [base * self._total() for base in self.base_lrs]


class StepLR(_Multiplied):
    """Multiplies the rate by `gamma` every `step_size` steps.

    Args:
        optimizer: Wrapped optimizer.
        step_size: Steps between changes.
        gamma: Factor. Default: 0.1.
        last_epoch: See `LRScheduler`. Default: -1.
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        falls = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self.gamma if falls else 1.0

    def _total(self) -> float:
        return self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(_Multiplied):
    """Multiplies the rate by `gamma` at each of the `milestones`.

    Args:
        optimizer: Wrapped optimizer.
        milestones: Step indices; a repeated one counts twice.
        gamma: Factor. Default: 0.1.
        last_epoch: See `LRScheduler`. Default: -1.
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        return self.gamma ** self.milestones[self.last_epoch]

    def _total(self) -> float:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch)


class ConstantLR(_Multiplied):
    """Multiplies the rate by `factor` during the first `total_iters` steps.

    Args:
        optimizer: Wrapped optimizer.
        factor: In [0, 1]. Default: 1/3.
        total_iters: Default: 5.
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError for a factor outside [0, 1].
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5,
                 last_epoch: int = -1) -> None:  # fmt: skip
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else 1.0

    def _total(self) -> float:
        return 1.0 if self.last_epoch >= self.total_iters else self.factor


class LinearLR(_Multiplied):
    """The initial rate times a factor from `start_factor` to `end_factor`, linear in the step.

    Args:
        optimizer: Wrapped optimizer.
        start_factor: In (0, 1]. Default: 1/3.
        end_factor: In [0, 1]. Default: 1.
        total_iters: Steps until `end_factor`. Default: 5.
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError for a factor out of range.
    """

    def __init__(self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0,
                 total_iters: int = 5, last_epoch: int = -1) -> None:  # fmt: skip
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal "
                "to 1."
            )
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return 1.0 + rise / before

    def _total(self) -> float:
        part = min(self.total_iters, self.last_epoch) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * part


class ExponentialLR(_Multiplied):
    """Multiplies the rate by `gamma` every step.

    Args:
        optimizer: Wrapped optimizer.
        gamma: Factor.
        last_epoch: See `LRScheduler`. Default: -1.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        return 1.0 if self._is_initial else self.gamma

    def _total(self) -> float:
        return self.gamma**self.last_epoch


class PolynomialLR(_Multiplied):
    """The initial rate times ``(1 - t / total_iters)**power``, then zero.

    Args:
        optimizer: Wrapped optimizer.
        total_iters: Steps until zero. Default: 5.
        power: Default: 1.
        last_epoch: See `LRScheduler`. Default: -1.
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        now, before = (1.0 - t / self.total_iters for t in (self.last_epoch, self.last_epoch - 1))
        return (now / before) ** self.power

    def _total(self) -> float:
        return (1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power


__all__ = ["ConstantLR", "ExponentialLR", "LinearLR", "MultiStepLR", "PolynomialLR", "StepLR"]
