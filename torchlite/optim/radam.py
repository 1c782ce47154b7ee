"""RAdam."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_adam
from torchlite.optim.counting import CountingOptimizer, column, gradients
from torchlite.optim.optimizer import ParamsT, lr_of


class RAdam(CountingOptimizer):
    """Adam whose step is rectified while the root mean square is based on few gradients.

    The first steps, in which its variance is not tractable, use the mean gradient only.
    Source: Liu et al. 2020, https://arxiv.org/abs/1908.03265

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-3.
        betas: Decay rates of the moving averages, in [0, 1). Default: (0.9, 0.999).
        eps: Added to the denominator. Default: 1e-8.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        decoupled_weight_decay: Shrink the parameter directly, as `AdamW` does. Default: False.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative option or a beta outside [0, 1).
    """

    _shaped_like_parameter = ("exp_avg", "exp_avg_sq")

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, decoupled_weight_decay: bool = False, *,
                 foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False) -> None:  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        columns = [gradients(params), column(states, "exp_avg"), column(states, "exp_avg_sq")]
        options = (
            step, lr_of(group), *group["betas"], group["eps"], group["weight_decay"],
            group["decoupled_weight_decay"], group["maximize"],
        )  # fmt: skip
        self._run("radam_step", group, params, columns, options)


__all__ = ["RAdam"]
