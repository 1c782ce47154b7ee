"""`Recorded`: the namespace of primitives on tensors, which are recorded as they run.

A gradient rule that runs on it is itself differentiable. `torchlite.ops.core.op.declare` adds each
primitive that has rules; the others run unrecorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlite.backends.protocol import SPECS, Backend
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap


class Recorded(Backend):
    """`xp` where gradients must be differentiable."""

    name = "recorded"
    array_type = Tensor


class Differentiable(Recorded):
    """`xp` for differentiable optimizer steps: writes are recorded too."""

    name = "differentiable"

    @staticmethod
    def copyto(dst: Tensor, src: Tensor) -> None:
        dst.copy_(src)


def _unrecorded(name: str) -> Callable:
    def call(*args: Any) -> Any:
        out = getattr(local.mode.xp, name)(*[getattr(a, "_data", a) for a in args])
        return tuple(map(wrap, out)) if isinstance(out, tuple) else wrap(local.mode.xp.asarray(out))

    return staticmethod(call)


for _spec in SPECS.values():
    if not _spec.is_composite:
        setattr(Recorded, _spec.name, _unrecorded(_spec.name))
recorded, differentiable = Recorded(), Differentiable()
