"""Mixed precision: `autocast` on the CPU, and `GradScaler`."""

from __future__ import annotations

import functools
import math
import threading
import warnings
from collections.abc import Callable
from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core import overrides
from torchlite.core.tensor import Tensor, device
from torchlite.dtypes import FLOAT, bfloat16, dtype, float16, float32, float64
from torchlite.ops.core.promotion import cast

_SUPPORTED = (bfloat16, float16)
#: Operations that compute in the lower precision. Both lists are PyTorch's for the CPU.
_LOWER = frozenset((
    "addbmm", "addmm", "baddbmm", "bmm", "chain_matmul", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linear", "matmul", "mm",
    "multi_dot", "prelu", "scaled_dot_product_attention", "tensordot", "unroll", "vecdot",
))  # fmt: skip
#: Operations that do neither, although they are composed of products here.
_UNCHANGED = frozenset(("addmv", "addr", "bilinear", "dot", "mv", "outer", "vdot"))
#: Operations that compute in float32.
_SINGLE = frozenset((
    "adaptive_avg_pool3d", "adaptive_max_pool3d", "avg_pool3d", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cdist", "cholesky", "cholesky_ex", "cholesky_inverse",
    "cholesky_solve", "cond", "cosine_embedding_loss", "cross_entropy", "ctc_loss", "eig", "eigh",
    "eigvals", "eigvalsh", "fft", "fft2", "fftn", "fractional_max_pool2d", "fractional_max_pool3d",
    "geqrf", "grid_sample", "hfft", "hinge_embedding_loss", "householder_product", "huber_loss",
    "ifft", "ifft2", "ifftn", "ihfft", "inv", "inv_ex", "inverse", "irfft", "irfft2", "irfftn",
    "kl_div", "l1_loss", "lstsq", "lu", "lu_solve", "margin_ranking_loss", "matrix_rank",
    "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "nanquantile", "nll_loss", "orgqr", "ormqr", "pinv", "pinverse",
    "poisson_nll_loss", "prod", "qr", "quantile", "rfft", "rfft2", "rfftn", "smooth_l1_loss",
    "soft_margin_loss", "solve", "stft", "svd", "svdvals", "tensorinv", "tensorsolve", "trace",
    "triangular_solve", "triplet_margin_loss", "view_as_complex",
))  # fmt: skip


class _State(threading.local):
    enabled, dtype, cache_enabled = False, bfloat16, True


_state = _State()
_lock = threading.Lock()
_enabled_threads: list[bool] = []  # one for each


class autocast:
    """Inside, products compute in lower precision; sensitive operations, like losses, in float32.

    A context manager, and a decorator. Other operations compute in the dtype of their operands;
    operations with ``out=``, and float64 operands, are unaffected. Backward uses the same dtypes
    as forward.

    Args:
        device_type: "cpu", or "cuda", which is not available.
        dtype: The lower precision: bfloat16 (the default; see `get_autocast_dtype`) or float16.
        enabled: Whether autocast is on inside. Default: True.
        cache_enabled: Has no effect: each use of a weight converts it.
    """

    def __init__(self, device_type: str, dtype: dtype | None = None, enabled: bool = True,
                 cache_enabled: bool | None = None) -> None:  # fmt: skip
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if device_type != "cuda":
            device_type = device(device_type).type
        self.device, self.fast_dtype = device_type, dtype or get_autocast_dtype(device_type)
        if enabled and device_type == "cuda":
            enabled = False
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2
            )
        elif enabled and self.fast_dtype not in _SUPPORTED:
            enabled = False
            warnings.warn(
                f"In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"CPU Autocast only supports dtypes of {', '.join(map(str, _SUPPORTED))} "
                "currently.",
                stacklevel=2,
            )
        self._enabled = enabled
        self._previous: list[tuple[bool, Any]] = []

    def __enter__(self) -> autocast:
        self._previous.append((_state.enabled, _state.dtype))
        if self.device == "cpu":
            set_autocast_enabled("cpu", self._enabled)
            set_autocast_dtype("cpu", self.fast_dtype)
        return self

    def __exit__(self, *exc: object) -> None:
        enabled, _state.dtype = self._previous.pop()
        _switch(enabled)

    def __call__(self, function: Callable) -> Callable:
        if not callable(function):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(function).__name__}. "
                "Did you mean to use autocast as a context manager? For example:\n"
                "    with torch.autocast(device_type=...):\n"
                "        output = model(input)"
            )

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return decorated


def _switch(enabled: bool) -> None:
    """Switch this thread; operations look at autocast only while a thread has it on."""
    with _lock:
        if enabled != _state.enabled:
            (_enabled_threads.append if enabled else _enabled_threads.remove)(True)
        _state.enabled = enabled
        overrides.autocast = _run if _enabled_threads else None


def _run(function: Callable, args: tuple, kwargs: dict) -> Any:
    """Call the operation `function` on operands converted to the dtype that autocast selects."""
    if not _state.enabled or kwargs.get("out") is not None:
        return function(*args, **kwargs)
    name = function.__name__
    if name in _LOWER or name in _SINGLE or _pads_with_values(name, args, kwargs):
        kind = _state.dtype if name in _LOWER else float32
        args, kwargs = _converted(args, kind), _converted(kwargs, kind)
    elif name not in _UNCHANGED:
        return function(*args, **kwargs)
    _state.enabled = False  # for the operations that this one is composed of
    try:
        return function(*args, **kwargs)
    finally:
        _state.enabled = True


def _pads_with_values(name: str, args: tuple, kwargs: dict) -> bool:
    """Whether this is a call of ``pad`` that computes in float32."""
    return name == "pad" and ({*args[2:3], kwargs.get("mode")} & {"reflect", "replicate"}) != set()


def _converted(value: Any, kind: dtype) -> Any:
    """`value` with its floating-point tensors, except float64 ones, converted to `kind`.

    Looks into lists, tuples and dicts.
    """
    if isinstance(value, Tensor):
        own = value.dtype
        return cast(value, kind) if own.category == FLOAT and own is not float64 else value
    if isinstance(value, dict):
        return {name: _converted(x, kind) for name, x in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_converted(x, kind) for x in value)
    return value


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` supports a device: only the CPU."""
    return device(device_type).type == "cpu"


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether the code runs inside an `autocast` that is enabled. The default is PyTorch's."""
    return device_type == "cpu" and _state.enabled


def set_autocast_enabled(device_type: str, enabled: bool) -> None:
    """Switch `autocast` on or off in this thread."""
    if device_type == "cpu":
        _switch(bool(enabled))


def get_autocast_dtype(device_type: str) -> dtype:
    """The lower precision of `autocast` in this thread; initially bfloat16, for "cuda" float16."""
    return _state.dtype if device_type == "cpu" else float16


def set_autocast_dtype(device_type: str, dtype: dtype) -> None:
    """Choose the lower precision of `autocast` in this thread."""
    if device_type == "cpu":
        _state.dtype = dtype


def is_autocast_cache_enabled() -> bool:
    """The value of `set_autocast_cache_enabled`, which has no effect."""
    return _state.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Does nothing: there is no cache of converted weights."""
    _state.cache_enabled = enabled


def clear_autocast_cache() -> None:
    """Does nothing: there is no cache of converted weights."""


def custom_fwd(fwd: Callable | None = None, *, device_type: str,
               cast_inputs: dtype | None = None) -> Callable:  # fmt: skip
    """Decorates the forward of an `autograd.Function`, so that `custom_bwd` knows its autocast.

    cast_inputs: If given, forward runs without autocast, on tensors cast to this dtype.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        enabled = is_autocast_enabled(device_type)
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = enabled and cast_inputs is None
        if not enabled or cast_inputs is None:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_converted(args, cast_inputs), **_converted(kwargs, cast_inputs))

    return decorated


def custom_bwd(bwd: Callable | None = None, *, device_type: str) -> Callable:
    """Decorates the backward of an `autograd.Function`: it runs in the autocast of its forward."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, ctx._dtype, ctx._fwd_used_autocast):
            return bwd(ctx, *args, **kwargs)

    return decorated


class GradScaler:
    """Scale a loss so that small gradients do not underflow, then unscale the gradients.

    Args:
        device: "cpu"; "cuda", the default, is not available and disables the scaler.
        init_scale: The initial scale.
        growth_factor, growth_interval: The scale is multiplied by `growth_factor` after
            `growth_interval` consecutive steps with finite gradients.
        backoff_factor: Multiplies the scale after a step with a non-finite gradient (skipped).
        enabled: Whether the scaler does anything.
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
        """Whether the scaler does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The current scale; 1 if disabled."""
        return self._scale if self._enabled else 1.0

    def scale(self, outputs: Any) -> Any:
        """A tensor, or a list or tuple of them, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, (tuple, list)):
            return type(outputs)(self.scale(x) for x in outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    @no_grad()
    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of the optimizer's parameters by the scale, before clipping them.

        Raises: RuntimeError if this was already done since the last `update`.
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
        """Adjust the scale (or set it) after all optimizers have stepped.

        Raises: AssertionError if no step was taken since the last update.
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
        """The state from which `load_state_dict` resumes."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor, "growth_interval": self._growth_interval,
            "_growth_tracker": self._good_steps,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Resume from a `state_dict`."""
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


__all__ = [
    "GradScaler", "autocast", "clear_autocast_cache", "custom_bwd", "custom_fwd",
    "get_autocast_dtype", "is_autocast_available", "is_autocast_cache_enabled",
    "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_dtype",
    "set_autocast_enabled",
]  # fmt: skip
