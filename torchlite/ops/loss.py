"""Losses of classification: cross-entropy and its relatives."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, made_by, wrap
from torchlite.backends.registry import local
from torchlite.dtypes import FLOAT
from torchlite.graph import freed
from torchlite.ops.comparison import eq, ne, where
from torchlite.ops.elementwise import add, div, mul, neg
from torchlite.ops.family import functional, not_a_tensor
from torchlite.ops.op import OpNode, Primitive, recorded, run

_REDUCTIONS = ("none", "mean", "sum")


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The losses of all elements as they are ("none"), their "mean" or their "sum".

    Raises: ValueError (as PyTorch) for another `reduction`.
    """
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f"{reduction} is not a valid value for reduction")
