"""Data sets in folders, one per class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchlite.vision.datasets.vision import VisionDataset
from torchlite.vision.transforms.pictures import pillow

IMG_EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
)  # fmt: skip


def default_loader(path: str) -> Any:
    """The file as a Pillow image in RGB. Raises: ImportError without Pillow."""
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")


def find_classes(directory: str | os.PathLike) -> tuple[list[str], dict[str, int]]:
    """The sorted names of the folders in `directory`, and the index of each.

    Raises: FileNotFoundError if there are none.
    """
    classes = sorted(entry.name for entry in Path(directory).iterdir() if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: i for i, name in enumerate(classes)}


class DatasetFolder(VisionDataset):
    """Samples are the files in ``root/class name/``, at any depth; the class is the target.

    Args:
        root: The folder that contains the class folders.
        loader: Loads a sample from the path of a file.
        extensions: Extensions of the files to include; excludes `is_valid_file`.
        transform, target_transform: Applied to a sample and to a target. Default: none.
        is_valid_file: Whether to include the file with this path.
        allow_empty: Accept a class without files. Default: False.

    ``samples`` holds (path, class index); ``classes``, ``class_to_idx``, ``targets`` as named.

    Raises: FileNotFoundError without classes, or for classes without files; ValueError unless
    exactly one of `extensions` and `is_valid_file` is given.
    """

    def __init__(self, root: str | os.PathLike, loader: Callable[[str], Any],
                 extensions: Sequence[str] | None = None, transform: Callable | None = None,
                 target_transform: Callable | None = None,
                 is_valid_file: Callable[[str], bool] | None = None,
                 allow_empty: bool = False) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        if (extensions is None) == (is_valid_file is None):
            raise ValueError(
                "Both extensions and is_valid_file cannot be None or not None at the same time"
            )
        self.loader, self.extensions = loader, extensions
        self.classes, self.class_to_idx = self.find_classes(root)
        self.samples = self._samples(is_valid_file or self._has_extension)
        self.targets = [target for _, target in self.samples]
        empty = set(self.classes) - {self.classes[target] for target in self.targets}
        if empty and not allow_empty:
            endings = "" if extensions is None else f" Supported extensions: {list(extensions)}"
            names = ", ".join(sorted(empty))
            raise FileNotFoundError(f"Found no valid file for the classes {names}.{endings}")

    def find_classes(self, directory: str | os.PathLike) -> tuple[list[str], dict[str, int]]:
        """The class names and their indices; for subclasses to override."""
        return find_classes(directory)

    def _has_extension(self, path: str) -> bool:
        return path.lower().endswith(tuple(self.extensions or ()))

    def _samples(self, is_valid: Callable[[str], bool]) -> list[tuple[str, int]]:
        return [
            (path, number)
            for name, number in sorted(self.class_to_idx.items())
            for folder, _, files in sorted(os.walk(Path(str(self.root), name), followlinks=True))
            for path in (os.path.join(folder, file) for file in sorted(files))
            if is_valid(path)
        ]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self.transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Images in ``root/class name/``, as Pillow images. Arguments: see `DatasetFolder`."""

    def __init__(self, root: str | os.PathLike, transform: Callable | None = None,
                 target_transform: Callable | None = None,
                 loader: Callable[[str], Any] = default_loader,
                 is_valid_file: Callable[[str], bool] | None = None,
                 allow_empty: bool = False) -> None:  # fmt: skip
        super().__init__(root, loader, None if is_valid_file else IMG_EXTENSIONS, transform,
                         target_transform, is_valid_file, allow_empty)  # fmt: skip
        self.imgs = self.samples


__all__ = ["IMG_EXTENSIONS", "DatasetFolder", "ImageFolder", "default_loader"]
