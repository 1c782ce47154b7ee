"""Adamax."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_adam
from torchlite.optim.counting import CountingOptimizer, column, gradients
from torchlite.optim.optimizer import ParamsT, lr_of


class Adamax(CountingOptimizer):
    """Adam with a decaying maximum of the gradient instead of its root mean square.

    ``m = beta1 * m + (1 - beta1) * g``, ``u = max(beta2 * u, |g| + eps)`` and, with ``m``
    bias-corrected, ``p -= lr * m / u``.
    Source: Kingma and Ba 2015, section 7.1, https://arxiv.org/abs/1412.6980

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 2e-3.
        betas: Decay rates of ``m`` and ``u``, in [0, 1). Default: (0.9, 0.999).
        eps: Added to the gradient's magnitude. Default: 1e-8.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        differentiable: Record the step itself, so that gradients flow through it.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.

    Raises: ValueError for a negative option or a beta outside [0, 1).
    """

    _shaped_like_parameter = ("exp_avg", "exp_inf")

    def __init__(self, params: ParamsT, lr: float | Tensor = 2e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False,
                 differentiable: bool = False, capturable: bool = False) -> None:  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        columns = [gradients(params), column(states, "exp_avg"), column(states, "exp_inf")]
        options = (
            step, lr_of(group), *group["betas"], group["eps"], group["weight_decay"],
            group["maximize"],
        )  # fmt: skip
        self._run("adamax_step", group, params, columns, options)


__all__ = ["Adamax"]
