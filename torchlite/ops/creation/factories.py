"""Creating tensors: from data, filled, as ranges, and like existing ones."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.device import check_device
from torchlite.core.overrides import taken_over
from torchlite.core.shapes import Size
from torchlite.core.tensor import Tensor, wrap
from torchlite.core.types import Device
from torchlite.dtypes import dtype
from torchlite.ops.core.family import write_out
from torchlite.ops.core.methods import method
from torchlite.ops.core.promotion import cast, checked_number


@taken_over
def tensor(data: Any, *, dtype: dtype | None = None, device: Device = None,
           requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A new tensor that holds a copy of `data`: a scalar, nested sequences, an array, a tensor.

    dtype is inferred by default: bool, int64, the default float or complex for Python scalars; that
    of an array or tensor.
    """
    check_device(device)
    result = wrap(array_of(data, dtype, copy=True))
    return result.requires_grad_() if requires_grad else result


@taken_over
def as_tensor(data: Any, dtype: dtype | None = None, device: Device = None) -> Tensor:
    """`data` as a tensor; shares memory with an array or tensor of the same dtype."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else cast(data, dtype)
    return wrap(array_of(data, dtype, copy=False))


def asarray(obj: Any, *, dtype: dtype | None = None, device: Device = None,
            copy: builtins.bool | None = None, requires_grad: builtins.bool = False,
            ) -> Tensor:  # fmt: skip
    """`as_tensor`; with `copy` always in memory of its own. `copy` False: never.

    Raises: ValueError if `copy` is False and there is no memory to share.
    """
    if copy is False and not hasattr(obj, "dtype"):
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    result = as_tensor(obj, dtype, device)
    if copy:
        result = wrap(local.mode.xp.copy(result._data))
    return result.requires_grad_() if requires_grad else result


def array_of(data: Any, kind: dtype | None, copy: bool) -> Any:
    xp = local.mode.xp
    if isinstance(data, Tensor):
        array = data._data
    elif hasattr(data, "__array__"):
        array = xp.from_numpy(data.__array__())
    else:
        numbers = _numbers(data)
        return xp.array(numbers, kind or _suggested(numbers))
    if kind is not None and dtypes.of(array) is not kind:
        return xp.astype(array, kind)
    return xp.copy(array) if copy else array


def _numbers(data: Any) -> Any:
    """`data` with tensors and array scalars replaced by Python scalars, sequences by lists."""
    if isinstance(data, (bool, int, float, builtins.complex)):
        return data
    if isinstance(data, Tensor) or hasattr(data, "tolist"):
        return data.tolist()
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return [_numbers(x) for x in data]
    if hasattr(data, "__index__") or hasattr(data, "__float__"):
        return data.__index__() if hasattr(data, "__index__") else float(data)
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _suggested(numbers: Any) -> dtype:
    """The dtype of the highest category that occurs; the default float if there is no data."""
    best = None
    stack = [numbers]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        else:
            kind = dtypes.of_scalar(item)
            if best is None or kind.category > best.category:
                best = kind
    return best or dtypes.get_default_dtype()


def construct(cls: type, *args: Any, device: Device = None) -> Tensor:
    """``Tensor(2, 3)``: uninitialised, of this shape; ``Tensor([1, 2])``: in the default dtype."""
    check_device(device)
    kind = dtypes.get_default_dtype()
    if len(args) == 1 and not isinstance(args[0], (int, Size)):
        data = args[0]._data if isinstance(args[0], Tensor) else array_of(args[0], kind, copy=True)
    else:
        data = local.mode.xp.empty(size_of(args) if args else (0,), kind)
    result: Tensor = object.__new__(cls)
    result._data = data
    return result


def size_of(size: Sequence[Any]) -> tuple[int, ...]:
    """The shape given as ``zeros(2, 3)`` or ``zeros((2, 3))``; sizes may be integer tensors.

    Raises: RuntimeError for a negative size, TypeError for anything that is not an integer.
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    shape = tuple(s.__index__() if hasattr(s, "__index__") else _bad_size(s) for s in size)
    for s in shape:
        if s < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {s}: {list(shape)}"
            )
    return shape


def _bad_size(value: Any) -> int:
    raise TypeError(
        f"expected the sizes as ints or one sequence of ints, got {type(value).__name__}"
    )


def _filled(shape: tuple, value: Any, out: Tensor | None, kind: dtype | None, device: Device,
            requires_grad: bool) -> Tensor:  # fmt: skip
    check_device(device)
    result = wrap(local.mode.xp.full(shape, value, kind or dtypes.get_default_dtype()))
    if out is not None:
        return write_out("full", out, result)
    return result.requires_grad_() if requires_grad else result


@taken_over
def zeros(*size: Any, out: Tensor | None = None, dtype: dtype | None = None, layout: Any = None,
          device: Device = None, requires_grad: bool = False,
          pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of zeros: ``zeros(2, 3)``, ``zeros((2, 3), dtype=torchlite.int64)``."""
    return _filled(size_of(size), 0, out, dtype, device, requires_grad)


@taken_over
def ones(*size: Any, out: Tensor | None = None, dtype: dtype | None = None, layout: Any = None,
         device: Device = None, requires_grad: bool = False,
         pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of ones."""
    return _filled(size_of(size), 1, out, dtype, device, requires_grad)


@taken_over
def full(size: Sequence[int], fill_value: Any, *, out: Tensor | None = None,
         dtype: dtype | None = None, layout: Any = None, device: Device = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of `size` filled with a scalar, whose dtype is the default."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    kind = dtype or dtypes.of_scalar(value)
    value = checked_number(value, kind)
    return _filled(size_of((tuple(size),)), value, out, kind, device, requires_grad)


@taken_over
def empty(*size: Any, out: Tensor | None = None, dtype: dtype | None = None, layout: Any = None,
          device: Device = None, requires_grad: bool = False, pin_memory: bool = False,
          memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor of uninitialised memory."""
    check_device(device)
    shape, kind = size_of(size), dtype or dtypes.get_default_dtype()
    result = wrap(local.mode.xp.empty(shape, kind))
    if out is not None:
        return write_out("empty", out, result)
    return result.requires_grad_() if requires_grad else result


def _alike(new: Tensor, input: Tensor) -> Tensor:
    """`new`, modelled on `input`: inside `vmap`, it is batched if `input` is."""
    new._data = local.mode.xp.alike(new._data, input._data)
    return new


@taken_over
def zeros_like(input: Tensor, *, dtype: dtype | None = None, layout: Any = None,
               device: Device = None, requires_grad: bool = False, pin_memory: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Zeros with the shape and, by default, the dtype of `input`."""
    kind = dtype or input.dtype
    return _alike(_filled(input._data.shape, 0, None, kind, device, requires_grad), input)


@taken_over
def ones_like(input: Tensor, *, dtype: dtype | None = None, layout: Any = None,
              device: Device = None, requires_grad: bool = False, pin_memory: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """Ones with the shape and, by default, the dtype of `input`."""
    kind = dtype or input.dtype
    return _alike(_filled(input._data.shape, 1, None, kind, device, requires_grad), input)


@taken_over
def full_like(input: Tensor, fill_value: Any, *, dtype: dtype | None = None, layout: Any = None,
              device: Device = None, requires_grad: bool = False, pin_memory: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor of `fill_value` with the shape and, by default, the dtype of `input`."""
    kind = dtype or input.dtype
    like = full(input._data.shape, fill_value, dtype=kind, device=device,
                requires_grad=requires_grad)  # fmt: skip
    return _alike(like, input)


@taken_over
def empty_like(input: Tensor, *, dtype: dtype | None = None, layout: Any = None,
               device: Device = None, requires_grad: bool = False, pin_memory: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Uninitialised memory with the shape and, by default, the dtype of `input`."""
    kind = dtype or input.dtype
    like = empty(input._data.shape, dtype=kind, device=device, requires_grad=requires_grad)
    return _alike(like, input)


@taken_over
def arange(start: Any, end: Any = None, step: Any = 1, *, out: Tensor | None = None,
           dtype: dtype | None = None, layout: Any = None, device: Device = None,
           requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The numbers start, start + step, ... before `end`; ``arange(end)`` starts at 0.

    dtype defaults to int64 for integers, else the default float.
    Raises: RuntimeError for a step of zero or away from `end`.
    """
    check_device(device)
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if isinstance(x, Tensor) else x for x in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not all(map(math.isfinite, (start, end))):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) / step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(x, int) for x in (start, end, step))
    kind = dtype or (dtypes.int64 if whole else dtypes.get_default_dtype())
    result = wrap(local.mode.xp.arange(start, end, step, kind))
    if out is not None:
        return write_out("arange", out, result)
    return result.requires_grad_() if requires_grad else result


@taken_over
def linspace(start: Any, end: Any, steps: int, *, out: Tensor | None = None,
             dtype: dtype | None = None, layout: Any = None, device: Device = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` evenly spaced numbers from `start` to `end`, both included."""
    check_device(device)
    if not isinstance(steps, int):
        raise TypeError(f"linspace(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    kind = dtype or dtypes.get_default_dtype()
    start, end = (checked_number(x, kind) for x in (start, end))
    result = wrap(local.mode.xp.linspace(start, end, steps, kind))
    if out is not None:
        return write_out("linspace", out, result)
    return result.requires_grad_() if requires_grad else result


@taken_over
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, out: Tensor | None = None,
             dtype: dtype | None = None, layout: Any = None, device: Device = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """``base ** linspace(start, end, steps)``."""
    exponents = linspace(start, end, steps, dtype=dtypes.float64, device=device)
    result = cast(base**exponents, dtype or dtypes.get_default_dtype())
    if out is not None:
        return write_out("logspace", out, result)
    return result.requires_grad_() if requires_grad else result


@taken_over
def eye(n: int, m: int | None = None, *, out: Tensor | None = None, dtype: dtype | None = None,
        layout: Any = None, device: Device = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """An (n, m) matrix with ones on the diagonal; m defaults to n."""
    check_device(device)
    for value, label in ((n, "n"), (n if m is None else m, "m")):
        if value < 0:
            raise RuntimeError(f"{label} must be greater or equal to 0, got {value}")
    kind = dtype or dtypes.get_default_dtype()
    result = wrap(local.mode.xp.eye(n, n if m is None else m, kind))
    if out is not None:
        return write_out("eye", out, result)
    return result.requires_grad_() if requires_grad else result


@taken_over
def scalar_tensor(s: Any, *, dtype: dtype | None = None, layout: Any = None,
                  device: Device = None, requires_grad: bool = False,
                  pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A 0-d tensor; `dtype` defaults to the default float."""
    kind = dtype or dtypes.get_default_dtype()
    return full((), s, dtype=kind, device=device, requires_grad=requires_grad)


@taken_over
def empty_strided(size: Sequence[int], stride: Sequence[int], *, dtype: dtype | None = None,
                  layout: Any = None, device: Device = None, requires_grad: bool = False,
                  pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uninitialised memory with this shape and these strides, in elements.

    Raises: RuntimeError if there are not as many strides as sizes.
    """
    check_device(device)
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides "
            f"({len(stride)})"
        )
    shape, xp = size_of((tuple(size),)), local.mode.xp
    reach = 1 + sum((n - 1) * step for n, step in zip(shape, stride)) if math.prod(shape) else 0
    memory = xp.empty((reach,), dtype or dtypes.get_default_dtype())
    result = wrap(xp.as_strided(memory, shape, tuple(stride), 0))
    return result.requires_grad_() if requires_grad else result


def empty_permuted(size: Sequence[int], physical_layout: Sequence[int],
                   **options: Any) -> Tensor:  # fmt: skip
    """Uninitialised memory whose dimensions are laid out in the order `physical_layout`."""
    if sorted(physical_layout) != list(range(len(size))):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(size)} is not equal to len(physical_layout) = "
            f"{len(physical_layout)}"
        )
    steps, step = [0] * len(size), 1
    for dim in reversed(physical_layout):
        steps[dim] = step
        step *= max(size[dim], 1)
    return empty_strided(size, steps, **options)


# --- in the dtype of a tensor -------------------------------------------------------------------


@method()
def new_tensor(self: Tensor, data: Any, *, dtype: dtype | None = None, device: Device = None,
               requires_grad: bool = False, **options: Any) -> Tensor:  # fmt: skip
    """`tensor` with the dtype of this one by default."""
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@method()
def new_zeros(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """`zeros` with the dtype of this one by default."""
    return _alike(zeros(*_named(size, options), dtype=dtype or self.dtype, **options), self)


@method()
def new_ones(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """`ones` with the dtype of this one by default."""
    return _alike(ones(*_named(size, options), dtype=dtype or self.dtype, **options), self)


@method()
def new_empty(self: Tensor, *size: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
    """`empty` with the dtype of this one by default."""
    return _alike(empty(*_named(size, options), dtype=dtype or self.dtype, **options), self)


def _named(size: tuple, options: dict) -> tuple:
    """The sizes, given as arguments or as the keyword `size`."""
    return (options.pop("size"),) if "size" in options else size


@method()
def new_full(self: Tensor, size: Sequence[int], fill_value: Any, *, dtype: dtype | None = None,
             **options: Any) -> Tensor:  # fmt: skip
    """`full` with the dtype of this one by default."""
    return _alike(full(size, fill_value, dtype=dtype or self.dtype, **options), self)


@method()
def new_empty_strided(self: Tensor, size: Sequence[int], stride: Sequence[int], *,
                      dtype: dtype | None = None, **options: Any) -> Tensor:  # fmt: skip
    """`empty_strided` with the dtype of this one by default."""
    return empty_strided(size, stride, dtype=dtype or self.dtype, **options)


def is_tensor(obj: Any) -> builtins.bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


@method()
def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the dtype is a real floating-point type."""
    return input.dtype.is_floating_point


@method()
def is_complex(input: Tensor) -> builtins.bool:
    """Whether the dtype is complex."""
    return input.dtype.is_complex


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input._data.size


__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "empty_permuted",
    "empty_strided", "eye", "full", "full_like", "is_complex", "is_floating_point", "is_tensor",
    "linspace", "logspace", "numel", "ones", "ones_like", "scalar_tensor", "tensor", "zeros",
    "zeros_like",
]  # fmt: skip
