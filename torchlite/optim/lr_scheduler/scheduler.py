"""LRScheduler, the base of all schedulers."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import ref

from torchlite.core.tensor import Tensor
from torchlite.optim.optimizer import Optimizer

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if "
    "epoch is different from None, the closed form is used instead of the new chainable form, "
    "where available."
)
_ORDER = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


class LRScheduler:
    """Base of schedulers; a subclass defines `get_lr`. Rates that are tensors change in place.

    The constructor makes the first step. Call `step` after ``optimizer.step()``.

    Args:
        optimizer: The optimizer whose groups have the rates.
        last_epoch: Index of the last step, to resume from it; -1 to start. Default: -1.

    Raises: TypeError if `optimizer` is not one; KeyError when resuming without "initial_lr".
    """

    _get_lr_called_within_step = False
    _is_initial = False
    #: Attributes that are not part of the state dict.
    _unsaved: tuple[str, ...] = ("optimizer",)
    _last_lr: list[float | Tensor]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0.\nLoad the state dict of the optimizer first, "
                    "or leave last_epoch at -1 to start afresh."
                )
        self.base_lrs = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer."""
        return {name: value for name, value in vars(self).items() if name not in self._unsaved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        vars(self).update(state_dict)

    def get_last_lr(self) -> list[float | Tensor]:
        """The rates of the groups, as set by the last step."""
        return self._last_lr

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rates of the groups, those for `last_epoch`."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Set the next rates, or those of `epoch` (deprecated)."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        with self._within_step():
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            values = (closed or self.get_lr)()
        self._set_rates(values)

    def _set_rates(self, values: list[float | Tensor]) -> None:
        if len(values) != len(self.optimizer.param_groups):
            raise ValueError(
                f"the scheduler has rates for {len(values)} groups, but the optimizer has "
                f"{len(self.optimizer.param_groups)} groups"
            )
        for group, value in zip(self.optimizer.param_groups, values):
            set_option(group, "lr", value)
        self._last_lr = rates(self.optimizer)

    @contextmanager
    def _within_step(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _check_call(self) -> None:
        """Warn if the user calls `get_lr`, which would return the wrong rate."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _scaled(self, factor: float) -> list[float | Tensor]:
        """The current rates times `factor`."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _check_order(self) -> None:
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            text = (
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization. Please, make sure to call `optimizer.step()` before "
                f"`lr_scheduler.step()`. {_ORDER}"
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            text = (
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call "
                "them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`. "
                "Failure to do this will result in skipping the first value of the learning rate "
                f"schedule. {_ORDER}"
            )
        else:
            return
        warnings.warn(text, UserWarning, stacklevel=3)


def _watch(optimizer: Any) -> None:
    """Make `optimizer` record that it has made a step."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    own, step = ref(optimizer), optimizer.step.__func__  # no cycle: the optimizer holds the wrapper

    @wraps(step)
    def noted(*args: Any, **kwargs: Any) -> Any:
        owner: Any = own()
        owner._opt_called = True
        return step(owner, *args, **kwargs)

    noted._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = noted


def check_optimizer(optimizer: Any) -> None:
    """Reject anything that is not an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def copied(value: Any) -> Any:
    """A copy of a rate, unaffected by later writes into a tensor."""
    return value.clone() if isinstance(value, Tensor) else value


def rates(optimizer: Optimizer, key: str = "lr") -> list[Any]:
    """One option of each group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def set_option(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option, in place if it is a tensor."""
    if isinstance(group[key], Tensor):
        group[key].detach().fill_(float(value))
    else:
        group[key] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """`value` for each group, or its items if it is a list.

    Raises: ValueError for a list whose length is not the number of groups.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * count
    elif len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} "
            f"values, param_groups has {count}."
        )
    return [copied(v) for v in value]


def state_of(function: Callable) -> dict[str, Any] | None:
    """The attributes of a callable object; None for functions, which are not saved."""
    is_object = not isinstance(function, types.FunctionType) and hasattr(function, "__dict__")
    return vars(function).copy() if is_object else None


__all__ = ["LRScheduler"]
