"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_lr
from torchlite.optim.counting import CountingOptimizer, column, gradients, like
from torchlite.optim.optimizer import ParamsT


class Rprop(CountingOptimizer):
    """Rprop: each element moves by its own step size against the sign of its gradient.

    The size grows while the sign stays the same; when it flips, the size shrinks and the element
    pauses for one step. For full-batch gradients.
    Source: Riedmiller and Braun 1993, https://doi.org/10.1109/ICNN.1993.298623

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: The initial step size, a number or a 0-d tensor. Default: 1e-2.
        etas: Factors for shrinking, in (0, 1), and growing, above 1. Default: (0.5, 1.2).
        step_sizes: The minimum and maximum step size. Default: (1e-6, 50).
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        foreach: Accepted; all parameters of a group are updated in one call anyway.
        maximize: Maximise the objective instead. Default: False.
        differentiable: Record the step itself, so that gradients flow through it.

    Raises: ValueError for a negative rate or factors out of range.
    """

    _shaped_like_parameter = ("prev", "step_size")

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2,
                 etas: tuple[float, float] = (0.5, 1.2),
                 step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False,
                 foreach: bool | None = None, maximize: bool = False,
                 differentiable: bool = False) -> None:  # fmt: skip
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        state["prev"], state["step_size"] = like(p), like(p, float(group["lr"]))

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        columns = [gradients(params), column(states, "prev"), column(states, "step_size")]
        options = (*group["etas"], *group["step_sizes"], group["maximize"])
        self._run("rprop_step", group, params, columns, options)


__all__ = ["Rprop"]
