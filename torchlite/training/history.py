"""What a training run has reached, epoch by epoch."""

from __future__ import annotations

import csv
import json
from os import PathLike
from typing import Any


class History(dict):
    """Name of a figure -> its values, one an epoch: ``history["val_loss"][-1]``.

    ``loss`` is the mean over the examples of an epoch, ``val_...`` what stands for the validation
    data. `interrupted`: the user stopped the run before its end.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.interrupted = False

    @property
    def epochs(self) -> int:
        """How many epochs are done."""
        return max(map(len, self.values()), default=0)

    def append(self, figures: dict[str, float]) -> None:
        """Add the figures of an epoch; a name that is new has NaN for the epochs before."""
        done = self.epochs
        for name, value in figures.items():
            values = self.setdefault(name, [])
            values += [float("nan")] * (done - len(values)) + [float(value)]

    def best(self, name: str, mode: str = "min") -> int:
        """The number of the epoch, from 0, with the least (or, with "max", greatest) value."""
        return self[name].index({"min": min, "max": max}[mode](self[name]))

    def to_csv(self, path: str | PathLike) -> None:
        """Write a table with a row for each epoch, the first column their numbers from 1."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["epoch", *self])
            for i in range(self.epochs):
                row = (values[i] if i < len(values) else "" for values in self.values())
                table.writerow([i + 1, *row])

    def to_json(self, path: str | PathLike) -> None:
        """Write ``{name: values}``."""
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self, file, indent=1)

    @classmethod
    def from_json(cls, path: str | PathLike) -> History:
        """Read what `to_json` wrote."""
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))
