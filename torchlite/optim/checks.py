"""Checks of the options of optimizers."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor


def check_number(name: str, value: Any) -> None:
    """Reject a negative or NaN option: ``Invalid learning rate: -1``."""
    if not value >= 0.0:
        raise ValueError(f"Invalid {name}: {value}")


def check(holds: Any, expected: str, value: Any) -> None:
    """Reject an option unless `holds`: ``Learning rate should be >= 0 but is: -1``."""
    if not holds:
        raise ValueError(f"{expected} but is: {value}")


def check_one_element(lr: Any) -> None:
    """Reject a learning rate that is a tensor of several elements."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_lr(lr: Any) -> None:
    """Reject a learning rate that is negative, or a tensor of several elements."""
    check_one_element(lr)
    check_number("learning rate", lr)


def check_betas(betas: Any) -> None:
    """Reject decay rates outside [0, 1)."""
    for i in range(2):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")


def check_adam(lr: Any, betas: Any, eps: float, weight_decay: float) -> None:
    """Reject options that are invalid for `Adam` and its variants."""
    check_lr(lr)
    check_number("epsilon value", eps)
    check_betas(betas)
    check_number("weight_decay value", weight_decay)


def check_implementation(foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    """Reject the combinations of implementations that PyTorch rejects; here there is only one."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
