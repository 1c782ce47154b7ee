"""VisionDataset: the base class of image data sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torchlite.utils.data import Dataset


class VisionDataset(Dataset):
    """A data set of images and targets.

    Args:
        root: Folder of its files. Default: none.
        transforms: Applied to an image and its target together; excludes the other two.
        transform: Applied to an image. Default: none.
        target_transform: Applied to a target. Default: none.

    Raises: ValueError for `transforms` along with either of the others.
    """

    def __init__(self, root: str | os.PathLike | None = None, transforms: Callable | None = None,
                 transform: Callable | None = None,
                 target_transform: Callable | None = None) -> None:  # fmt: skip
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as argument"
            )
        self.root = None if root is None else Path(root).expanduser()
        self.transforms = transforms
        self.transform, self.target_transform = transform, target_transform

    def transformed(self, picture: Any, target: Any) -> tuple[Any, Any]:
        """A sample after the transforms."""
        if self.transforms is not None:
            return self.transforms(picture, target)
        if self.transform is not None:
            picture = self.transform(picture)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return picture, target

    def extra_repr(self) -> str:
        """An extra line in the `repr`."""
        return ""

    def __len__(self) -> int:
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            lines.append(f"Root location: {self.root}")
        if self.extra_repr():
            lines.append(self.extra_repr())
        for name in ("transform", "target_transform", "transforms"):
            if getattr(self, name) is not None:
                lines.append(f"{name}: {getattr(self, name)!r}".replace("\n", "\n    "))
        return "\n    ".join(lines)


def split_line(train: bool) -> str:
    """The line of a `repr` that names the split of the data set."""
    return f"Split: {'Train' if train else 'Test'}"


__all__ = ["VisionDataset", "split_line"]
