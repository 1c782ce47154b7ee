"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.optim.checks import check_implementation, check_lr, check_number
from torchlite.optim.optimizer import Optimizer, ParamsT, lr_of


class SGD(Optimizer):
    """Stochastic gradient descent: ``p -= lr * v`` with ``v = momentum * v + (1 - dampening) * g``.

    ``v = g`` in the first step of a parameter, or without momentum. Source for Nesterov's
    momentum: Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-3.
        momentum: Decay rate of ``v``. Default: 0.
        dampening: Fraction of the gradient left out of ``v``. Default: 0.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        nesterov: Step along ``g + momentum * v``. Default: False.
        maximize: Maximise the objective instead. Default: False.
        foreach, fused: Accepted; all parameters of a group are updated in one call anyway.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative option, or Nesterov without momentum or with dampening.
    """

    _shaped_like_parameter = ("momentum_buffer",)

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3, momentum: float = 0,
                 dampening: float = 0, weight_decay: float | Tensor = 0, nesterov: bool = False, *,
                 maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
                 fused: bool | None = None) -> None:  # fmt: skip
        check_lr(lr)
        check_number("momentum value", momentum)
        check_number("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_implementation(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns what `closure` returns."""
        loss = None if closure is None else self._evaluate(closure)
        for group in self.param_groups:
            params = [p for p in group["params"] if p._grad is not None]
            if not group["momentum"]:
                self._update(group, params, None, False)
                continue
            states = [self.state[p] for p in params]
            fresh = [p for p, s in zip(params, states) if s.get("momentum_buffer") is None]
            if fresh:
                self._start(group, fresh)
                ids = set(map(id, fresh))
                params = [p for p in params if id(p) not in ids]
                states = [self.state[p] for p in params]
            self._update(group, params, [s["momentum_buffer"] for s in states], False)
        return loss

    def _start(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """The first step of `params`, which creates their momentum buffers."""
        xp = current()
        buffers = [wrap(xp.empty(p._data.shape, dtypes.of(p._data))) for p in params]
        self._update(group, params, buffers, True)
        for p, buffer in zip(params, buffers):
            self.state[p]["momentum_buffer"] = buffer

    def _update(
        self, group: dict[str, Any], params: list[Tensor], buffers: list[Tensor] | None, first: bool
    ) -> None:
        if not params:
            return
        columns = [[p._grad for p in params], buffers]
        options = (
            lr_of(group), group["momentum"], group["dampening"], float(group["weight_decay"]),
            group["nesterov"], group["maximize"], first,
        )  # fmt: skip
        self._run("sgd_step", group, params, columns, options)


__all__ = ["SGD"]
