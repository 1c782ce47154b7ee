"""Devices: all of PyTorch's can be named, but tensors are created on the CPU only."""

from __future__ import annotations

import threading
from typing import Any

_KINDS = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga",
    "maia", "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


class device:
    """A device name: ``device("cuda:1")``, ``device("cuda", 1)``.

    Every tensor is on ``device("cpu")``. ``with device(...):`` makes it the default in the block.

    Raises: RuntimeError (as PyTorch) for an unknown type, a bad index, or an index alone, which
        means an accelerator; TypeError for anything but a str, a device or an int.
    """

    __slots__ = ("type", "index")

    type: str
    index: int | None

    def __init__(self, type: str | device | int, index: int | None = None) -> None:
        if isinstance(type, int):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, (str, device)):
            kind = type.__class__.__name__
            raise TypeError(f"device(): argument 'type' (position 1) must be str, not {kind}")
        kind, own_index = _parse(str(type))
        if index is not None:
            _check_index(str(type), own_index, index)
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "index", own_index if index is None else index)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __repr__(self) -> str:
        tail = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{tail})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple:
        return device, (str(self),)

    def __enter__(self) -> device:
        _default.devices.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _default.devices.pop()


def _parse(text: str) -> tuple[str, int | None]:
    """("cuda", 1) for "cuda:1"."""
    if not text:
        raise RuntimeError("Device string must not be empty")
    kind, colon, number = text.partition(":")
    if colon and (not (number.isascii() and number.isdigit()) or number != str(int(number))):
        raise RuntimeError(f"Invalid device string: '{text}'")
    if kind not in _KINDS:
        raise RuntimeError(
            f"Expected one of {', '.join(_KINDS)} device type at start of device string: {kind}"
        )
    return kind, int(number) if colon else None


def _check_index(text: str, own_index: int | None, index: Any) -> None:
    if not isinstance(index, int):
        kind = index.__class__.__name__
        raise TypeError(f"device(): argument 'index' (position 2) must be int, not {kind}")
    if own_index is not None:
        raise RuntimeError(
            f"type (string) must not include an index because index was passed explicitly: {text}"
        )
    if index < 0:
        raise RuntimeError("Device index must not be negative")


CPU = device("cpu")


class _Default(threading.local):
    def __init__(self) -> None:
        self.devices = [CPU]  # from `set_default_device`, then from `with` blocks


_default = _Default()


def check_device(value: Any = None) -> None:
    """Check that tensors can be created on `value`: a device, its name, or None for the default.

    ``meta`` is treated as the CPU: its tensors have memory here.
    Raises: as PyTorch built without the device: AssertionError for CUDA and XPU, else
        RuntimeError; also whatever `device` raises.
    """
    place = _default.devices[-1] if value is None else device(value)
    if place.type not in ("cpu", "meta"):
        raise missing(place.type)


def missing(kind: str) -> Exception:
    """The error for a program that uses an accelerator of this type."""
    hint = f"torchlite runs on the CPU only: check torch.{kind}.is_available() first."
    if kind in ("cuda", "xpu"):
        return AssertionError(f"Torch not compiled with {kind.upper()} enabled\n{hint}")
    return RuntimeError(f"PyTorch is not linked with support for {kind} devices\n{hint}")


def get_default_device() -> device:
    """The device on which tensors are created by default.

    Raises: as PyTorch, if tensors cannot be created there.
    """
    check_device()
    return _default.devices[-1]


def set_default_device(device: Any) -> None:
    """Create tensors on `device` from now on; None means the CPU.

    As in PyTorch any device is accepted; creating tensors fails unless it is the CPU.
    """
    _default.devices[0] = CPU if device is None else type(CPU)(device)
