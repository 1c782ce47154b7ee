"""The older names of `torchlite.amp`, for CUDA: without it, they disable themselves."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torchlite import amp
from torchlite.dtypes import dtype as Dtype
from torchlite.dtypes import float16

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


def _warn(name: str) -> None:
    warnings.warn(
        f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use "
        f"`torch.amp.{name}('cuda', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )


class autocast(amp.autocast):
    """``torchlite.amp.autocast("cuda", ...)``; warns that this name is deprecated."""

    def __init__(
        self, enabled: bool = True, dtype: Dtype = float16, cache_enabled: bool = True
    ) -> None:
        _warn("autocast")
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """``torchlite.amp.GradScaler("cuda", ...)``; warns that this name is deprecated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _warn("GradScaler")
        super().__init__("cuda", *args, **kwargs)


def custom_fwd(fwd: Callable | None = None, *, cast_inputs: Dtype | None = None) -> Callable:
    """``torchlite.amp.custom_fwd`` for CUDA; warns that this name is deprecated."""
    _warn("custom_fwd")
    return amp.custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd: Callable | None = None) -> Callable:
    """``torchlite.amp.custom_bwd`` for CUDA; warns that this name is deprecated."""
    _warn("custom_bwd")
    return amp.custom_bwd(bwd, device_type="cuda")
