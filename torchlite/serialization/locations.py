"""Where tensors of a file are placed: devices by name, and ``map_location``."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from torchlite.core.tensor import device
from torchlite.serialization.rebuilding import Storage

MapLocation = str | device | dict[str, str] | Callable[[Storage, str], Storage | None] | None
Tagger = Callable[[Any], str | None]
Deserializer = Callable[[Storage, str], Storage | None]

_packages: list[tuple[int, Tagger, Deserializer]] = []
_ELSEWHERE = ("cuda", "mps", "xpu", "hpu", "mtia")


def register_package(priority: int, tagger: Tagger, deserializer: Deserializer) -> None:
    """Register another kind of location with `save` and `load`.

    Args:
        priority: The lowest is tried first; the CPU has 10.
        tagger: Returns the location of a storage being saved, or None.
        deserializer: ``deserializer(storage, location)`` returns the storage there, or None.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=itemgetter(0))


def location_tag(storage: Any) -> str:
    """The location to record in a file for `storage`.

    Raises: RuntimeError if no tagger recognises it.
    """
    for _, tagger, _ in _packages:
        if location := tagger(storage):
            return location
    raise RuntimeError(f"don't know how to determine data location of {type(storage).__name__}")


def default_restore_location(storage: Storage, location: str) -> Storage:
    """`storage`, moved to `location`.

    Raises: RuntimeError (as PyTorch) if this machine does not have it.
    """
    for _, _, deserializer in _packages:
        restored = deserializer(storage, location)
        if restored is not None:
            return restored
    kind = location.partition(":")[0]
    if kind in _ELSEWHERE:
        raise RuntimeError(
            f"Attempting to deserialize object on a {kind.upper()} device but "
            f"torch.{kind}.is_available() is False. If you are running on a CPU-only machine, "
            "please use torch.load with map_location=torch.device('cpu') to map your storages to "
            "the CPU."
        )
    raise RuntimeError(
        "don't know how to restore data location of torch.storage.UntypedStorage (tagged with "
        f"{location})"
    )


def restore(storage: Storage, location: str, wanted: MapLocation = None) -> Storage:
    """`storage`, which was saved at `location`, moved according to ``map_location=wanted``.

    Raises: RuntimeError if this machine lacks that location; TypeError if a function returns
    anything but a storage or None.
    """
    if isinstance(wanted, (str, device)):
        location = str(wanted)
    elif isinstance(wanted, bytes):
        location = wanted.decode("ascii")
    elif isinstance(wanted, dict):
        location = wanted.get(location, location)
    elif wanted is not None:
        restored = wanted(storage, location)
        if isinstance(restored, Storage):
            return restored
        if restored is not None:
            raise TypeError(
                "map_location should return a storage or None, but returned "
                f"{type(restored).__name__}"
            )
    return default_restore_location(storage, location)


register_package(
    10,
    lambda storage: "cpu" if storage.device.type == "cpu" else None,
    lambda storage, location: storage if location.partition(":")[0] in ("cpu", "meta") else None,
)
