"""DLPack under the names it has in ``torch.utils.dlpack``."""

from torchlite.ops.creation.interchange import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
