"""Cyclical learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from torchlite.core.tensor import Tensor
from torchlite.optim.lr_scheduler.momentum import set_momentum, start_momentum, uses_beta1
from torchlite.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_optimizer,
    per_group,
    set_option,
    state_of,
)
from torchlite.optim.optimizer import Optimizer


class CyclicLR(LRScheduler):
    """Linear cycles from `base_lr` to `max_lr` and back; call `step` after each batch.

    Source: Smith 2017, https://arxiv.org/abs/1506.01186

    Args:
        optimizer: Wrapped optimizer.
        base_lr, max_lr: The bounds; numbers, or lists with one for each group.
        step_size_up: Steps up. Default: 2000.
        step_size_down: Steps down. Default: `step_size_up`.
        mode: "triangular"; "triangular2", which halves the amplitude each cycle; "exp_range", which
            multiplies it by `gamma` each step. Default: "triangular".
        gamma: See `mode`. Default: 1.
        scale_fn: The relative amplitude as a function of the cycle or step, instead of `mode`.
        scale_mode: Argument of `scale_fn`: "cycle" or "iterations". Default: "cycle".
        cycle_momentum: Cycle the momentum (or first beta) inversely. Default: True.
        base_momentum, max_momentum: Its bounds. Default: 0.8 and 0.9.
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError for an unknown mode, or if the optimizer has no momentum to cycle.
    """

    def __init__(self, optimizer: Optimizer, base_lr: float | list[float],
                 max_lr: float | list[float], step_size_up: int = 2000,
                 step_size_down: int | None = None,
                 mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
                 gamma: float = 1.0, scale_fn: Callable[[float], float] | None = None,
                 scale_mode: Literal["cycle", "iterations"] = "cycle", cycle_momentum: bool = True,
                 base_momentum: float = 0.8, max_momentum: float = 0.9,
                 last_epoch: int = -1) -> None:  # fmt: skip
        check_optimizer(optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        bases = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode: str = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            self.base_momentums, self.max_momentums = start_momentum(
                optimizer, base_momentum, max_momentum, self.use_beta1, last_epoch == -1
            )
        if last_epoch == -1:
            for lr, group in zip(bases, optimizer.param_groups):
                set_option(group, "lr", lr)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = bases

    def scale_fn(self, x: float) -> float:
        """The amplitude in the cycle or step number `x`, relative to the full one."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 1 / 2.0 ** (x - 1)
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups; sets their momenta."""
        self._check_call()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        place = 1.0 + self.last_epoch / self.total_size - cycle
        if place <= self.step_ratio:
            part = place / self.step_ratio
        else:
            part = (place - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups)
            for low, high, group in momenta:
                set_momentum(group, high - (high - low) * part * height, self.use_beta1)
        bounds = zip(self.base_lrs, self.max_lrs)
        return [low + (high - low) * part * height for low, high in bounds]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer and a plain `scale_fn`."""
        custom = self._scale_fn_custom
        state = {} if custom is None else state_of(custom)
        return {**super().state_dict(), "_scale_fn_custom": state or None}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        others = {k: v for k, v in state_dict.items() if k != "_scale_fn_custom"}
        super().load_state_dict(others)
        if state_dict["_scale_fn_custom"] is not None:
            vars(self._scale_fn_custom).update(state_dict["_scale_fn_custom"])


__all__ = ["CyclicLR"]
