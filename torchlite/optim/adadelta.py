"""Adadelta."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_lr, check_number
from torchlite.optim.counting import CountingOptimizer, column, gradients
from torchlite.optim.optimizer import ParamsT, lr_of


class Adadelta(CountingOptimizer):
    """Adadelta: the gradient scaled by the ratio of the RMS of past updates to that of gradients.

    Source: Zeiler 2012, https://arxiv.org/abs/1212.5701

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Factor of the update, a number or a 0-d tensor. Default: 1.
        rho: Decay rate of the mean squares, in [0, 1]. Default: 0.9.
        eps: Added to the mean squares. Default: 1e-6.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        maximize: Maximise the objective instead. Default: False.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative option or `rho` above 1.
    """

    _shaped_like_parameter = ("square_avg", "acc_delta")

    def __init__(self, params: ParamsT, lr: float | Tensor = 1.0, rho: float = 0.9,
                 eps: float = 1e-6, weight_decay: float = 0, foreach: bool | None = None, *,
                 capturable: bool = False, maximize: bool = False,
                 differentiable: bool = False) -> None:  # fmt: skip
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_number("epsilon value", eps)
        check_number("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        columns = [gradients(params), column(states, "square_avg"), column(states, "acc_delta")]
        options = (
            lr_of(group), group["rho"], group["eps"], group["weight_decay"], group["maximize"],
        )  # fmt: skip
        self._run("adadelta_step", group, params, columns, options)


__all__ = ["Adadelta"]
