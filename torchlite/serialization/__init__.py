"""`save` and `load`: objects containing tensors, in PyTorch's file formats."""

from torchlite.serialization.loading import get_unsafe_globals_in_checkpoint, load
from torchlite.serialization.locations import (
    default_restore_location,
    location_tag,
    register_package,
)
from torchlite.serialization.options import (
    LoadEndianness,
    get_default_load_endianness,
    get_default_mmap_options,
    set_default_load_endianness,
    set_default_mmap_options,
)
from torchlite.serialization.saving import save
from torchlite.serialization.trust import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

__all__ = [
    "LoadEndianness", "add_safe_globals", "clear_safe_globals", "default_restore_location",
    "get_default_load_endianness", "get_default_mmap_options", "get_safe_globals",
    "get_unsafe_globals_in_checkpoint", "load", "location_tag", "register_package", "safe_globals",
    "save", "set_default_load_endianness", "set_default_mmap_options",
]  # fmt: skip
