"""MNIST and the data sets that share its format."""

from __future__ import annotations

import gzip
import math
import os
import string
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import uint8
from torchlite.vision.datasets.download import download
from torchlite.vision.datasets.vision import VisionDataset, split_line

_UNSIGNED_BYTES = 8  # the code of this type in an idx file


class MNIST(VisionDataset):
    """Handwritten digits, 28 x 28 grey levels: 60,000 for training and 10,000 for testing.

    Source: LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/

    Args:
        root: Folder with the four idx files, plain or with ``.gz``, either directly or in its
            subfolder ``MNIST/raw``, where downloads are stored.
        train: Training images, else test images. Default: True.
        transform: Applied to an image, a uint8 tensor (28, 28). Default: none.
        target_transform: Applied to a label, an int. Default: none.
        download: Download the files if they are missing. Default: False.

    ``data`` holds all images, uint8 (N, 28, 28); ``targets`` the labels, int64 (N,).

    Raises: RuntimeError if files are missing or cannot be downloaded; ValueError, naming the
    file, if one is truncated or has other contents.
    """

    root: Path
    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]
    #: Names and MD5 checksums of the files.
    resources: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    classes: list[str] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(self, root: str | os.PathLike, train: bool = True,
                 transform: Callable | None = None, target_transform: Callable | None = None,
                 download: bool = False) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        images = self._find(f"{self._part()}-images-idx3-ubyte")
        labels = self._find(f"{self._part()}-labels-idx1-ubyte")
        self.data = read_idx(images, 3)
        self.targets = read_idx(labels, 1).long()
        if len(self.data) != len(self.targets):
            raise ValueError(
                f"{labels} has {len(self.targets)} labels for the {len(self.data)} images of "
                f"{images}"
            )

    @property
    def raw_folder(self) -> Path:
        """Where downloads are stored."""
        return self.root / type(self).__name__ / "raw"

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class name."""
        return {name: i for i, name in enumerate(self.classes)}

    def _part(self) -> str:
        """The prefix of the file names."""
        return "train" if self.train else "t10k"

    def _candidates(self, name: str) -> list[Path]:
        folders = (self.raw_folder, self.root)
        return [folder / f"{name}{ending}" for folder in folders for ending in ("", ".gz")]

    def _find(self, name: str) -> Path:
        candidates = self._candidates(name)
        for path in candidates:
            if path.is_file():
                return path
        raise RuntimeError(
            "Dataset not found. You can use download=True to download it\n"
            f"Looked for {', '.join(map(str, candidates))}."
        )

    def download(self) -> None:
        """Download missing files.

        Raises: RuntimeError listing each mirror's failure if none has the right file.
        """
        for name, md5 in self.resources.items():
            if not any(path.is_file() for path in self._candidates(name.removesuffix(".gz"))):
                urls = [f"{mirror}{name}" for mirror in self.mirrors]
                download(urls, self.raw_folder / name, md5)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.data[index], int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return split_line(self.train)


class FashionMNIST(MNIST):
    """Clothing, in the format of `MNIST`. Source: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747"""

    mirrors = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ]
    resources = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """Classical Japanese characters, in the format of `MNIST`.

    Source: Clanuwat et al. 2018, https://arxiv.org/abs/1812.01718
    """

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = {
        "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    }
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_CHARACTERS = sorted(string.digits + string.ascii_letters)
_UNMERGED = [c for c in _CHARACTERS if c not in "cijklmopsuvwxyz"]  # look like their capitals


class EMNIST(MNIST):
    """Letters and digits, in the format of `MNIST`; as published, images are transposed.

    Source: Cohen et al. 2017, https://arxiv.org/abs/1702.05373

    Args:
        split: "byclass", "bymerge", "balanced", "letters", "digits" or "mnist".
        kwargs: As in `MNIST`.

    Raises: ValueError for another split; otherwise as `MNIST`.
    """

    mirrors = ["https://biometrics.nist.gov/cs_links/EMNIST/"]
    resources = {"gzip.zip": "58c8d27c78d21e728a6bc7b3cc06412e"}
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": _CHARACTERS, "bymerge": _UNMERGED, "balanced": _UNMERGED,
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits), "mnist": list(string.digits),
    }  # fmt: skip

    def __init__(self, root: str | os.PathLike, split: str, **kwargs: Any) -> None:
        if split not in self.classes_split_dict:
            raise ValueError(
                f"Unknown value '{split}' for argument split. "
                f"Valid values are {{{', '.join(map(repr, self.classes_split_dict))}}}."
            )
        self.split, self.classes = split, self.classes_split_dict[split]
        super().__init__(root, **kwargs)

    def _part(self) -> str:
        return f"emnist-{self.split}-{'train' if self.train else 'test'}"

    def download(self) -> None:
        if any(path.is_file() for path in self._candidates(f"{self._part()}-labels-idx1-ubyte")):
            return
        super().download()
        with zipfile.ZipFile(self.raw_folder / "gzip.zip") as archive:
            for name in archive.namelist():
                if name.endswith("ubyte.gz"):
                    (self.raw_folder / Path(name).name).write_bytes(archive.read(name))


def read_idx(path: Path, ndim: int) -> Tensor:
    """The uint8 tensor of `ndim` dimensions in an idx file, which may be gzip-compressed.

    Raises: ValueError, naming the file, if it contains anything else.
    """
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is truncated or damaged: {error}") from error
    start = 4 + 4 * ndim
    if data[:4] != bytes([0, 0, _UNSIGNED_BYTES, ndim]) or len(data) < start:
        raise ValueError(
            f"{path}: expected an idx file of unsigned bytes with {ndim} dimensions, "
            f"got one of {len(data)} bytes that starts with {data[:4].hex(' ')}"
        )
    shape = struct.unpack(f">{ndim}I", data[4:start])
    if len(data) - start != math.prod(shape):
        raise ValueError(
            f"{path}: expected {math.prod(shape)} bytes of data for shape {shape}, "
            f"got {len(data) - start}"
        )
    return wrap(current().from_buffer(bytearray(memoryview(data)[start:]), uint8, shape))


__all__ = ["EMNIST", "KMNIST", "MNIST", "FashionMNIST"]
