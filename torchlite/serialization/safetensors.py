"""safetensors files: tensors by name, with the functions of ``safetensors.torch``.

Requires ``pip install 'torchlite[safetensors]'``; https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, device, wrap
from torchlite.serialization.locations import restore
from torchlite.serialization.rebuilding import Storage, in_native_order
from torchlite.serialization.saving import replacing

_DTYPES = {
    "BOOL": dtypes.bool_, "U8": dtypes.uint8, "I8": dtypes.int8, "I16": dtypes.int16,
    "U16": dtypes.uint16, "I32": dtypes.int32, "U32": dtypes.uint32, "I64": dtypes.int64,
    "U64": dtypes.uint64, "F16": dtypes.float16, "BF16": dtypes.bfloat16, "F32": dtypes.float32,
    "F64": dtypes.float64, "C64": dtypes.complex64,
}  # fmt: skip


def save_file(tensors: dict[str, Tensor], filename: str | os.PathLike,
              metadata: dict[str, str] | None = None) -> None:  # fmt: skip
    """Write `tensors` and text `metadata` to a file, completely or not at all.

    Raises: ImportError without safetensors; ValueError for values that are not tensors or not
    contiguous; RuntimeError for tensors that share memory.
    """
    arrays, package = _arrays(tensors), _package()
    with replacing(os.path.realpath(filename)) as file:
        package.numpy.save_file(arrays, file.name, metadata)


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes that `save_file` writes."""
    return _package().numpy.save(_arrays(tensors), metadata)


def load_file(filename: str | os.PathLike, device: str | device | int = "cpu") -> dict[str, Tensor]:
    """The tensors of a file, each in its own memory.

    Raises: ImportError without safetensors; FileNotFoundError; SafetensorError for other files.
    """
    with open(filename, "rb") as file:
        return _tensors(file.read(), str(device))


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors in bytes from `save`."""
    return _tensors(data, "cpu")


def _package() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "safetensors files require the package safetensors: "
            "pip install 'torchlite[safetensors]'"
        ) from error
    return safetensors


def _tensors(data: bytes, location: str) -> dict[str, Tensor]:
    return {name: _tensor(name, parts, location) for name, parts in _package().deserialize(data)}


def _tensor(name: str, parts: dict[str, Any], location: str) -> Tensor:
    kind = _DTYPES.get(parts["dtype"])
    if kind is None:
        raise TypeError(f"{name}: torchlite has no dtype for {parts['dtype']}")
    data = in_native_order(parts["data"], kind, "little")
    storage = restore(Storage(data, kind), "cpu", location)
    return wrap(current().from_buffer(storage.buffer, kind, tuple(parts["shape"])))


def _arrays(tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The NumPy arrays of `tensors`, checked as in ``safetensors.torch``."""
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected Tensor but got {type(tensor)}")
        if not tensor.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. "
                "Call `.contiguous()` on your tensor to pack it before saving."
            )
    _check_apart({name: tensor for name, tensor in tensors.items() if tensor.numel()})
    return {name: current().to_numpy(tensor._data) for name, tensor in tensors.items()}


def _check_apart(tensors: dict[str, Tensor]) -> None:
    places = sorted((t.data_ptr(), t.data_ptr() + t.nbytes, name) for name, t in tensors.items())
    for (_, end, name), (start, _, other) in pairwise(places):
        if start < end:
            raise RuntimeError(
                "Some tensors share memory, this will lead to duplicate memory on disk and "
                f"potential differences when loading them again: {name!r} and {other!r}.\n"
                "Save only one of them, or clones."
            )
