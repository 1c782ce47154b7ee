"""Subclasses of `Tensor`, and other classes, that override operations: ``__torch_function__``.

The protocol is PyTorch's (https://pytorch.org/docs/stable/notes/extending.html): an operation with
an argument whose class defines ``__torch_function__(cls, func, types, args, kwargs)`` calls that
instead. `Tensor` has a default, which computes and converts the results to the subclass. A
`TorchFunctionMode` intercepts every operation in its block.

Programs without such classes pay for one check of `active` per call. The methods of `Tensor` that
are not operations are wrapped when the first subclass is defined.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any, TypeVar

from torchlite.core.tensor import Tensor

F = TypeVar("F", bound=Callable)
#: Whether any class or mode overrides operations.
active = False
#: Runs ``function(*args, **kwargs)`` with operands cast, once `torch.autocast` has been used.
autocast: Callable[[Callable, tuple, dict], Any] | None = None
#: The operations that can be overridden.
overridable: set[Callable] = set()
_VIEWING_PROPERTIES = ("T", "mT", "H", "mH", "real", "imag", "data")
_OWN_METHODS = {
    "__new__", "__init__", "__init_subclass__", "__class_getitem__", "__dir__", "__hash__",
    "__getattr__", "__setstate__", "__reduce_ex__", "__deepcopy__", "as_subclass",
}  # fmt: skip


_lock = threading.Lock()
_users: list[bool] = []  # one for each mode in use and for each subclass that overrides
_plain: dict[str, Any] = {}  # the members of `Tensor` that have an overridable form, and that form
_hooked: dict[str, Any] = {}


class _State(threading.local):
    def __init__(self) -> None:
        self.subclasses_on = True
        self.modes: list[TorchFunctionMode] = []


_state = _State()


def _disabled_torch_function_impl(cls: type, func: Callable, types: Iterable[type],
                                  args: tuple = (), kwargs: dict | None = None) -> Any:  # fmt: skip
    """The ``__torch_function__`` of a class whose operations return plain tensors."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


class DisableTorchFunctionSubclass:
    """Inside the block, subclasses are not dispatched to: they are treated as plain tensors."""

    def __enter__(self) -> None:
        self._previous, _state.subclasses_on = _state.subclasses_on, False

    def __exit__(self, *exc: object) -> None:
        _state.subclasses_on = self._previous


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Inside the block, neither subclasses nor modes are dispatched to."""

    def __enter__(self) -> None:
        super().__enter__()
        self._modes, _state.modes = _state.modes, []

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        _state.modes = self._modes


class TorchFunctionMode:
    """Inside ``with mode:``, operations call its ``__torch_function__(func, types, args, kwargs)``.

    The mode is off while that runs, so it may call ``func``; modes nest, innermost first.
    """

    def __torch_function__(self, func: Callable, types: Iterable[type], args: tuple = (),
                           kwargs: dict | None = None) -> Any:  # fmt: skip
        raise NotImplementedError

    def __enter__(self) -> TorchFunctionMode:
        activate()
        _state.modes.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _state.modes.pop()
        deactivate()


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(self, func: Callable, types: Iterable[type], args: tuple = (),
                           kwargs: dict | None = None) -> Any:  # fmt: skip
        return func(*args, **(kwargs or {}))


def _default(cls: type[Tensor], func: Callable, types: Iterable[type], args: tuple = (),
             kwargs: dict | None = None) -> Any:  # fmt: skip
    """Compute, and convert results that are plain tensors to the class `cls`."""
    foreign = cls is Tensor and func not in overridable  # e.g. PyTorch's own function
    if foreign or not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
    return _converted(result, cls) if cls is not Tensor else result


def _converted(result: Any, cls: type[Tensor]) -> Any:
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if type(result) in (tuple, list):
        return type(result)(_converted(part, cls) for part in result)
    if hasattr(result, "_fields"):  # one of `torch.return_types`
        return type(result)(*(_converted(part, cls) for part in result))
    return result


# --- dispatch -----------------------------------------------------------------------------------


def _overloaded(values: Iterable[Any], found: list) -> list:
    """The values whose classes override operations, one per class, subclasses before bases."""
    for value in values:
        kind = type(value)
        if kind is Tensor:
            continue
        if kind is tuple or kind is list:
            _overloaded(value, found)
        elif _takes_over(kind) and all(type(other) is not kind for other in found):
            place = next((i for i, o in enumerate(found) if issubclass(kind, type(o))), len(found))
            found.insert(place, value)
    return found


def _takes_over(kind: type) -> bool:
    method = getattr(kind, "__torch_function__", _disabled_torch_function_impl)
    function = getattr(method, "__func__", method)
    disabled = function is _disabled_torch_function_impl
    of_pytorch = getattr(function, "__module__", "") == "torch._tensor"  # its tensors' default
    return not (disabled or of_pytorch or issubclass(kind, (TorchFunctionMode, type)))


def _asked(args: tuple, kwargs: dict) -> list:
    found = _overloaded(kwargs.values(), _overloaded(args, []))
    if not _state.subclasses_on:
        found = [value for value in found if not isinstance(value, Tensor)]
    return found


def asked(args: tuple, kwargs: dict) -> bool:
    """Whether a mode or the class of an argument overrides a call with these arguments."""
    return bool(_state.modes) or bool(_asked(args, kwargs))


def hand_over(func: Callable, args: tuple, kwargs: dict) -> Any:
    """The result of ``func(*args, **kwargs)`` from the modes and classes that override it."""
    found = _asked(args, kwargs)
    if _state.modes:
        return _by_mode(func, found, args, kwargs)
    return _by_class(func, found, args, kwargs)


def _by_mode(func: Callable, found: list, args: tuple, kwargs: dict) -> Any:
    mode = _state.modes.pop()
    try:
        result = mode.__torch_function__(func, tuple(type(v) for v in found), args, kwargs)
    finally:
        _state.modes.append(mode)
    if result is NotImplemented:
        raise _nobody(func, [mode, *found])
    return result


def _by_class(func: Callable, found: list, args: tuple, kwargs: dict) -> Any:
    types = tuple(type(value) for value in found)
    for value in found:
        result = type(value).__torch_function__(func, types, args, kwargs)
        if result is not NotImplemented:
            return result
    raise _nobody(func, found)


def _nobody(func: Callable, found: list) -> TypeError:
    lines = (
        f"  - {'tensor subclass' if isinstance(v, Tensor) else 'class'} {type(v)}" for v in found
    )
    return TypeError(
        f"Multiple dispatch failed for '{resolve_name(func)}'; all __torch_function__ handlers "
        "returned NotImplemented:\n\n" + "\n".join(lines)
    )


def taken_over(function: F, synonyms: Sequence[tuple[str, str]] = ()) -> F:
    """`function` as a public operation, which classes and modes may override.

    `synonyms`: (alias, name) pairs of keywords.
    """

    @functools.wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for other, name in synonyms:
                if other in kwargs:
                    kwargs[name] = kwargs.pop(other)
        if active and asked(args, kwargs):
            return hand_over(op, args, kwargs)
        try:
            if autocast is None:
                return function(*args, **kwargs)
            return autocast(function, args, kwargs)
        except (AttributeError, TypeError):  # not a tensor, but it may override the operation
            if not asked(args, kwargs):
                raise
        return hand_over(op, args, kwargs)

    overridable.add(op)
    result: Any = op
    return result


def activate() -> None:
    """Make the methods and view properties of `Tensor` overridable, until `deactivate`."""
    global active
    with _lock:
        _users.append(True)
        if not active:
            active = True
            _swap(_overridable_methods())


def deactivate() -> None:
    """Undo one `activate`; the last one gives `Tensor` its plain, faster methods back."""
    global active
    with _lock:
        _users.pop()
        if not _users:
            active = False
            _swap(_plain)


def _swap(methods: dict[str, Any]) -> None:
    for name, value in methods.items():
        setattr(Tensor, name, value)


def _overridable_methods() -> dict[str, Any]:
    """The overridable form of each member of `Tensor` that is not an operation; made once."""
    if _hooked:
        return _hooked
    for name, value in list(vars(Tensor).items()):
        private = name.startswith("_") and not name.endswith("__")
        if type(value) is not FunctionType or private or name in _OWN_METHODS:
            continue
        if value not in overridable:
            _plain[name], _hooked[name] = value, _method(value, name)
    for name in _VIEWING_PROPERTIES:
        old = vars(Tensor)[name]
        getter = _method(old.fget, "__get__")  # PyTorch's name for it
        _plain[name], _hooked[name] = old, property(getter, old.fset, old.fdel, old.__doc__)
    return _hooked


def _method(function: Callable, name: str) -> Callable:
    method = taken_over(function)
    method.__name__ = name
    return method


def _init_subclass(cls: type[Tensor], **options: Any) -> None:
    super(Tensor, cls).__init_subclass__(**options)
    if _takes_over(cls):
        activate()


def attach() -> None:
    """Add the default ``__torch_function__`` to `Tensor`. Called once, with the other methods."""
    hooks = {"__torch_function__": _default, "__init_subclass__": _init_subclass}
    for name, function in hooks.items():
        setattr(Tensor, name, classmethod(function))  # type: ignore[arg-type]


# --- helpers for authors of such classes --------------------------------------------------------


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether any of these arguments, or a mode, overrides operations."""
    return asked(tuple(relevant_args), {})


def has_torch_function_unary(argument: Any) -> bool:
    """`has_torch_function` for one argument."""
    return has_torch_function((argument,))


def has_torch_function_variadic(*args: Any) -> bool:
    """`has_torch_function` for the given arguments."""
    return has_torch_function(args)


def handle_torch_function(public_api: Callable, relevant_args: Iterable[Any], *args: Any,
                          **kwargs: Any) -> Any:  # fmt: skip
    """The result of ``public_api(*args, **kwargs)`` from the overriding ones of `relevant_args`."""
    found = _asked(tuple(relevant_args), {})
    if _state.modes:
        return _by_mode(public_api, found, args, kwargs)
    return _by_class(public_api, found, args, kwargs)


def wrap_torch_function(dispatcher: Callable) -> Callable:
    """A decorator: the arguments that ``dispatcher(*args)`` returns may override the function."""

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate


def is_tensor_like(inp: Any) -> bool:
    """Whether `inp` is a tensor or its class defines ``__torch_function__``."""
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def is_tensor_method_or_property(func: Callable) -> bool:
    """Whether `func` is a method or a property getter of `Tensor`."""
    name = getattr(func, "__name__", "")
    value = vars(Tensor).get(name)
    return value is func or (isinstance(value, property) and value.fget is func)


def resolve_name(f: Callable) -> str | None:
    """The name by which users call `f`: ``torch.add``, ``torch.Tensor.add_``."""
    name = getattr(f, "__name__", None)
    if name is None:
        return None
    place = "torch.Tensor" if name.endswith("_") or f not in overridable else "torch"
    return f"{place}.{name}"


def get_overridable_functions() -> dict[Any, list[Callable]]:
    """The functions that can be overridden, by namespace: {Tensor: methods, "torch": functions}."""
    functions = (f for f in vars(Tensor).values() if isinstance(f, FunctionType))
    methods: list[Callable] = [f for f in functions if f in overridable]
    return {Tensor: methods, "torch": [*overridable.difference(methods)]}


@contextmanager
def enable_reentrant_dispatch() -> Iterator[None]:
    """Dispatch to subclasses again inside the block: for use within ``__torch_function__``."""
    previous, _state.subclasses_on = _state.subclasses_on, True
    try:
        yield
    finally:
        _state.subclasses_on = previous
