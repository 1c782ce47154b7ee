"""Adafactor."""

from __future__ import annotations

from typing import Any

from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.optim.checks import check, check_one_element
from torchlite.optim.counting import CountingOptimizer, column, gradients, like
from torchlite.optim.optimizer import ParamsT


class Adafactor(CountingOptimizer):
    """Adafactor: Adam's scaling in little memory: a matrix stores one mean per row and column.

    In step ``t`` the new gradient enters the means with weight ``t**beta2_decay``, and the
    parameter moves by at most ``min(lr, 1 / sqrt(t))`` times its root mean square.
    Source: Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: The greatest relative step, a number or a 0-d tensor. Default: 1e-2.
        beta2_decay: At most 0. Default: -0.8.
        eps: Lower bounds on the root mean square of the gradient (None: the ``eps`` of its dtype)
            and of the parameter. Default: (None, 1e-3).
        d: The update's root mean square is clipped to this. Default: 1.
        weight_decay: Each step multiplies the parameter by ``1 - lr * weight_decay`` first.
            Default: 0.
        foreach: Accepted; all parameters of a group are updated together anyway.
        maximize: Maximise the objective instead. Default: False.

    Raises: ValueError for an option out of range; RuntimeError in `step` for a complex parameter.
    """

    _takes_complex_apart = False

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, beta2_decay: float = -0.8,
                 eps: tuple[float | None, float] = (None, 1e-3), d: float = 1.0,
                 weight_decay: float = 0.0, *, foreach: bool | None = None,
                 maximize: bool = False) -> None:  # fmt: skip
        check_one_element(lr)
        check(lr >= 0, "Learning rate should be >= 0", lr)
        check(beta2_decay <= 0, "beta2_decay should be <= 0", beta2_decay)
        check(eps[0] is None or eps[0] >= 0, "epsilon1 should be >= 0", eps[0])
        check(eps[1] >= 0, "epsilon2 should be >= 0", eps[1])
        check(d >= 1, "Clipping threshold d should be >= 1", d)
        check(weight_decay >= 0, "weight_decay should be >= 0", weight_decay)
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        if p.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        return super()._begin(p, group)

    def _start(self, p: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        if p.ndim < 2:
            state["variance"] = like(p)
            return
        *batch, rows, columns = p.shape
        for name, shape in ("row_var", (*batch, rows, 1)), ("col_var", (*batch, 1, columns)):
            state[name] = wrap(current().full(shape, 0, p.dtype))

    def _update(self, group: dict[str, Any], params: list[Tensor], states: list[dict], step: int,
                *counters: float) -> None:  # fmt: skip
        options = (
            step, float(group["lr"]), group["beta2_decay"], *group["eps"], group["d"],
            group["weight_decay"], group["maximize"],
        )  # fmt: skip
        for is_vector in (False, True):
            chosen = [i for i, p in enumerate(params) if (p.ndim < 2) == is_vector]
            own, kept = [params[i] for i in chosen], [states[i] for i in chosen]
            if is_vector:
                columns = [gradients(own), column(kept, "variance"), None]
            else:
                columns = [gradients(own), column(kept, "row_var"), column(kept, "col_var")]
            self._run("adafactor_step", group, own, columns, options)


__all__ = ["Adafactor"]
