"""An optimizer's momentum, or first beta, which some schedulers vary inversely to the rate."""

from __future__ import annotations

from typing import Any

from torchlite.optim.lr_scheduler.scheduler import per_group
from torchlite.optim.optimizer import Optimizer


def uses_beta1(optimizer: Optimizer) -> bool:
    """Whether the momentum of `optimizer` is its first beta.

    Raises: ValueError if it has no momentum.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: dict[str, Any], value: Any, beta1: bool) -> None:
    """Set the momentum of a group, or its first beta."""
    if beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def start_momentum(optimizer: Optimizer, base: Any, top: Any, beta1: bool,
                   start: bool) -> tuple[list, list]:  # fmt: skip
    """Both bounds for each group; a new schedule starts at the upper one."""
    tops = per_group("max_momentum", optimizer, top)
    bases = per_group("base_momentum", optimizer, base)
    if start:
        for low, high, group in zip(bases, tops, optimizer.param_groups):
            set_momentum(group, high, beta1)
            group["max_momentum"], group["base_momentum"] = high, low
    return bases, tops
