"""Copies, dtype conversions, and conversion to and from NumPy."""

from __future__ import annotations

from typing import Any, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import device
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import dtype
from torchlite.ops.core.family import operation
from torchlite.ops.core.methods import method, put
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import astype, cast

_copy = declare("copy", x=lambda xp, g: g, title="Clone")


@operation
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy of `input` with its own memory; gradients pass through."""
    return _copy(input)


@operation
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """`input` itself if it is contiguous (row-major), else a contiguous copy."""
    return input if is_contiguous(input) else _copy(input)


@method()
def is_contiguous(input: Tensor, memory_format: Any = None) -> bool:
    """Whether the elements are stored in row-major order without gaps."""
    data = input._data
    expected = 1
    for size, step in zip(reversed(data.shape), reversed(local.mode.xp.strides(data))):
        if size != 1 and step != expected and data.size:
            return False
        expected *= size
    return True


@method()
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`self` in another dtype or device: ``to(dtype)``, ``to(device, dtype)``, ``to(other)``.

    Other keywords: non_blocking (ignored), copy, memory_format (ignored).
    """
    kind, copy = _parse_to(*args, **kwargs)
    if kind is None or dtypes.of(self._data) is kind:
        return _copy(self) if copy else self
    return astype(self, kind)


def _parse_to(*args: Any, dtype: dtype | None = None, device: Any = None, copy: bool = False,
              non_blocking: bool = False, other: Tensor | None = None,
              memory_format: Any = None) -> tuple[Any, bool]:  # fmt: skip
    rest = list(args)
    first = rest.pop(0) if rest else other
    if isinstance(first, Tensor):
        dtype = first.dtype
    elif isinstance(first, dtypes.dtype):
        dtype = first
    else:
        if first is not None:
            _check_device(first)
        if rest and (rest[0] is None or isinstance(rest[0], dtypes.dtype)):
            dtype = rest.pop(0) or dtype
    if device is not None:
        _check_device(device)
    if len(rest) > 1:
        copy = rest[1]
    return dtype, copy


def _check_device(value: Any) -> None:
    if not isinstance(value, (str, int, device.device)):
        raise TypeError(
            "to() received an invalid combination of arguments - got "
            f"({type(value).__name__}), but expected a dtype, a device or a tensor"
        )
    device.check_device(value)


def _converter(name: str, kind: dtype) -> Any:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return cast(self, kind)

    convert.__name__, convert.__doc__ = name, f"The tensor converted to {kind.name}."
    return convert


# methods named after dtypes: ``x.float()``
for _name, _kind in {
    "bool": dtypes.bool_, "byte": dtypes.uint8, "char": dtypes.int8, "short": dtypes.int16,
    "int": dtypes.int32, "long": dtypes.int64, "half": dtypes.float16,
    "float": dtypes.float32, "double": dtypes.float64, "cfloat": dtypes.complex64,
    "cdouble": dtypes.complex128, "bfloat16": dtypes.bfloat16,
}.items():  # fmt: skip
    put(_name, _converter(_name, _kind))


@method()
def numpy(self: Tensor, *, force: bool = False) -> Any:
    """The elements as a numpy.ndarray that shares the memory of the tensor.

    Raises: RuntimeError if the tensor requires grad, unless `force`; TypeError (as PyTorch) for
    bfloat16, which NumPy does not support.
    """
    if self.requires_grad and not force:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if dtypes.of(self._data) is dtypes.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return local.mode.xp.to_numpy(self._data)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares the memory of a numpy.ndarray and has its dtype."""
    return wrap(local.mode.xp.from_numpy(ndarray))


@overload
def type_(self: Tensor) -> str: ...
@overload
def type_(self: Tensor, dtype: Any, non_blocking: bool = False) -> Tensor: ...
@method(name="type")
def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type ("torch.FloatTensor"); with `dtype`, the tensor converted."""
    if dtype is None:
        return f"torch.{self.dtype.legacy}Tensor"
    if isinstance(dtype, str):
        by_name = {f"torch.{kind.legacy}Tensor": kind for kind in dtypes.DTYPES}
        if dtype not in by_name:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = by_name[dtype]
    elif isinstance(dtype, type):  # FloatTensor and the like
        dtype = getattr(dtype, "dtype")  # noqa: B009  (a property of its metaclass)
    return cast(self, dtype)


@method()
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


@method()
def get_device(self: Tensor) -> int:
    """-1: the CPU has no device index."""
    return -1


__all__ = ["clone", "from_numpy"]
