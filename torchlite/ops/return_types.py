"""The named tuples that operations with several results return: ``torch.return_types``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _repr(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
    return f"torch.return_types.{type(self).__name__}(\n{fields})"


def _named(name: str, fields: str) -> type:
    kind = namedtuple(name, fields, module=__name__)  # type: ignore[misc]
    kind.__repr__ = _repr  # type: ignore[method-assign, assignment]
    return kind


max, min, cummax, cummin = (
    _named(name, "values indices") for name in ("max", "min", "cummax", "cummin")
)
sort, topk, kthvalue, median, nanmedian, mode = (
    _named(name, "values indices")
    for name in ("sort", "topk", "kthvalue", "median", "nanmedian", "mode")
)
aminmax = _named("aminmax", "min max")
