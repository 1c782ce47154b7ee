"""Finding where a loss stopped being finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torchlite as torch
from torchlite.nn import Module


class NonFiniteLoss(ArithmeticError):
    """The loss of a step was NaN or infinite. `step` counts from 1, `layer` says where."""

    def __init__(self, step: int, loss: float, layer: str) -> None:
        super().__init__(
            f"the loss of step {step} is {loss}: {layer}.\n"
            "Often the learning rate is too large, or an input contains NaN or a huge value; "
            "gradients can be clipped with Trainer(..., clip_norm=1.0)."
        )
        self.step, self.loss, self.layer = step, loss, layer


def is_finite(value: Any) -> bool:
    """Whether all elements of a tensor, or of tensors in lists, tuples and dicts, are finite."""
    if isinstance(value, torch.Tensor):
        if not (value.is_floating_point() or value.is_complex()):
            return True
        return bool(value.detach().isfinite().all())
    if isinstance(value, dict):
        value = list(value.values())
    return all(map(is_finite, value)) if isinstance(value, (list, tuple)) else True


def first_non_finite(model: Module, inputs: Sequence[Any]) -> str:
    """A description of what first became non-finite when `model` was called on `inputs`."""
    if not is_finite(list(inputs)):
        return "the input is not finite"
    for name, parameter in model.named_parameters():
        if not is_finite(parameter):
            return f"the parameter {name!r} is not finite, after the previous step"
    found: list[str] = []

    def watch(name: str, module: Module) -> Any:
        def hook(module: Module, args: Any, output: Any) -> None:
            if not found and not is_finite(output):
                found.append(f"layer {name!r} ({type(module).__name__}) was the first to yield one")

        return module.register_forward_hook(hook)

    handles = [watch(name or "model", module) for name, module in model.named_modules()]
    try:
        with torch.no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else "the output of the model is finite, but the loss is not"
