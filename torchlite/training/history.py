"""The metrics of a training run, epoch by epoch."""

from __future__ import annotations

import csv
import json
from os import PathLike
from typing import Any


class History(dict):
    """Name of a metric -> its values, one per epoch: ``history["val_loss"][-1]``.

    ``loss`` is the mean over the examples of an epoch, ``val_...`` the metric on the validation
    data. `interrupted`: whether the user stopped the run early.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.interrupted = False

    @property
    def epochs(self) -> int:
        """Number of completed epochs."""
        return max(map(len, self.values()), default=0)

    def append(self, figures: dict[str, float]) -> None:
        """Add the metrics of an epoch; a new name gets NaN for earlier epochs."""
        done = self.epochs
        for name, value in figures.items():
            values = self.setdefault(name, [])
            values += [float("nan")] * (done - len(values)) + [float(value)]

    def best(self, name: str, mode: str = "min") -> int:
        """The number of the epoch, from 0, with the smallest (or, with "max", largest) value."""
        return self[name].index({"min": min, "max": max}[mode](self[name]))

    def to_csv(self, path: str | PathLike) -> None:
        """Write a table with a row per epoch; the first column numbers them from 1."""
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
