"""CIFAR-10 and CIFAR-100: small colour images of objects."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import as_tensor
from torchlite.ops.shape.joining import cat
from torchlite.vision.datasets.download import download
from torchlite.vision.datasets.vision import VisionDataset, split_line


class CIFAR10(VisionDataset):
    """32 x 32 colour images in 10 classes: 50,000 for training, 10,000 for testing.

    Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html

    Args:
        root: Folder that contains ``cifar-10-batches-py``, where downloads are stored.
        train: Training images, else test images. Default: True.
        transform: Applied to an image, a uint8 tensor (3, 32, 32). Default: none.
        target_transform: Applied to a label, an int. Default: none.
        download: Download the files if they are missing. Default: False.

    ``data`` holds all images, a uint8 array (N, 32, 32, 3); ``targets`` the labels, a list.

    Raises: RuntimeError if files are missing, have other contents, or cannot be downloaded.
    """

    root: Path
    base_folder = "cifar-10-batches-py"
    mirrors: ClassVar[list[str]] = ["https://www.cs.toronto.edu/~kriz/"]
    #: The archive and its contents, with MD5 checksums: only matching pickles are read.
    archive = ("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a")
    train_list: ClassVar[dict[str, str]] = {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    }
    test_list: ClassVar[dict[str, str]] = {"test_batch": "40351d587109b95175f43aff81a1287e"}
    meta: ClassVar[dict[str, str]] = {"batches.meta": "5ff9c542aee3614f3951f8cda6e48888"}
    _label_names, _labels = "label_names", "labels"

    def __init__(self, root: str | os.PathLike, train: bool = True,
                 transform: Callable | None = None, target_transform: Callable | None = None,
                 download: bool = False) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        files = self.train_list if train else self.test_list
        batches = [self._read(name, md5) for name, md5 in files.items()]
        pictures = cat([as_tensor(batch["data"]) for batch in batches]).reshape(-1, 3, 32, 32)
        self.data: Any = pictures.permute(0, 2, 3, 1).contiguous().numpy()
        self.targets: list[int] = [label for batch in batches for label in batch[self._labels]]
        [(name, md5)] = self.meta.items()
        self.classes: list[str] = self._read(name, md5)[self._label_names]
        self.class_to_idx = {kind: i for i, kind in enumerate(self.classes)}

    @property
    def _folder(self) -> Path:
        return self.root / self.base_folder

    def _read(self, name: str, md5: str) -> dict[str, Any]:
        path = self._folder / name
        data = path.read_bytes() if path.is_file() else None
        if data is None or hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it\n"
                f"{path} {'is missing' if data is None else f'does not have the MD5 {md5}'}."
            )
        return pickle.loads(data, encoding="latin1")

    def download(self) -> None:
        """Download missing files. Raises: RuntimeError if no mirror has them."""
        names = {*self.train_list, *self.test_list, *self.meta}
        if all((self._folder / name).is_file() for name in names):
            return
        name, md5 = self.archive
        download([f"{mirror}{name}" for mirror in self.mirrors], self.root / name, md5)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(self.root / name) as archive:
            for name in names:
                file: Any = archive.extractfile(f"{self.base_folder}/{name}")
                (self._folder / name).write_bytes(file.read())

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        picture: Tensor = as_tensor(self.data[index]).permute(2, 0, 1)
        return self.transformed(picture, self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return split_line(self.train)


class CIFAR100(CIFAR10):
    """Like `CIFAR10`, with 100 classes, in ``cifar-100-python``."""

    base_folder = "cifar-100-python"
    archive = ("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")
    train_list = {"train": "16019d7e3df5f24257cddd939b257f8d"}
    test_list = {"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"}
    meta = {"meta": "7973b15100ade9c7d40fb424638fde48"}
    _label_names, _labels = "fine_label_names", "fine_labels"


__all__ = ["CIFAR10", "CIFAR100"]
