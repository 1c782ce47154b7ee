"""Schedulers with a user-defined function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.lr_scheduler.scheduler import LRScheduler, rates, state_of
from torchlite.optim.optimizer import Optimizer


class LambdaLR(LRScheduler):
    """The initial rate times ``lr_lambda(epoch)``.

    Functions are not part of the state dict; the attributes of callable objects are.

    Args:
        optimizer: Wrapped optimizer.
        lr_lambda: A function of the step's index, or a list with one for each group.
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError for a list whose length is not the number of groups.
    """

    def __init__(self, optimizer: Optimizer,
                 lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
                 last_epoch: int = -1) -> None:  # fmt: skip
        count = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            lr_lambda = [lr_lambda] * count
        elif len(lr_lambda) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(lr_lambda)}")
        self.lr_lambdas = list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer and plain functions."""
        return {**super().state_dict(), "lr_lambdas": [state_of(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        others = {name: value for name, value in state_dict.items() if name != "lr_lambdas"}
        super().load_state_dict(others)
        for function, state in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if state is not None:
                vars(function).update(state)

    def _factors(self) -> list[float]:
        return [function(self.last_epoch) for function in self.lr_lambdas]

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups."""
        self._check_call()
        return [base * factor for base, factor in zip(self.base_lrs, self._factors())]


class MultiplicativeLR(LambdaLR):
    """The previous rate times ``lr_lambda(epoch)``. Arguments: see `LambdaLR`.

    Raises: as for `LambdaLR`, and TypeError for anything that is not callable.
    """

    def __init__(self, optimizer: Optimizer,
                 lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
                 last_epoch: int = -1) -> None:  # fmt: skip
        for function in lr_lambda if isinstance(lr_lambda, (list, tuple)) else [lr_lambda]:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}"
                )
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups."""
        self._check_call()
        now = rates(self.optimizer)
        return now if self._is_initial else [lr * f for lr, f in zip(now, self._factors())]


__all__ = ["LambdaLR", "MultiplicativeLR"]
