"""DataParallel, which on a machine without accelerators only calls its module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.nn.modules.module import Module


class DataParallel(Module):
    """Calls `module`, like PyTorch's without accelerators; its parameters are named ``module.*``.

    Args:
        module: The module, kept as the attribute ``module``.
        device_ids, output_device, dim: Accepted for compatibility with PyTorch.
    """

    def __init__(self, module: Module, device_ids: Sequence[Any] | None = None,
                 output_device: Any = None, dim: int = 0) -> None:  # fmt: skip
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
