"""Types for annotations: ``from torch.types import Number, Device``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO, TypeAlias

from torchlite.core.device import device
from torchlite.core.shapes import Size
from torchlite.core.tensor import Tensor
from torchlite.dtypes import dtype

Number: TypeAlias = int | float | bool
Dims: TypeAlias = int | Sequence[int] | None
Device: TypeAlias = device | str | int | None
FileLike: TypeAlias = str | os.PathLike | IO
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_dtype: TypeAlias = dtype
_device: TypeAlias = device
_int, _float, _bool = int, float, bool
_size: TypeAlias = Size | list[int] | tuple[int, ...]

__all__ = ["Device", "FileLike", "Number"]
