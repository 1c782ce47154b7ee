"""Muon."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check, check_one_element
from torchlite.optim.counting import column, gradients, like
from torchlite.optim.optimizer import Optimizer, ParamsT


class Muon(Optimizer):
    """Muon: steps along orthogonalised momentum (singular values about 1), for matrices only.

    ``b = momentum * b + (1 - momentum) * g``; Nesterov's step uses the same mean of ``g`` and
    ``b``. Newton-Schulz iterations orthogonalise it. Other parameters (biases, embeddings) need
    another optimizer, such as `AdamW`.
    Source: Jordan 2024, https://kellerjordan.github.io/posts/muon/; rates to match AdamW: Liu et
    al. 2025, https://arxiv.org/abs/2502.16982

    Args:
        params: Matrices, groups or named matrices: see `Optimizer`.
        lr: Learning rate. Default: 1e-3.
        weight_decay: Each step multiplies the parameter by ``1 - lr * weight_decay`` first.
            Default: 0.1.
        momentum: Decay rate of ``b``. Default: 0.95.
        nesterov: Step along the mean with the gradient. Default: True.
        ns_coefficients: Coefficients of ``x``, ``x^3`` and ``x^5`` in the iteration.
        eps: Lower bound on the norm divided by. Default: 1e-7.
        ns_steps: Iterations, below 100. Default: 5.
        adjust_lr_fn: How the rate depends on the shape (a, b): "original" (None) multiplies it by
            ``sqrt(max(1, a / b))``, "match_rms_adamw" by ``0.2 * sqrt(max(a, b))``.

    Raises: ValueError for an option out of range or a parameter that is not a matrix; RuntimeError
        in `step` for a complex one.
    """

    _shaped_like_parameter = ("momentum_buffer",)

    def __init__(self, params: ParamsT, lr: float = 1e-3, weight_decay: float = 0.1,
                 momentum: float = 0.95, nesterov: bool = True,
                 ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
                 eps: float = 1e-7, ns_steps: int = 5,
                 adjust_lr_fn: str | None = None) -> None:  # fmt: skip
        check_one_element(lr)
        check(lr >= 0, "Learning rate should be >= 0", lr)
        check(momentum >= 0, "momentum should be >= 0", momentum)
        check(weight_decay >= 0, "weight decay should be >= 0", weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        for p in (p for group in self.param_groups for p in group["params"]):
            if p.ndim != 2:
                raise ValueError(
                    "Muon only supports 2D parameters whereas we found a parameter with size: "
                    f"{p.size()}"
                )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns what `closure` returns."""
        loss = None if closure is None else self._evaluate(closure)
        for group in self.param_groups:
            _check_iteration(group)
            params = [p for p in group["params"] if p._grad is not None]
            for p in params:
                if p.is_complex():
                    raise RuntimeError("Muon does not support complex parameters")
                if "momentum_buffer" not in self.state[p]:
                    self.state[p]["momentum_buffer"] = like(p)
            self._update(group, params, [self.state[p] for p in params])
        return loss

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict]) -> None:
        lr = float(group["lr"])
        rates = [lr * _ratio(group["adjust_lr_fn"], *p.shape) for p in params]
        options = (
            rates, 1 - lr * group["weight_decay"], group["momentum"], group["nesterov"],
            tuple(group["ns_coefficients"]), group["ns_steps"], group["eps"],
        )  # fmt: skip
        columns = [gradients(params), column(states, "momentum_buffer")]
        self._run("muon_step", group, params, columns, options)


def _ratio(name: str | None, rows: int, columns: int) -> float:
    """The factor of the learning rate for a matrix."""
    if name == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))


def _check_iteration(group: dict[str, Any]) -> None:
    if group["ns_steps"] >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(group["ns_coefficients"]) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")


__all__ = ["Muon"]
