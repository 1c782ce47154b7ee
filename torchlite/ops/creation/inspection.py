"""Queries about a tensor, and methods of PyTorch that are trivial here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.device import missing
from torchlite.core.shapes import Size
from torchlite.core.tensor import INFERENCE, Tensor, alias, wrap
from torchlite.ops.core.inplace import check_writable, write
from torchlite.ops.core.methods import attribute, method
from torchlite.ops.core.promotion import cast
from torchlite.ops.creation.conversion import clone
from torchlite.ops.creation.factories import array_of, empty
from torchlite.ops.creation.storage import resize_, stride
from torchlite.ops.indexing.brackets import alias_view
from torchlite.ops.shape.splitting import chunk, split


@method()
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of `other`."""
    return cast(self, other.dtype)


@method()
def is_signed(self: Tensor) -> bool:
    """Whether the elements can be negative."""
    return self.dtype.is_signed


@method()
def is_conj(input: Tensor) -> bool:
    """False: conjugates are computed eagerly."""
    return False


@method()
def is_neg(input: Tensor) -> bool:
    """False: negatives are computed eagerly."""
    return False


@method()
def is_inference(input: Tensor) -> bool:
    """Whether it was created in `inference_mode` and thus never takes part in a gradient."""
    return input._cell is INFERENCE


@method()
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: there is no other device to pin memory for."""
    return False


@method()
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """Raises RuntimeError, as PyTorch does without an accelerator."""
    raise RuntimeError("Cannot access accelerator device when none is available.")


@method()
def is_shared(self: Tensor) -> bool:
    """False: no memory is shared with other processes."""
    return False


@method()
def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself; its memory is not shared with other processes, but copied on fork."""
    return self


@method()
def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool = True) -> Tensor:
    """The tensor itself (in `dtype`): it is always dense."""
    return self if dtype is None else cast(self, dtype)


@method()
def chalf(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor converted to complex32, if the backend supports it."""
    return cast(self, dtypes.complex32)


@method()
def dim_order(self: Tensor, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions in order of decreasing stride."""
    steps = stride(self)
    return tuple(sorted(range(len(steps)), key=lambda d: -steps[d]))


@method()
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element ``x`` with ``callable(x)``, one by one. Slow."""
    return _elementwise(self, callable, self)


@method()
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element ``x`` with ``callable(x, y)``, ``y`` from `tensor`. Slow."""
    return _elementwise(self, callable, self, tensor.expand(self.shape))


def _elementwise(self: Tensor, function: Callable, *operands: Tensor) -> Tensor:
    if any(x.requires_grad for x in operands):
        raise RuntimeError("Can't call apply_() on Variable that requires grad. Use "
                           "var.detach().apply_() instead.")  # fmt: skip
    check_writable(self)
    xp = local.mode.xp
    columns = (xp.tolist(xp.reshape(x._data, (-1,))) for x in operands)
    values = [function(*row) for row in zip(*columns)]
    write(self, xp.reshape(array_of(values, self.dtype, copy=True), self._data.shape))
    return self


@method()
def resize(self: Tensor, *sizes: Any) -> Tensor:
    """A tensor of another shape with the same elements in order; deprecated, as in PyTorch."""
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return resize_(clone(self.detach()), *sizes)


@method()
def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """`resize` to the shape of another tensor; deprecated, as in PyTorch."""
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return resize_(clone(self.detach()), *tensor.shape)


@method()
def as_subclass(self: Tensor, cls: type) -> Tensor:
    """The same memory and history as an object of class `cls`, a subclass of `Tensor`."""
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"as_subclass(): cls must be a subclass of Tensor, got {cls}")
    result = object.__new__(cls)
    is_leaf = self.requires_grad and self.is_leaf  # the gradient is for `self`
    result.__dict__.update((alias_view if is_leaf else alias)(self).__dict__)
    return result


@method()
def module_load(self: Tensor, other: Tensor, assign: bool = False) -> Tensor:
    """What a module's tensor becomes when `other` is loaded: `other`, or itself overwritten."""
    return other.detach() if assign else self.detach().copy_(other)


@method()
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Same as `chunk`."""
    return chunk(input, chunks, dim)


@method()
def unsafe_split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Same as `split`."""
    return split(input, split_size_or_sections, dim)


def _no(self: Tensor) -> bool:
    """False: tensors are on the CPU."""
    return False


for _name in ("is_cuda", "is_mps", "is_xpu", "is_meta"):
    attribute(_name)(_no)


@attribute()
def is_cpu(self: Tensor) -> bool:
    """True: there is no other device."""
    return True


@attribute()
def name(self: Tensor) -> None:
    """None: tensors have no names."""


@attribute()
def grad_dtype(self: Tensor) -> dtypes.dtype:
    """The dtype of the gradient: that of the tensor."""
    return self.dtype


@attribute(name="volatile")
def _volatile(self: Tensor) -> bool:
    warnings.warn("volatile was removed (Variable.volatile is always False)", stacklevel=2)
    return False


def typename(obj: Any) -> str:
    """The full name of an object's type; for tensors, e.g. ``torch.FloatTensor``."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", None) or ""
    return kind.__qualname__ if module in ("", "builtins") else f"{module}.{kind.__qualname__}"


class _OfDtype(type):
    """Metaclass of `FloatTensor` etc.: calls create tensors, `isinstance` checks the dtype."""

    dtype: dtypes.dtype

    def __call__(cls, *args: Any, device: Any = None) -> Tensor:
        if len(args) != 1 or isinstance(args[0], (int, Size)):
            return empty(*(args or (0,)), dtype=cls.dtype, device=device)
        if not isinstance(args[0], Tensor):
            return wrap(array_of(args[0], cls.dtype, copy=True))
        if args[0].dtype is not cls.dtype:
            raise TypeError(f"expected a tensor of dtype {cls.dtype}, got {args[0].dtype}")
        return alias(args[0])

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


def _typed(kind: dtypes.dtype) -> _OfDtype:
    doc = f"``Tensor`` of dtype {kind.name}, created like PyTorch's legacy tensor types."
    members = {"dtype": kind, "__doc__": doc, "__module__": "torch"}
    return _OfDtype(f"{kind.legacy}Tensor", (), members)


@method()
def new(self: Tensor, *args: Any, device: Any = None) -> Tensor:
    """A tensor of the same dtype: ``new(2, 3)`` uninitialised, of that shape; ``new([1, 2])``."""
    return _typed(self.dtype)(*args, device=device)


@method()
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """Raises AssertionError, like PyTorch built without CUDA: there is no GPU."""
    raise missing("cuda")


FloatTensor, DoubleTensor = _typed(dtypes.float32), _typed(dtypes.float64)
HalfTensor, BFloat16Tensor = _typed(dtypes.float16), _typed(dtypes.bfloat16)
ByteTensor, CharTensor = _typed(dtypes.uint8), _typed(dtypes.int8)
ShortTensor, IntTensor = _typed(dtypes.int16), _typed(dtypes.int32)
LongTensor, BoolTensor = _typed(dtypes.int64), _typed(dtypes.bool_)


def set_default_tensor_type(t: Any) -> None:
    """`set_default_dtype` by ``FloatTensor`` etc., or its name; deprecated, as in PyTorch.

    Raises: TypeError for anything that is not such a type, or not a floating-point one.
    """
    name = f"torch.{t.__name__}" if isinstance(t, _OfDtype) else t
    kinds = {f"torch.{kind.legacy}Tensor": kind for kind in dtypes.DTYPES}
    if name not in kinds:
        raise TypeError(f"invalid type object: expected a tensor type or its name, got {t!r}")
    if not kinds[name].is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives.",
        stacklevel=2,
    )
    dtypes.set_default_dtype(kinds[name])


__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "is_conj", "is_inference", "is_neg",
    "set_default_tensor_type", "typename", "unsafe_chunk", "unsafe_split",
]  # fmt: skip
