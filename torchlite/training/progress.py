"""Progress of training: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

try:
    from tqdm import tqdm
except ImportError:  # the bar is optional: `pip install 'torchlite[progress]'`
    tqdm = None


def bar(batches: Iterable, text: str, shown: bool) -> Any:
    """`batches`, with a bar if `shown`, tqdm is installed and the output is a terminal."""
    if not shown or tqdm is None or not sys.stderr.isatty():
        return _Plain(batches)
    return tqdm(batches, text, leave=False)


class _Plain:
    """Batches without a bar."""

    def __init__(self, batches: Iterable) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator:
        return iter(self._batches)

    def set_postfix(self, **figures: Any) -> None:
        """Shown by a bar only."""


def line(epoch: int, epochs: int, figures: dict[str, float]) -> str:
    """``epoch 3/10  loss 0.1234  accuracy 0.9700``."""
    return f"epoch {epoch}/{epochs}  " + "  ".join(f"{k} {v:.4g}" for k, v in figures.items())
