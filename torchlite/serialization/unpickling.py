"""Readers of pickles with tensors: one that runs no code from the file, and one that may."""

from __future__ import annotations

import pickle
import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # Python 2's names, used in protocol 2
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from torchlite.core import pytorch_names
from torchlite.core.shapes import Size
from torchlite.core.tensor import device
from torchlite.serialization.rebuilding import TORCH_NAMES, Storage, set_state
from torchlite.serialization.trust import BLOCKED_MODULES, allowed_by_user


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":  # bytes of protocol 2; other codecs may decompress, or import
        raise pickle.UnpicklingError(f"unsupported encoding {encoding!r}")
    return text.encode("latin1")


def _bytearray(data: bytes = b"") -> bytearray:
    if not isinstance(data, bytes):  # an int would allocate that many bytes
        raise pickle.UnpicklingError("a bytearray that is not built from bytes")
    return bytearray(data)


def _no_bytes() -> bytes:
    return b""


_SAFE_CALLS = {
    "collections.OrderedDict": OrderedDict,
    "collections.Counter": Counter,
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytearray,
    "builtins.bytes": _no_bytes,
    "builtins.set": set,
    "builtins.complex": complex,
    "torch.Size": Size,
    "torch.device": device,
    **{name: value for name, value in TORCH_NAMES.items() if "._rebuild_" in name},
}
_SAFE_NAMES = _SAFE_CALLS | TORCH_NAMES
_CALLABLE = tuple(_SAFE_CALLS.values())


class WeightsUnpickler:
    """Reads a pickle of plain data and tensors; names that are not on the list are refused.

    Not a `pickle.Unpickler`, whose BUILD and NEWOBJ would let a file modify our own classes.
    ``storage(persistent_id)`` returns the `Storage` of a tensor; `encoding` is that of Python 2
    strings, and "bytes" leaves them undecoded.
    """

    def __init__(
        self, file: Any, storage: Callable[[Any], Storage], encoding: str = "utf-8"
    ) -> None:
        self._file, self._storage, self._encoding = file, storage, encoding
        self._by_user = allowed_by_user()
        self._asks_for_storage = False
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The object; leaves the file positioned after it.

        Raises: UnpicklingError for an invalid pickle, and whatever `storage` raises.
        """
        try:
            for opcode, argument, _ in pickletools.genops(self._file):
                if opcode.name == "STOP":
                    return self._stack.pop()
                self._run(opcode.name, argument)
        except _SIGNS_OF_DAMAGE as error:
            if self._asks_for_storage:  # from the caller's map_location, not from the pickle
                raise
            raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error
        raise pickle.UnpicklingError("the pickle does not end with STOP")

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
        full = _full_name(name)
        if full.partition(".")[0] in BLOCKED_MODULES:
            raise pickle.UnpicklingError(
                f"Trying to load unsupported GLOBAL {full} whose module "
                f"{full.rpartition('.')[0]} is blocked."
            )
        if full in _SAFE_NAMES:
            self._stack.append(_SAFE_NAMES[full])
        elif full in self._by_user:
            self._stack.append(self._by_user[full])
        else:
            raise pickle.UnpicklingError(_refusal(full))

    def _is_by_user(self, obj: Any) -> bool:
        return any(obj is allowed for allowed in self._by_user.values())

    def _do_reduce(self, _: None) -> None:
        function, arguments = self._pop(2)
        if not (any(function is safe for safe in _CALLABLE) or self._is_by_user(function)):
            raise pickle.UnpicklingError(
                f"Trying to call reduce for unrecognized function {function!r}"
            )
        self._stack.append(function(*arguments))

    def _do_newobj(self, _: None) -> None:
        kind, arguments = self._pop(2)
        if not ((kind is OrderedDict and arguments == ()) or self._is_by_user(kind)):
            raise pickle.UnpicklingError(
                "Can only create new object for OrderedDict or classes allowlisted via "
                f"`add_safe_globals` but got {kind!r}"
            )
        self._stack.append(kind.__new__(kind, *arguments))

    def _do_build(self, _: None) -> None:
        instance, state = self._pop(2)
        self._stack.append(instance)
        if type(instance) is OrderedDict:
            if any(hasattr(OrderedDict, name) for name in state):
                raise pickle.UnpicklingError("the state of an OrderedDict would shadow its methods")
            vars(instance).update(state)
        elif not self._is_by_user(type(instance)):
            raise pickle.UnpicklingError(
                "Can only build OrderedDict or types allowlisted via `add_safe_globals`, but got "
                f"{type(instance)}"
            )
        elif hasattr(instance, "__setstate__"):
            instance.__setstate__(state)
        else:
            set_state(instance, state)

    def _do_short_binstring(self, text: str) -> None:
        raw = text.encode("latin-1")  # the codec that pickletools decoded it with
        self._stack.append(raw if self._encoding == "bytes" else raw.decode(self._encoding))

    def _do_binpersid(self, _: None) -> None:
        pid = self._pop(1)[0]
        self._asks_for_storage = True
        self._stack.append(self._storage(pid))
        self._asks_for_storage = False

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
        target = self._stack[-1]
        if not isinstance(target, dict):
            raise pickle.UnpicklingError(f"Can only set items of dicts, not {type(target)}")
        for key, value in zip(items[::2], items[1::2]):
            target[key] = value


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = ("BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT")
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_SIGNS_OF_DAMAGE = (
    ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError
)  # fmt: skip


def _full_name(argument: str) -> str:
    """The "module.name" that a GLOBAL with this argument refers to."""
    module, _, name = argument.partition(" ")
    if (module, name) in NAME_MAPPING:
        return ".".join(NAME_MAPPING[module, name])
    return f"{IMPORT_MAPPING.get(module, module)}.{name}"


def _refusal(full: str) -> str:
    name = full.removeprefix("builtins.")
    text = f"Unsupported global: GLOBAL {name} was not an allowed global by default. "
    if full.startswith("torch."):
        return text + "torchlite has no counterpart for this part of PyTorch."
    return text + (
        f"Please use `torch.serialization.add_safe_globals([{name}])` or the "
        f"`torch.serialization.safe_globals([{name}])` context manager to allowlist this global "
        "if you trust this class/function."
    )


def unsafe_globals(data: bytes) -> list[str]:
    """The names in a pickle that `WeightsUnpickler` would refuse; the pickle is not executed.

    Raises: UnpicklingError for an unsupported operation, as it could hide names.
    """
    found = set()
    for opcode, argument, _ in pickletools.genops(data):
        known = opcode.name in (*_CONSTANTS, *_LITERALS, *_EMPTY, "STOP")
        if not known and not hasattr(WeightsUnpickler, f"_do_{opcode.name.lower()}"):
            raise pickle.UnpicklingError(f"Unsupported operand {opcode.name}")
        if opcode.name == "GLOBAL":
            found.add(_full_name(str(argument)))
    return sorted(found - _SAFE_NAMES.keys() - allowed_by_user().keys())


def full_unpickler(pickle_module: Any) -> type:
    """A class that reads any pickle like `pickle_module`, running the code that it refers to."""

    class FullUnpickler(pickle_module.Unpickler):
        def __init__(self, file: Any, storage: Callable[[Any], Storage], **options: Any) -> None:
            super().__init__(file, **options)
            self._storage = storage

        def find_class(self, module: str, name: str) -> Any:
            full = f"{module}.{name}"
            if full in TORCH_NAMES:
                return TORCH_NAMES[full]
            if module.partition(".")[0] != "torch":
                return super().find_class(module, name)
            try:
                return pytorch_names.find(module, name)
            except (ImportError, AttributeError) as error:
                raise pickle.UnpicklingError(
                    f"the file needs {full} of PyTorch itself, which torchlite does not have yet"
                ) from error

        def persistent_load(self, pid: Any) -> Any:
            return self._storage(pid)

    return FullUnpickler
