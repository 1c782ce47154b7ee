"""Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, wrap
from torchlite.backends.registry import current
from torchlite.optim.optimizer import (
    Optimizer,
    ParamsT,
    check_implementation,
    check_lr,
    check_number,
    lr_of,
)

Beta = float | Tensor


class Adam(Optimizer):
    """Adam: steps of about `lr`, along the mean gradient over its root mean square.

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g * g`` and, with both
    corrected for their start at zero, ``p -= lr * m / (sqrt(v) + eps)``.
    Source: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980; AMSGrad: Reddi et al. 2018,
    https://openreview.net/forum?id=ryQu7f-RZ

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, a number or a 0-d tensor. Default: 1e-3.
        betas: Shares of the means that stay, in [0, 1). Default: (0.9, 0.999).
        eps: Added to the root. Default: 1e-8.
        weight_decay: ``weight_decay * p`` is added to the gradient. Default: 0.
        amsgrad: Divide by the root of the greatest ``v`` so far. Default: False.
        maximize: Climb instead. Default: False.
        foreach, fused: Accepted; all parameters of a group are updated in one call anyway.
        capturable: For accelerators; a step with it raises AssertionError on the CPU.
        differentiable: Record the step itself, so that gradients flow through it.
        decoupled_weight_decay: Shrink the parameter instead: see `AdamW`. Default: False.

    Raises: ValueError for a negative option or a beta outside [0, 1).
    """

    _shaped_like_parameter = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    _takes_complex_apart = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[Beta, Beta] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_lr(lr)
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_number("epsilon value", eps)
        _check_betas(betas)
        check_number("weight_decay value", weight_decay)
        check_implementation(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for own in self.state.values():
            if isinstance(own.get("step"), (int, float)):  # of an old checkpoint
                own["step"] = _scalar(own["step"])

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns what `closure` returns."""
        loss = None if closure is None else self._evaluate(closure)
        xp = current()
        for group in self.param_groups:
            _check_capturable(group)
            by_step: dict[int, tuple[list[Tensor], list[dict]]] = {}
            for p in group["params"]:
                if p._grad is not None:
                    state = self.state[p] or self._start(p, group["amsgrad"])
                    step = int(xp.item(state["step"]._data))
                    params, states = by_step.setdefault(step, ([], []))
                    params.append(p)
                    states.append(state)
            for step, (params, states) in by_step.items():
                self._update(group, params, states, step + 1)
        return loss

    def _start(self, p: Tensor, amsgrad: bool) -> dict[str, Tensor]:
        """The state before the first step of `p`."""
        state = self.state[p]
        state["step"] = _scalar(0)
        for name in self._shaped_like_parameter[: 3 if amsgrad else 2]:
            state[name] = wrap(current().full(p._data.shape, 0, dtypes.of(p._data)))
        return state

    def _update(
        self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int
    ) -> None:
        columns = [
            [p._grad for p in params],
            [s["exp_avg"] for s in states],
            [s["exp_avg_sq"] for s in states],
            [s["max_exp_avg_sq"] for s in states] if group["amsgrad"] else None,
        ]
        beta1, beta2 = group["betas"]
        options = (
            step, lr_of(group), float(beta1), float(beta2), group["eps"], group["weight_decay"],
            group["decoupled_weight_decay"], group["maximize"],
        )  # fmt: skip
        self._run("adam_step", group, params, columns, options)
        xp = current()
        for state in states:
            xp.copyto(state["step"]._data, step)


def _scalar(value: float) -> Tensor:
    return wrap(current().full((), value, dtypes.float32))


def _check_betas(betas: Any) -> None:
    for i in range(2):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        raise ValueError("betas must be either both floats or both Tensors")


def _check_capturable(group: dict[str, Any]) -> None:
    if group["capturable"]:
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: "
            "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla'].\n"
            "torchlite computes on the CPU only; leave capturable=False."
        )


__all__ = ["Adam"]
