"""NAdam."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_adam, check_number
from torchlite.optim.counting import CountingOptimizer, column, gradients, scalar
from torchlite.optim.optimizer import ParamsT, lr_of


class NAdam(CountingOptimizer):
    """Adam with Nesterov momentum, which warms up from about ``beta1 / 2`` to ``beta1``.

    In step ``t`` the momentum is ``beta1 * (1 - 0.96**(t * momentum_decay) / 2)``.
    Source: Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 2e-3.
        betas: Decay rates of the moving averages, in [0, 1). Default: (0.9, 0.999).
        eps: Added to the denominator. Default: 1e-8.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        momentum_decay: How fast the momentum rises. Default: 4e-3.
        decoupled_weight_decay: Shrink the parameter directly, as `AdamW` does. Default: False.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative option or a beta outside [0, 1).
    """

    _counters = ("step", "mu_product")
    _shaped_like_parameter = ("exp_avg", "exp_avg_sq")

    def __init__(self, params: ParamsT, lr: float | Tensor = 2e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, momentum_decay: float = 4e-3,
                 decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False) -> None:  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        check_number("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        state["mu_product"] = scalar(1)
        super()._start(p, group, state)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        lr, (beta1, beta2) = lr_of(group), group["betas"]
        share, following = (
            beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1)
        )
        product = counters[0] * share
        options = (
            step, lr * ((1 - share) / (1 - product)), lr * (following / (1 - product * following)),
            lr, beta1, beta2, group["eps"], group["weight_decay"], group["decoupled_weight_decay"],
            group["maximize"],
        )  # fmt: skip
        columns = [gradients(params), column(states, "exp_avg"), column(states, "exp_avg_sq")]
        self._run("nadam_step", group, params, columns, options)
        self._count(states, "mu_product", product)


__all__ = ["NAdam"]
