"""Adagrad."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_implementation, check_lr, check_number
from torchlite.optim.counting import CountingOptimizer, column, gradients, like
from torchlite.optim.optimizer import ParamsT, lr_of


class Adagrad(CountingOptimizer):
    """Adagrad: ``s += g * g``, ``p -= lr * g / (sqrt(s) + eps)``.

    In step ``t`` the rate is ``lr / (1 + (t - 1) * lr_decay)``. The state exists from the start.
    Source: Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-2.
        lr_decay: How fast the rate decays. Default: 0.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        initial_accumulator_value: ``s`` before the first step. Default: 0.
        eps: Added to the denominator. Default: 1e-10.
        foreach, fused: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative option.
    """

    _shaped_like_parameter = ("sum",)

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, lr_decay: float = 0,
                 weight_decay: float = 0, initial_accumulator_value: float = 0, eps: float = 1e-10,
                 foreach: bool | None = None, *, maximize: bool = False,
                 differentiable: bool = False, fused: bool | None = None) -> None:  # fmt: skip
        check_lr(lr)
        check_number("lr_decay value", lr_decay)
        check_number("weight_decay value", weight_decay)
        check_number("initial_accumulator_value value", initial_accumulator_value)
        check_number("epsilon value", eps)
        check_implementation(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self._begin(p, group)

    def share_memory(self) -> None:
        """Move the sums to shared memory."""
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["sum"].share_memory_()

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        state["sum"] = like(p, self.defaults["initial_accumulator_value"])

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        options = (
            step, lr_of(group), group["lr_decay"], group["eps"], group["weight_decay"],
            group["maximize"],
        )  # fmt: skip
        columns = [gradients(params), column(states, "sum")]
        self._run("adagrad_step", group, params, columns, options)


__all__ = ["Adagrad"]
