"""Mixed precision: `autocast` as far as the CPU goes, and `GradScaler`."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

from torchlite._tensor import Tensor, device
from torchlite.autograd.grad_mode import no_grad
from torchlite.dtypes import dtype


class autocast:
    """Accepted for PyTorch's sake: computation stays in the dtype of the operands.

    Args:
        device_type: "cpu", or "cuda", which is not available.
        dtype: The lower precision wished for. Default: bfloat16.
        enabled: If true, entering warns that autocast is disabled.
        cache_enabled: Without effect.
    """

    def __init__(self, device_type: str, dtype: dtype | None = None, enabled: bool = True,
                 cache_enabled: bool | None = None) -> None:  # fmt: skip
        if device_type != "cuda":
            device_type = device(device_type).type
        self.device, self.fast_dtype = device_type, dtype
        if enabled and device_type == "cuda":
            warnings.warn("CUDA is not available. Disabling autocast.", stacklevel=2)
        elif enabled:
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "torchlite computes in the dtype of the operands.",
                stacklevel=2,
            )

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exc: object) -> None:
        """There is nothing to put back."""

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return decorated


def is_autocast_available(device_type: str) -> bool:
    """False: see `autocast`."""
    return False


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """False: see `autocast`."""
    return False


class GradScaler:
    """Multiply a loss by a factor, so that small gradients survive; divide the gradients by it.

    Args:
        device: "cpu"; "cuda", the default, is not available and disables the scaler.
        init_scale: The first factor.
        growth_factor, growth_interval: The factor grows so after that many good steps in a row.
        backoff_factor: The factor shrinks so after a step with an infinite or NaN gradient,
            which is skipped.
        enabled: Whether it does anything.
    """

    def __init__(self, device: str = "cuda", init_scale: float = 2.0**16,
                 growth_factor: float = 2.0, backoff_factor: float = 0.5,
                 growth_interval: int = 2000, enabled: bool = True) -> None:  # fmt: skip
        if enabled and device == "cuda":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2,
            )
            enabled = False
        if enabled and not (growth_factor > 1 and 0 < backoff_factor < 1):
            raise ValueError("The growth factor must be > 1.0, the backoff factor below 1.0")
        self._enabled, self._scale, self._good_steps = enabled, init_scale, 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._infinite: dict[int, bool] = {}  # id of an unscaled optimizer -> found inf or NaN

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The factor; 1 if disabled."""
        return self._scale if self._enabled else 1.0

    def scale(self, outputs: Any) -> Any:
        """A tensor, or a list or tuple of them, times the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, (tuple, list)):
            return type(outputs)(self.scale(x) for x in outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    @no_grad()
    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of the optimizer's parameters by the factor, before clipping them.

        Raises: RuntimeError if that was already done since the last `update`.
        """
        if not self._enabled:
            return
        if id(optimizer) in self._infinite:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        infinite = False
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad.mul_(1 / self._scale)
                    infinite = infinite or not math.isfinite(p.grad.abs().sum().item())
        self._infinite[id(optimizer)] = infinite

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> float | None:
        """``optimizer.step(...)``, unless a gradient is infinite or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if id(optimizer) not in self._infinite:
            self.unscale_(optimizer)
        return None if self._infinite[id(optimizer)] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | None = None) -> None:
        """Adapt the factor (or set it) after all optimizers' steps.

        Raises: AssertionError if no step was taken since the last time.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._infinite:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._infinite.values()):
            self._scale, self._good_steps = self._scale * self._backoff_factor, 0
        else:
            self._good_steps += 1
            if self._good_steps == self._growth_interval:
                self._scale, self._good_steps = self._scale * self._growth_factor, 0
        self._infinite.clear()

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to continue."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor, "growth_interval": self._growth_interval,
            "_growth_tracker": self._good_steps,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._scale, self._good_steps = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]


__all__ = ["GradScaler", "autocast", "is_autocast_available", "is_autocast_enabled"]
