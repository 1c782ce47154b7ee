"""Adam with decoupled weight decay."""

from __future__ import annotations

from torchlite.core.tensor import Tensor
from torchlite.optim.adam import Adam, Beta
from torchlite.optim.optimizer import ParamsT


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter directly, not through the gradient.

    Each step first multiplies it by ``1 - lr * weight_decay``. Options and errors are as for
    `Adam`, except that weight_decay defaults to 0.01.
    Source: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101
    """

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[Beta, Beta] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, capturable: bool = False,
                 differentiable: bool = False, fused: bool | None = None) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=True,
        )  # fmt: skip


__all__ = ["AdamW"]
