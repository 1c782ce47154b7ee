"""Readers of pickles with tensors: one that runs no code of the file, and one that may."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from torchlite._tensor import device
from torchlite.serialization.pickling import TORCH_NAMES, Storage
from torchlite.shapes import Size


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":  # bytes of protocol 2; other codecs may decompress, or import
        raise pickle.UnpicklingError(f"unsupported encoding {encoding!r}")
    return text.encode("latin1")


def _bytearray(data: bytes = b"") -> bytearray:
    if not isinstance(data, bytes):  # a number would allocate that many bytes
        raise pickle.UnpicklingError("a bytearray that is not made of bytes")
    return bytearray(data)


def _no_bytes() -> bytes:
    return b""


_SAFE_CALLS = {
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
    ("_codecs", "encode"): _encode,
    ("builtins", "bytearray"): _bytearray,
    ("builtins", "bytes"): _no_bytes,
    ("builtins", "set"): set,
    ("builtins", "complex"): complex,
    **{name: value for name, value in TORCH_NAMES.items() if name[1].startswith("_rebuild")},
    ("torch", "Size"): Size,
    ("torch", "device"): device,
}
_SAFE_NAMES = _SAFE_CALLS | TORCH_NAMES
_CALLABLE = tuple(_SAFE_CALLS.values())


class WeightsUnpickler:
    """Reads a pickle of plain data and tensors; a name that is not on the list is refused.

    Not a `pickle.Unpickler`, whose BUILD and NEWOBJ would let a file change our own classes.
    ``storage(persistent_id)`` gives the `Storage` of a tensor.
    """

    def __init__(self, data: bytes, storage: Callable[[Any], Storage]) -> None:
        self._data, self._storage = data, storage
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The object. Raises: UnpicklingError for a bad pickle, and what `storage` raises."""
        try:
            for opcode, argument, _ in pickletools.genops(self._data):
                if opcode.name == "STOP":
                    return self._stack.pop()
                self._run(opcode.name, argument)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error
        raise pickle.UnpicklingError("the pickle has no end")

    def _run(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _LITERALS:
            self._stack.append(argument)
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        else:
            operation = getattr(self, f"_do_{name.lower()}", None)
            if operation is None:
                raise pickle.UnpicklingError(f"Unsupported operand {name}")
            operation(argument)

    def _pop_mark(self) -> list:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _pop(self, count: int) -> list:
        if len(self._stack) - count < (self._marks[-1] if self._marks else 0):
            raise pickle.UnpicklingError("the stack is empty")
        items = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return items

    def _do_proto(self, version: int) -> None:
        if version > 2:
            raise pickle.UnpicklingError(f"pickle protocol {version}; only 2 is supported")

    def _do_mark(self, _: None) -> None:
        self._marks.append(len(self._stack))

    def _do_global(self, name: str) -> None:
        module, _, attribute = name.partition(" ")
        if module == "__builtin__":  # Python 2's name, which protocol 2 uses
            module = "builtins"
        try:
            self._stack.append(_SAFE_NAMES[module, attribute])
        except KeyError:
            raise pickle.UnpicklingError(
                f"Unsupported global: GLOBAL {module}.{attribute} was not an allowed global by "
                "default."
            ) from None

    def _do_reduce(self, _: None) -> None:
        function, arguments = self._pop(2)
        if not any(function is allowed for allowed in _CALLABLE):
            raise pickle.UnpicklingError(f"Trying to call reduce for unrecognized {function!r}")
        self._stack.append(function(*arguments))

    def _do_newobj(self, _: None) -> None:
        kind, arguments = self._pop(2)
        if kind is not OrderedDict or arguments:
            raise pickle.UnpicklingError(f"Trying to make an object of {kind!r}")
        self._stack.append(OrderedDict())

    def _do_build(self, _: None) -> None:
        instance, state = self._pop(2)
        if type(instance) is not OrderedDict or not isinstance(state, dict):
            raise pickle.UnpicklingError(f"Can not set the state of {type(instance)}")
        if any(hasattr(OrderedDict, name) for name in state):
            raise pickle.UnpicklingError("the state of an OrderedDict hides its methods")
        vars(instance).update(state)
        self._stack.append(instance)

    def _do_binpersid(self, _: None) -> None:
        self._stack.append(self._storage(self._pop(1)[0]))

    def _do_binput(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def _do_binget(self, number: int) -> None:
        self._stack.append(self._memo[number])

    _do_long_binput, _do_long_binget = _do_binput, _do_binget

    def _do_tuple(self, _: None) -> None:
        self._stack.append(tuple(self._pop_mark()))

    def _do_tuple1(self, _: None) -> None:
        self._stack.append(tuple(self._pop(1)))

    def _do_tuple2(self, _: None) -> None:
        self._stack.append(tuple(self._pop(2)))

    def _do_tuple3(self, _: None) -> None:
        self._stack.append(tuple(self._pop(3)))

    def _do_append(self, _: None) -> None:
        self._extend(self._pop(1))

    def _do_appends(self, _: None) -> None:
        self._extend(self._pop_mark())

    def _extend(self, items: list) -> None:
        if type(self._stack[-1]) is not list:
            raise pickle.UnpicklingError(f"Can only append to lists, not {type(self._stack[-1])}")
        self._stack[-1].extend(items)

    def _do_setitem(self, _: None) -> None:
        self._set_items(self._pop(2))

    def _do_setitems(self, _: None) -> None:
        self._set_items(self._pop_mark())

    def _set_items(self, items: list) -> None:
        if not isinstance(self._stack[-1], dict):
            raise pickle.UnpicklingError(
                f"Can only set items of dicts, not {type(self._stack[-1])}"
            )
        self._stack[-1].update(zip(items[::2], items[1::2]))


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = ("BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINSTRING")
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}


class FullUnpickler(pickle.Unpickler):
    """Reads any pickle, running the code that it names: only for files that one trusts."""

    def __init__(self, data: bytes, storage: Callable[[Any], Storage]) -> None:
        super().__init__(io.BytesIO(data))
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in TORCH_NAMES:
            return TORCH_NAMES[module, name]
        if module.partition(".")[0] == "torch":
            raise pickle.UnpicklingError(f"the file needs {module}.{name} of PyTorch itself")
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Storage:
        return self._storage(pid)
