"""DataParallel, of which a machine without accelerators needs the name only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.nn.modules.module import Module


class DataParallel(Module):
    """Calls `module`, as PyTorch's does without accelerators; its parameters are ``module.*``.

    Args:
        module: The module, afterwards the attribute ``module``.
        device_ids, output_device, dim: Accepted for PyTorch's sake.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
