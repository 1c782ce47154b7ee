"""Transform: the base class of transforms with settings; and helpers to draw random numbers.

They use torchlite's generator in torchvision's order, so a seed gives the same images.
"""

from __future__ import annotations

import enum
from typing import Any

from torchlite.nn import Module
from torchlite.ops.creation.factories import empty
from torchlite.ops.creation.random import rand, randint


class Transform(Module):
    """A transform whose `repr` shows the attributes named in ``shown``."""

    shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={_text(getattr(self, name))}" for name in self.shown)
        return f"{type(self).__name__}({settings})"


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, enum.Enum) else value)


def chance(p: float) -> bool:
    """True with probability `p`."""
    return bool(rand(1) < p)


def between(low: float, high: float) -> float:
    """A number in [low, high)."""
    return empty(1).uniform_(float(low), float(high)).item()


def whole(high: int) -> int:
    """An integer in [0, high)."""
    return int(randint(0, high, size=(1,)))


def interval(value: Any, name: str) -> list[float]:
    """(-value, value) for a number; a pair unchanged.

    Raises: ValueError if a single number is negative; TypeError if it is not one or two numbers.
    """
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} should be a number or a sequence of length 2.")
    return [float(d) for d in value]
