"""Converting all parameters and buffers of a module tree: dtype, device or anything else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torchlite import dtypes
from torchlite.autograd import no_grad
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.ops.creation.factories import empty_like

if TYPE_CHECKING:
    from typing_extensions import Self


class Conversion:
    """The part of `Module` that converts its tensors. Each method returns the module."""

    if TYPE_CHECKING:  # what Module.__init__ sets, and its methods

        def __getattr__(self, name: str) -> Any: ...

    def apply(self, fn: Callable[[Any], None]) -> Self:
        """Call `fn` on every submodule, then on this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace parameters, their gradients and buffers by the results of `fn`."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for param in self._parameters.values():
                if param is not None:
                    _replace(param, fn)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert parameters and buffers of this module and its submodules in place.

        Forms: ``to(device, dtype, non_blocking)``, ``to(dtype, non_blocking)``,
        ``to(tensor, non_blocking)``; also by keyword. Only floating-point (and complex) tensors
        change their dtype.
        Raises: TypeError (as PyTorch) if the dtype is neither floating point nor complex.
        """
        device, dtype = _target(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex "
                f"dtypes, but got desired dtype={dtype}"
            )
        if dtype is not None and dtype.is_complex:
            warnings.warn(
                "Complex modules are a new feature under active development whose design may "
                "change, and some modules might not work as expected when using complex tensors "
                "as parameters or buffers.",
                stacklevel=2,
            )
        return self._apply(
            lambda t: t.to(device=device, dtype=dtype if t.dtype.category >= FLOAT else None)
        )

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move parameters and buffers to `device` without copying their values."""
        return self._apply(lambda t: empty_like(t, device=device), recurse=recurse)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._to_float(dtypes.float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._to_float(dtypes.float64)

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._to_float(dtypes.float16)

    def bfloat16(self) -> Self:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self._to_float(dtypes.bfloat16)

    def _to_float(self, dtype: dtypes.dtype) -> Self:
        return self._apply(lambda t: t.to(dtype) if t.dtype.is_floating_point else t)

    def cpu(self) -> Self:
        """Move to the CPU, where everything already is."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Raises, as PyTorch does without CUDA."""
        return self._apply(lambda t: t.cuda(device))

    def share_memory(self) -> Self:
        """Does nothing: tensors are shared between processes explicitly."""
        return self


def _replace(param: Tensor, fn: Callable[[Tensor], Tensor]) -> None:
    """Replace values and gradient by the results of `fn`; change neither if it raises."""
    old, grad = param.data, param.grad
    new, new_grad = fn(old), None if grad is None else fn(grad)
    if new is not old:
        param.grad = None  # its dtype must not differ in the meantime
        param.data = new
    param.grad = new_grad


def _target(device: Any = None, dtype: Any = None, non_blocking: Any = False, *,
            tensor: Tensor | None = None,
            memory_format: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """(device, dtype) requested by the arguments of `Module.to`."""
    if isinstance(device, Tensor):
        tensor = device
    if tensor is not None:
        return tensor.device, tensor.dtype
    if isinstance(device, dtypes.dtype):
        return None, device
    if dtype is not None and not isinstance(dtype, dtypes.dtype):
        raise TypeError(
            "to() received an invalid combination of arguments - got "
            f"(dtype={type(dtype).__name__})"
        )
    return device, dtype
