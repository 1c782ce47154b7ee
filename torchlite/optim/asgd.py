"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_lr, check_number
from torchlite.optim.counting import CountingOptimizer, column, gradients, scalar
from torchlite.optim.optimizer import ParamsT, lr_of


class ASGD(CountingOptimizer):
    """SGD that also keeps in its state the average ``ax`` of the parameter from step `t0` on.

    ``p = (1 - lambd * eta) * p - eta * g`` with ``eta = lr / (1 + lambd * lr * t)**alpha``.
    Source: Polyak and Juditsky 1992, https://doi.org/10.1137/0330046

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-2.
        lambd: Decay of the parameter. Default: 1e-4.
        alpha: Exponent of the learning rate's decay. Default: 0.75.
        t0: Step at which averaging starts. Default: 1e6.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        differentiable: Record the step itself, so that gradients flow through it.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.

    Raises: ValueError for a negative rate or weight decay.
    """

    _counters = ("step", "eta", "mu")
    _shaped_like_parameter = ("ax",)

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, lambd: float = 1e-4,
                 alpha: float = 0.75, t0: float = 1e6, weight_decay: float = 0,
                 foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
                 capturable: bool = False) -> None:  # fmt: skip
        check_lr(lr)
        check_number("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        state["eta"], state["mu"] = scalar(float(group["lr"])), scalar(1)
        super()._start(p, group, state)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        options = (*counters, group["lambd"], group["weight_decay"], group["maximize"])
        columns = [gradients(params), column(states, "ax")]
        self._run("asgd_step", group, params, columns, options)
        lr = float(lr_of(group))
        fallen = (1 + group["lambd"] * lr * step) ** group["alpha"]
        self._count(states, "eta", lr / fallen)
        self._count(states, "mu", 1 / max(1, step - group["t0"]))


__all__ = ["ASGD"]
