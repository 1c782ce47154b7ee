"""Adam for sparse gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.optim.checks import check_betas, check_one_element
from torchlite.optim.optimizer import Optimizer, ParamsT


class SparseAdam(Optimizer):
    """Adam that updates only the rows in a sparse gradient, and rejects dense gradients.

    torchlite has no sparse tensors: the class checks its options and exchanges state dicts like
    PyTorch's, but a step moves nothing, as no gradient can be sparse. Use `Adam`.

    Args:
        params: Tensors, groups or named tensors: see `Optimizer`.
        lr: Learning rate, above 0. Default: 1e-3.
        betas: Decay rates of the moving averages, in [0, 1). Default: (0.9, 0.999).
        eps: Added to the root, above 0. Default: 1e-8.
        maximize: Maximise the objective instead. Default: False.

    Raises: ValueError for an option out of range or a complex parameter; RuntimeError in `step` if
        a parameter has a gradient.
    """

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 maximize: bool = False) -> None:  # fmt: skip
        check_one_element(lr)
        if not lr > 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        places = [
            [i, j]
            for i, group in enumerate(self.param_groups)
            for j, p in enumerate(group["params"])
            if p.is_complex()
        ]
        if places:
            raise ValueError(
                f"Complex params at indices {places}: SparseAdam does not support complex "
                "parameters"
            )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Raises RuntimeError if there is a gradient: it is dense."""
        loss = None if closure is None else self._evaluate(closure)
        if any(p._grad is not None for group in self.param_groups for p in group["params"]):
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
        return loss


__all__ = ["SparseAdam"]
