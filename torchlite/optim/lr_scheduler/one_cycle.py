"""The one-cycle policy."""

from __future__ import annotations

import math
from typing import Any, Literal

from torchlite.core.tensor import Tensor
from torchlite.optim.lr_scheduler.momentum import set_momentum, start_momentum, uses_beta1
from torchlite.optim.lr_scheduler.scheduler import LRScheduler, check_optimizer, per_group
from torchlite.optim.optimizer import Optimizer


class OneCycleLR(LRScheduler):
    """One cycle up to `max_lr`, then far below the initial rate; call `step` after each batch.

    Source: Smith and Topin 2018, https://arxiv.org/abs/1708.07120

    Args:
        optimizer: Wrapped optimizer.
        max_lr: The greatest rate; a number, or a list with one for each group.
        total_steps: Steps of the cycle; by default ``epochs * steps_per_epoch``.
        pct_start: Fraction of the steps that increase the rate. Default: 0.3.
        anneal_strategy: "cos" or "linear". Default: "cos".
        cycle_momentum: Cycle the momentum (or first beta) inversely. Default: True.
        base_momentum, max_momentum: Its bounds. Default: 0.85 and 0.95.
        div_factor: The first rate is ``max_lr / div_factor``. Default: 25.
        final_div_factor: The last rate is the first divided by this. Default: 1e4.
        three_phase: Return to the first rate in as many steps as up, then go to the last.
        last_epoch: See `LRScheduler`. Default: -1.

    Raises: ValueError for an option out of range, if the optimizer has no momentum to cycle, or in
        `step` after the last step.
    """

    def __init__(self, optimizer: Optimizer, max_lr: float | list[float],
                 total_steps: int | None = None, epochs: int | None = None,
                 steps_per_epoch: int | None = None, pct_start: float = 0.3,
                 anneal_strategy: Literal["cos", "linear"] = "cos", cycle_momentum: bool = True,
                 base_momentum: float | list[float] = 0.85,
                 max_momentum: float | list[float] = 0.95, div_factor: float = 25.0,
                 final_div_factor: float = 1e4, three_phase: bool = False,
                 last_epoch: int = -1) -> None:  # fmt: skip
        check_optimizer(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        tops = per_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            start_momentum(optimizer, base_momentum, max_momentum, self.use_beta1, last_epoch == -1)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, tops):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups; sets their momenta."""
        self._check_call()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        phase, start = self._phase()
        part = (self.last_epoch - start) / (phase["end_step"] - start)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                bounds = group[phase["start_momentum"]], group[phase["end_momentum"]]
                set_momentum(group, self._between(*bounds, part), self.use_beta1)
        return [
            self._between(group[phase["start_lr"]], group[phase["end_lr"]], part)
            for group in self.optimizer.param_groups
        ]

    def _phase(self) -> tuple[dict[str, Any], float]:
        """The phase of the current step, and where it starts."""
        start = 0.0
        *others, last = self._schedule_phases
        for phase in others:
            if self.last_epoch <= phase["end_step"]:
                return phase, start
            start = phase["end_step"]
        return last, start

    def _between(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)


def _total_steps(total: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total is not None:
        return _positive("total_steps", total)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def _phases(total: int, part: float, three: bool) -> list[dict[str, Any]]:
    """Where each phase ends, and the names of the group options it interpolates between."""
    up, down = ("max_momentum", "base_momentum"), ("base_momentum", "max_momentum")
    rest = ("max_momentum", "max_momentum")
    parts: list[tuple[float, tuple[str, str], tuple[str, str]]]
    parts = [(float(part * total) - 1, ("initial_lr", "max_lr"), up)]
    if three:
        parts.append((float(2 * part * total) - 2, ("max_lr", "initial_lr"), down))
        parts.append((total - 1, ("initial_lr", "min_lr"), rest))
    else:
        parts.append((total - 1, ("max_lr", "min_lr"), down))
    return [
        {
            "end_step": end, "start_lr": lrs[0], "end_lr": lrs[1],
            "start_momentum": momenta[0], "end_momentum": momenta[1],
        }
        for end, lrs, momenta in parts
    ]  # fmt: skip


__all__ = ["OneCycleLR"]
