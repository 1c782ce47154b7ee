"""`Parameter` and `Buffer`: tensors that a module registers when they are set as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchlite.core.overrides import _disabled_torch_function_impl
from torchlite.core.tensor import Tensor
from torchlite.dtypes import FLOAT
from torchlite.errors import ONLY_FLOATS_REQUIRE_GRAD
from torchlite.ops.creation.factories import empty


class _Kept(Tensor):
    """A leaf that shares its memory with the tensor it was made from."""

    __torch_function__ = _disabled_torch_function_impl  # its operations return plain tensors

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    def _adopt(self, data: Tensor | None, requires_grad: bool) -> None:
        if data is None:
            data = empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(
                f"{type(self).__name__}: expected a Tensor or None, got {type(data).__name__}"
            )
        if requires_grad and data.dtype.category < FLOAT:
            raise RuntimeError(f"O{ONLY_FLOATS_REQUIRE_GRAD[1:]}")
        self._data, self._cell = data._data, data._shared_cell()
        self.requires_grad = requires_grad


class Parameter(_Kept):
    """A tensor to be learned: set as an attribute of a module, it becomes one of its parameters.

    Args:
        data: The values; the memory is shared. Default: an empty tensor.
        requires_grad: Whether it gets a gradient; not affected by `no_grad`. Default: True.

    Raises: RuntimeError if `requires_grad` and the dtype is neither floating point nor complex.
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        self._adopt(data, requires_grad)

    def __deepcopy__(self, memo: dict) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return type(self), (self.data, self.requires_grad), self._extras() or None


class Buffer(_Kept):
    """A tensor that is part of a module's state but is not learned.

    Args:
        data: The values; the memory is shared. Default: an empty tensor.
        persistent: Whether it is part of the module's ``state_dict``. Default: True.
    """

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        self._adopt(data, data is not None and isinstance(data, Tensor) and data.requires_grad)
        self.persistent = persistent

    def __deepcopy__(self, memo: dict) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), persistent=self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return _rebuild_buffer, (self.data, self.persistent)


def _rebuild_buffer(data: Tensor, persistent: bool) -> Buffer:
    return Buffer(data, persistent=persistent)


class _Uninitialized:
    """Parameters and buffers of lazy modules before the first input: they have no shape yet."""

    _becomes: type = Tensor

    if TYPE_CHECKING:
        _data: Any
        dtype: Any
        requires_grad: bool

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of `shape`, uninitialised, in place."""
        kind = self.dtype if dtype is None else dtype
        self._data = empty(tuple(shape), device=device, dtype=kind)._data
        self.__class__ = self._becomes  # type: ignore[assignment]

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def detach(self) -> Any:
        """Itself, so that it stays recognisable in a state dict."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict) -> Any:
        if id(self) not in memo:
            make: Any = type(self)
            memo[id(self)] = make(self.requires_grad, dtype=self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return type(self), (self.requires_grad,)


class UninitializedParameter(_Uninitialized, Parameter):  # type: ignore[misc]
    """A parameter that gets its shape later, by `materialize`."""

    _becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        Parameter.__init__(self, empty(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(_Uninitialized, Buffer):  # type: ignore[misc]
    """A buffer that gets its shape later, by `materialize`."""

    _becomes = Buffer

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None,
                 persistent: bool = True) -> None:  # fmt: skip
        Buffer.__init__(self, empty(0, device=device, dtype=dtype), persistent=persistent)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """An uninitialised buffer that will have another dtype."""
        kind = self.data.to(*args, **kwargs).dtype
        return self if kind is self.dtype else type(self)(dtype=kind, persistent=self.persistent)


def is_lazy(param: Any) -> bool:
    """Whether `param` does not have its shape yet."""
    return isinstance(param, _Uninitialized)
