"""Transforms composed of others."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.vision.transforms.transform import chance

Transforms = Sequence[Callable[[Any], Any]]


def _lines(title: str, transforms: Any, *more: str) -> str:
    return "\n".join([f"{title}(", *(f"    {line}" for line in [*more, *transforms]), ")"])


class Compose:
    """Apply `transforms` in sequence."""

    def __init__(self, transforms: Transforms) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _lines("Compose", self.transforms)


class Lambda:
    """Apply `lambd`, any function.

    Raises: TypeError if it cannot be called.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class RandomApply(Compose):
    """Apply all of `transforms` with probability `p`, else none. Default: 0.5."""

    def __init__(self, transforms: Transforms, p: float = 0.5) -> None:
        super().__init__(transforms)
        self.p = p

    def __call__(self, img: Any) -> Any:
        return super().__call__(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return _lines("RandomApply", self.transforms, f"p={self.p}")


class RandomOrder(Compose):
    """Apply `transforms` in an order drawn with Python's `random`, as torchvision does."""

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img

    def __repr__(self) -> str:
        return _lines("RandomOrder", self.transforms)


class RandomChoice(Compose):
    """Apply one of `transforms`, drawn with weights `p` and Python's `random`, as torchvision."""

    def __init__(self, transforms: Transforms, p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        self.p = p

    def __call__(self, img: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](img)

    def __repr__(self) -> str:
        return f"{_lines('RandomChoice', self.transforms)}(p={self.p})"


__all__ = ["Compose", "Lambda", "RandomApply", "RandomChoice", "RandomOrder"]
