"""Temporarily swapping an optimizer's parameters and state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.optimizer import Optimizer

_NAME = "swap_in_optimizer_params_and_state requires"


@contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer, swapin_parameters: dict[str, Tensor], swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """Inside this block, `optimizer` uses the given parameters, options and state, uncopied.

    Args:
        optimizer: The optimizer; it must have made a step.
        swapin_parameters: Its parameters, in the order of the groups, under any names.
        swapin_optim_state: Options and state, as `Optimizer.state_dict` returns them.

    Raises: RuntimeError if they do not match; nothing is changed then.
    """
    saved, state = _checked_groups(optimizer, swapin_optim_state), swapin_optim_state["state"]
    params = list(swapin_parameters.values())
    if len(params) < sum(len(group["params"]) for group in saved):
        raise RuntimeError(
            f"{_NAME} the explicit parameter state to match optimizer.param_groups ordering."
        )
    groups, own_state = [dict(group) for group in optimizer.param_groups], optimizer.state
    optimizer.state = defaultdict(dict)
    try:
        for group, new in zip(optimizer.param_groups, saved):
            numbers = new["params"]
            own, params = params[: len(numbers)], params[len(numbers) :]
            group.update({**new, "params": own})
            for p, number in zip(own, numbers):
                optimizer.state[p] = dict(state.get(number, {}))
        yield
    finally:
        for group, before in zip(optimizer.param_groups, groups):
            group.clear()
            group.update(before)
        optimizer.state = own_state


def _checked_groups(optimizer: Optimizer, saved: Any) -> list[dict[str, Any]]:
    """The groups of a state dict, checked to match."""
    _check(bool(optimizer.state), "initialized optimizer state.")
    _check(isinstance(saved, dict), "an optimizer state_dict.")
    state, groups = saved.get("state"), saved.get("param_groups")
    _check(
        isinstance(state, dict) and all(isinstance(v, dict) for v in state.values()),
        "swapin_optim_state['state'] to be a dict mapping packed parameter ids to per-param state "
        f"dicts, got {type(state).__name__}.",
    )
    _check(
        isinstance(groups, list) and all(isinstance(group, dict) for group in groups),
        "swapin_optim_state['param_groups'] to be a list of param-group dicts, got "
        f"{type(groups).__name__}.",
    )
    if len(groups) != len(optimizer.param_groups):
        raise RuntimeError(
            "swapin_optim_state has a different number of parameter groups than the live optimizer."
        )
    for i, (group, new) in enumerate(zip(optimizer.param_groups, groups)):
        _check_group(i, group, new)
    extra = state.keys() - {number for group in groups for number in group["params"]}
    _check(
        not extra,
        "swapin_optim_state['state'] to be keyed only by packed parameter ids from "
        f"param_groups[*]['params']; got extra keys {list(extra)!r}.",
    )
    return groups


def _check_group(i: int, group: dict[str, Any], new: dict[str, Any]) -> None:
    _check(
        group.keys() == new.keys(),
        "optimizer.state_dict()-style param group keys to exactly match the live optimizer group "
        f"keys for group {i}. They differ in {sorted(group.keys() ^ new.keys())}.",
    )
    if len(group["params"]) != len(new["params"]):
        raise RuntimeError(
            f"swapin_optim_state param group {i} has a different number of params than the live "
            "optimizer param group."
        )


def _check(holds: bool, expected: str) -> None:
    if not holds:
        raise RuntimeError(f"{_NAME} {expected}")


__all__ = ["swap_in_optimizer_params_and_state"]
