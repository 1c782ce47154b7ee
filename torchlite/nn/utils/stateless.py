"""The former home of `torchlite.func.functional_call`."""

from __future__ import annotations

import warnings
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn.modules.module import Module


def functional_call(module: Module, parameters_and_buffers: dict[str, Tensor], args: Any = None,
                    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True,
                    strict: bool = False) -> Any:  # fmt: skip
    """Call `module` with other parameters and buffers. Deprecated: use `func.functional_call`."""
    from torchlite.func.modules import functional_call as call  # imported on first use

    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )


__all__ = ["functional_call"]
