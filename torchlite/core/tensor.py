"""Tensor, the object users hold: a backend array with an edge in the autograd graph.

Methods that compute are attached by `torchlite.ops.core.methods`; the rest is defined here.

Fields that most tensors never need have class-level defaults, so that making a result sets few
attributes: ``_data``, the array; ``_needs_grad``; ``_node``, the node that made it (None for a
leaf); ``_grad``; ``_cell``, a one-element list that counts writes, shared with views; ``_view``,
how a view was made.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterator
from numbers import Number
from typing import TYPE_CHECKING, Any, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.backends.wrapped import detached
from torchlite.core.deepcopy import copy_memory
from torchlite.core.device import CPU, device
from torchlite.core.layouts import layout, strided
from torchlite.core.shapes import Size, normalize_dim
from torchlite.errors import INFERENCE_SAVED, ONLY_FLOATS_REQUIRE_GRAD

if TYPE_CHECKING:  # what the operations attach: generated, see tests/typing
    from torchlite.core.tensor_methods import TensorMethods as _Methods
else:
    _Methods = object

_new = object.__new__
UNWRITTEN = (0,)  # the version of a tensor that was never written to


class _Uncounted:
    """Stands in for the write counter of tensors made in `inference_mode`, which have none."""

    __slots__ = ()

    def __getitem__(self, place: int) -> int:
        raise RuntimeError(INFERENCE_SAVED)


INFERENCE = _Uncounted()


class View:
    """How a view came from its base: `steps` are (primitive, parameters), applied in order.

    `refusal`: why a write cannot propagate to the base, or None: see `torchlite.errors`.
    """

    __slots__ = ("base", "_steps", "seen", "refusal", "_seen_turns")

    def __init__(self, base: Tensor, steps: tuple, refusal: str | None) -> None:
        self.base, self._steps, self.refusal = base, steps, refusal
        self.seen = base._node  # the base's history from which the view's was derived
        self._seen_turns = len(base._turns)

    @property
    def steps(self) -> tuple:
        """Steps from the base as it is now; `transpose_` and the like may have changed it."""
        missed = self.base._turns[self._seen_turns :]
        if None in missed:
            raise RuntimeError(
                "a view cannot be followed to a tensor that as_strided_() has changed since"
            )
        return (*reversed(missed), *self._steps) if missed else self._steps


class Tensor(_Methods):
    """A multi-dimensional array with elements of one dtype, and gradients.

    Made by `torchlite.tensor`, `zeros`, `from_numpy`, ...; ``Tensor(2, 3)`` makes an uninitialised
    one of that shape, ``Tensor([1, 2])`` one of the default dtype, as in PyTorch.
    """

    _data: Any
    _number = 0  # a leaf tensor ends the graph: see torchlite.core.graph
    _needs_grad = False
    _node: Any = None
    _grad: Tensor | None = None
    _cell: Any = UNWRITTEN
    _view: View | None = None
    _turns: tuple = ()  # steps that undo `transpose_` and the like, for views made before
    _hooks: dict | None = None
    _accumulate_hooks: dict | None = None
    _retains = False

    # --- contents -------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._data.shape)

    @overload
    def size(self, dim: None = None) -> Size: ...
    @overload
    def size(self, dim: int) -> int: ...
    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return Size(self._data.shape)
        return self._data.shape[normalize_dim(dim, self._data.ndim)]

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of(self._data)

    @property
    def device(self) -> device:
        """Always ``device("cpu")``."""
        return CPU

    @property
    def layout(self) -> layout:
        """Always `torchlite.strided`."""
        return strided

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size

    ndimension, nelement = dim, numel

    def item(self) -> int | float | bool:
        """The value of a one-element tensor as a Python scalar.

        Raises: RuntimeError if there is not exactly one element.
        """
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar"
            )
        return local.mode.xp.item(self._data)

    def tolist(self) -> Any:
        """The elements as nested lists of Python scalars (a scalar for a 0-d tensor)."""
        return local.mode.xp.tolist(self._data)

    # --- autograd -------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor. Settable on leaves."""
        refresh(self)
        return self._needs_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        refresh(self)
        if self._node is not None and not value:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if value and dtypes.of(self._data).category < dtypes.FLOAT:
            raise RuntimeError(ONLY_FLOATS_REQUIRE_GRAD)
        if value and self._cell is INFERENCE and not local.mode.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            )
        self._needs_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` in place.

        Raises: RuntimeError for integer and bool tensors.
        """
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded operation."""
        refresh(self)
        return self._node is None

    @property
    def grad_fn(self) -> Any:
        """The node that made this tensor; None for a leaf."""
        refresh(self)
        return self._node

    @property
    def output_nr(self) -> int:
        """The index of this tensor among the results of `grad_fn`."""
        return getattr(self._node, "index", 0)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` accumulated, or None."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            self._check_grad(value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _check_grad(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value)}")
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value.dtype is not self.dtype:
            raise RuntimeError(
                "attempting to assign a gradient with dtype "
                f"'{value.dtype}' to a tensor with dtype '{self.dtype}'. Please ensure that the "
                "gradient and the tensor have the same dtype"
            )
        if value._data.shape != self._data.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of "
                f"size '{list(self.shape)}'. Please ensure that the gradient and the tensor are "
                "the same size"
            )

    @property
    def data(self) -> Tensor:
        """The same memory, outside the graph and its write counter."""
        return wrap(detached(self._data))

    @data.setter
    def data(self, value: Tensor) -> None:
        self._data = value._data
        self._bump()

    @property
    def _version(self) -> int:
        """The number of in-place writes to the memory."""
        if self._cell is INFERENCE:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._cell[0]

    def _bump(self) -> None:
        """Count one in-place write."""
        if self._cell is UNWRITTEN:
            self._cell = [1]
        elif self._cell is not INFERENCE:
            self._cell[0] += 1

    def _shared_cell(self) -> list:
        """The write counter, created on first use."""
        if self._cell is UNWRITTEN:
            self._cell = [0]
        return self._cell

    def detach(self) -> Tensor:
        """A tensor sharing memory but not history; writes to either count for both."""
        result = wrap(detached(self._data))
        result._cell = self._shared_cell()
        return result

    def detach_(self) -> Tensor:
        """Forget the history of this tensor, in place."""
        if self._view is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for training, use the gradient_as_bucket_view "
                "option with care."
            )
        self._node, self._needs_grad = None, False
        return self

    def _take_history(self, node: Any) -> None:
        """Become the result of `node`; a retained gradient is then that of the new value."""
        if self._retains and self._node is not None and node is not None:
            node.retain, self._node.retain = self._node.retain, None
        self._node = node

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def _base(self) -> Tensor | None:
        """The tensor that this one is a view of."""
        return None if self._view is None else self._view.base

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in `grad` during backward.

        Raises: RuntimeError if it does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._node is None or self._retains:
            return
        self._retains = True
        owner = weakref.ref(self)

        def keep(g: Tensor) -> None:
            tensor = owner()
            if tensor is not None:
                tensor._grad = g if tensor._grad is None else tensor._grad + g

        self._node.retain = keep

    @property
    def retains_grad(self) -> bool:
        """Whether this is a non-leaf tensor whose gradient is retained."""
        return self._retains

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` each time the gradient is computed; what it returns replaces it.

        Raises: RuntimeError if the tensor does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        owner = self if self._node is None else self._node
        if owner._hooks is None:
            owner._hooks = {}
        return RemovableHandle(owner._hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after backward has accumulated into `grad` of this leaf."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is not None:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        if self._accumulate_hooks is None:
            self._accumulate_hooks = {}
        return RemovableHandle(self._accumulate_hooks, hook)

    # --- Python protocols -----------------------------------------------------------------------

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        from torchlite.core.printing import format_tensor

        return format_tensor(self)

    def _repr_html_(self) -> str:
        from torchlite.core.html import tensor_html

        return tensor_html(self)

    def __format__(self, spec: str) -> str:
        if self._data.ndim == 0 and type(self) is Tensor:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __hash__(self) -> int:
        return id(self)

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self._data.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self._data.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __bool__(self) -> bool:
        if self._data.size != 1:
            kind = "no" if self._data.size == 0 else "more than one"
            plural = "values" if self._data.size == 0 else "value"
            raise RuntimeError(f"Boolean value of Tensor with {kind} {plural} is ambiguous")
        return bool(local.mode.xp.item(self._data))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        value = self.item() if self._data.size == 1 else None
        if not isinstance(value, int):
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(value)

    def __deepcopy__(self, memo: dict) -> Tensor:
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may "
                "be because of a torch.nn.utils.weight_norm usage"
            )
        if id(self) not in memo:
            copied = memo[id(self)] = _new(type(self))
            copied._needs_grad = self._needs_grad
            copy_memory(self, copied, memo)
            copied._grad = copy.deepcopy(self._grad, memo)
            copied.__dict__.update(copy.deepcopy(self._extras(), memo))
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple:
        array = local.mode.xp.to_numpy(self._data)
        return _rebuild, (type(self), array, self.requires_grad, self._extras())

    def _extras(self) -> dict:
        """The attributes that the user has set."""
        return {k: v for k, v in self.__dict__.items() if not hasattr(Tensor, k) and k != "_data"}

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Tensor, Number)):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return bool((self == element).any())

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        return sorted(name for name in names if name[0] != "_" or name.endswith("__"))


class RemovableHandle:
    """Removes a hook: by ``handle.remove()`` or, as a context manager, at the end of the block."""

    _next_id = 0

    def __init__(self, hooks: dict, hook: Callable) -> None:
        self.hooks = hooks
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1
        hooks[self.id] = hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def wrap(array: Any) -> Tensor:
    """A leaf tensor that holds `array`, an array of the backend in use."""
    tensor = _new(Tensor)
    tensor._data = array
    if local.mode.inference:
        tensor._cell = INFERENCE
    return tensor


def _rebuild(kind: type, array: Any, needs_grad: bool, extras: dict) -> Tensor:
    """Rebuild a pickled tensor."""
    tensor: Tensor = _new(kind)
    tensor._data, tensor._needs_grad = local.mode.xp.from_numpy(array), needs_grad
    tensor.__dict__.update(extras)
    return tensor


def made_by(array: Any, node: Any) -> Tensor:
    """A tensor that holds `array` and was made by `node`."""
    tensor = _new(Tensor)
    tensor._data, tensor._node, tensor._needs_grad = array, node, True
    return tensor


def alias(tensor: Tensor) -> Tensor:
    """Another tensor object with the same memory, history and write counter."""
    result = _new(Tensor)
    result._data, result._node, result._needs_grad = tensor._data, tensor._node, tensor._needs_grad
    result._cell, result._view = tensor._shared_cell(), tensor._view
    return result


def refresh(tensor: Tensor) -> None:
    """Rederive the history of `tensor` if it views a tensor that was written to since."""
    view = tensor._view
    if view is None or view.seen is view.base._node or view.base._node is None:
        return  # a base that was merely detached does not change its views' history
    view.seen = view.base._node
    replayed, mode = alias(view.base), local.mode
    recording, mode.grad = mode.grad, True
    try:
        for primitive, parameters in view.steps:
            replayed = primitive(replayed, *parameters)
    finally:
        mode.grad = recording
    tensor._take_history(replayed._node)
    tensor._needs_grad = replayed._needs_grad
