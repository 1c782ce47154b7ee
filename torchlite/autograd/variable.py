"""`Variable` and other names from before `Tensor` supported autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.autograd.engine import running
from torchlite.autograd.grad_mode import Switch
from torchlite.core.tensor import Tensor, alias


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
        return data if not requires_grad else alias(data.detach()).requires_grad_()


class Variable(metaclass=_VariableMeta):
    """``Variable(tensor, requires_grad)``: a tensor sharing memory. Every tensor is a Variable."""


class set_multithreading_enabled:
    """Accepted as a statement and context manager: backward runs in the caller's thread."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        """Nothing to set."""

    def __exit__(self, *exc: object) -> None:
        """Nothing to restore."""


class enforce_grad_layout_policy(Switch):
    """Whether gradients are stored row-major (the default): set now, or inside the block.

    If not, a gradient that nothing else refers to keeps the layout it was computed in, uncopied.
    """

    def __init__(self, enable: bool = True) -> None:
        self.enable = enable
        self._before, running.keeps_layout = running.keeps_layout, enable

    def __enter__(self) -> None:
        """Nothing to do: the constructor has set the policy."""

    def __exit__(self, *exc: object) -> None:
        running.keeps_layout = self._before

    def _again(self) -> enforce_grad_layout_policy:
        return enforce_grad_layout_policy(self.enable)

    def __call__(self, function: Callable) -> Callable:
        running.keeps_layout = self._before  # used as a decorator: set only during calls
        return super().__call__(function)
