"""The base of optimizers whose state counts the steps of each parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.optim.optimizer import Optimizer


class CountingOptimizer(Optimizer):
    """Base of optimizers with a state "step"; a subclass defines `_update` and maybe `_start`.

    Parameters of one group may have started at different times: those with equal counters are
    updated together.
    """

    #: States that are scalars: 0-d float32 tensors.
    _counters: tuple[str, ...] = ("step",)
    _takes_complex_apart = True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns what `closure` returns."""
        loss = None if closure is None else self._evaluate(closure)
        xp = current()
        for group in self.param_groups:
            _check_capturable(group)
            together: dict[tuple, tuple[list[Tensor], list[dict]]] = {}
            for p in group["params"]:
                if p._grad is not None:
                    state = self.state[p] or self._begin(p, group)
                    counters = tuple(xp.item(state[name]._data) for name in self._counters)
                    params, states = together.setdefault(counters, ([], []))
                    params.append(p)
                    states.append(state)
            for (step, *rest), (params, states) in together.items():
                self._update(group, params, states, int(step) + 1, *rest)
                self._count(states, "step", step + 1)
        return loss

    def _begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        state = self.state[p]
        state["step"] = scalar(0)
        self._start(p, group, state)
        return state

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        """Fill the state before the first step of `p`; by default with zeros."""
        for name in self._shaped_like_parameter:
            state[name] = like(p)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        """Perform step number `step` on `params`."""
        raise NotImplementedError

    def _count(self, states: list[dict], name: str, value: float) -> None:
        for state in states:
            current().copyto(state[name]._data, value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for own in self.state.values():
            if isinstance(own.get("step"), (int, float)):  # from an old checkpoint
                own["step"] = scalar(own["step"])


def scalar(value: float) -> Tensor:
    """A counter."""
    return wrap(current().full((), value, dtypes.float32))


def like(p: Tensor, value: float = 0) -> Tensor:
    """A state with the shape and dtype of `p`; for complex, both parts are `value`."""
    kind = dtypes.of(p._data)
    filling = complex(value, value) if kind.is_complex else value
    return wrap(current().full(p._data.shape, filling, kind))


def column(states: list[dict], name: str) -> list[Tensor]:
    """The state `name` of each parameter."""
    return [state[name] for state in states]


def gradients(params: list[Tensor]) -> list[Tensor]:
    """The gradients of `params`, all of which have one."""
    return [p._grad for p in params if p._grad is not None]


def _check_capturable(group: dict[str, Any]) -> None:
    if group.get("capturable"):
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: "
            "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla'].\n"
            "torchlite computes on the CPU only; leave capturable=False."
        )
