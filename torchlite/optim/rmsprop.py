"""RMSprop."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_lr, check_number
from torchlite.optim.counting import CountingOptimizer, column, gradients, like
from torchlite.optim.optimizer import ParamsT, lr_of


class RMSprop(CountingOptimizer):
    """RMSprop: steps along the gradient divided by its root mean square.

    ``v = alpha * v + (1 - alpha) * g * g`` and ``p -= lr * g / (sqrt(v) + eps)``; with momentum
    ``b = momentum * b + g / (sqrt(v) + eps)`` and ``p -= lr * b``.
    Source: Hinton's lecture 6, https://www.cs.toronto.edu/~hinton/coursera/lecture6/lec6.pdf;
    centred: Graves 2013, https://arxiv.org/abs/1308.0850

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-2.
        alpha: Decay rate of the mean square. Default: 0.99.
        eps: Added to the denominator. Default: 1e-8.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        momentum: Decay rate of ``b``. Default: 0.
        centered: Subtract the squared mean gradient from ``v``: its variance. Default: False.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative option.
    """

    _shaped_like_parameter = ("square_avg", "momentum_buffer", "grad_avg")

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, alpha: float = 0.99,
                 eps: float = 1e-8, weight_decay: float = 0, momentum: float = 0,
                 centered: bool = False, capturable: bool = False, foreach: bool | None = None,
                 maximize: bool = False, differentiable: bool = False) -> None:  # fmt: skip
        check_lr(lr)
        check_number("epsilon value", eps)
        check_number("momentum value", momentum)
        check_number("weight_decay value", weight_decay)
        check_number("alpha value", alpha)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        state["square_avg"] = like(p)
        if group["momentum"] > 0:
            state["momentum_buffer"] = like(p)
        if group["centered"]:
            state["grad_avg"] = like(p)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        columns = [
            gradients(params),
            column(states, "square_avg"),
            column(states, "grad_avg") if group["centered"] else None,
            column(states, "momentum_buffer") if group["momentum"] > 0 else None,
        ]
        options = (
            lr_of(group), group["alpha"], group["eps"], group["weight_decay"], group["momentum"],
            group["maximize"],
        )  # fmt: skip
        self._run("rmsprop_step", group, params, columns, options)


__all__ = ["RMSprop"]
