"""Adam."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_adam, check_implementation
from torchlite.optim.counting import CountingOptimizer, column, gradients, like
from torchlite.optim.optimizer import ParamsT, lr_of

Beta = float | Tensor


class Adam(CountingOptimizer):
    """Adam: steps of about `lr` along the mean gradient divided by its root mean square.

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g * g`` and, with both
    bias-corrected, ``p -= lr * m / (sqrt(v) + eps)``.
    Source: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980; AMSGrad: Reddi et al. 2018,
    https://openreview.net/forum?id=ryQu7f-RZ

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-3.
        betas: Decay rates of the moving averages, in [0, 1). Default: (0.9, 0.999).
        eps: Added to the denominator. Default: 1e-8.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        amsgrad: Divide by the root of the greatest ``v`` so far. Default: False.
        maximize: Maximise the objective instead. Default: False.
        foreach, fused: Accepted; all parameters of a group are updated in one call anyway.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        differentiable: Record the step itself, so that gradients flow through it.
        decoupled_weight_decay: Shrink the parameter instead: see `AdamW`. Default: False.

    Raises: ValueError for a negative option or a beta outside [0, 1).
    """

    _shaped_like_parameter = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[Beta, Beta] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False,
                 fused: bool | None = None,
                 decoupled_weight_decay: bool = False) -> None:  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        check_implementation(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        for name in self._shaped_like_parameter[: 3 if group["amsgrad"] else 2]:
            state[name] = like(p)

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        columns = [
            gradients(params),
            column(states, "exp_avg"),
            column(states, "exp_avg_sq"),
            column(states, "max_exp_avg_sq") if group["amsgrad"] else None,
        ]
        beta1, beta2 = group["betas"]
        options = (
            step, lr_of(group), float(beta1), float(beta2), group["eps"], group["weight_decay"],
            group["decoupled_weight_decay"], group["maximize"],
        )  # fmt: skip
        self._run("adam_step", group, params, columns, options)


__all__ = ["Adam"]
