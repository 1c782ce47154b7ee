"""`Variable` and other names from before tensors had gradients."""

from __future__ import annotations

from typing import Any

from torchlite._tensor import Tensor, alias


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
        return data if not requires_grad else alias(data.detach()).requires_grad_()


class Variable(metaclass=_VariableMeta):
    """``Variable(tensor, requires_grad)``: a tensor of the same memory. Every tensor is one."""


class set_multithreading_enabled:
    """Accepted as statement and as context manager: backward runs in the caller's thread."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        """Nothing to switch."""

    def __exit__(self, *exc: object) -> None:
        """Nothing to put back."""
