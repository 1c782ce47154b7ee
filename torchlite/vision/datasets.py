"""Data sets of pictures, read from their original files."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

from torchlite._tensor import Tensor, wrap
from torchlite.backends.registry import current
from torchlite.dtypes import uint8
from torchlite.utils.data import Dataset

_UNSIGNED_BYTES = 8  # the code of this type in an idx file
_CHUNK = 1 << 16


class MNIST(Dataset):
    """Handwritten digits, 28 x 28 grey levels: 60,000 to train on and 10,000 to test on.

    Source: LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/

    Args:
        root: Folder of the four idx files, as they are or with ``.gz``; or they are in its
            ``MNIST/raw``, which is where a download puts them.
        train: The pictures to train on, else those to test on. Default: True.
        transform: Applied to a picture, a uint8 tensor (28, 28). Default: none.
        target_transform: Applied to a label, an int. Default: none.
        download: Fetch the files if they are not there. Default: False.

    ``data`` holds all pictures, uint8 (N, 28, 28); ``targets`` the labels, int64 (N,).

    Raises: RuntimeError if files are missing or cannot be fetched; ValueError, with its name, for
    one that is truncated or has other contents.
    """

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
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        self.root, self.train = Path(root).expanduser(), train
        self.transform, self.target_transform = transform, target_transform
        if download:
            self.download()
        part = "train" if train else "t10k"
        images = self._find(f"{part}-images-idx3-ubyte")
        labels = self._find(f"{part}-labels-idx1-ubyte")
        self.data = read_idx(images, 3)
        self.targets = read_idx(labels, 1).long()
        if len(self.data) != len(self.targets):
            raise ValueError(
                f"{labels} has {len(self.targets)} labels for the {len(self.data)} images of "
                f"{images}"
            )

    @property
    def raw_folder(self) -> Path:
        """Where a download puts the files."""
        return self.root / "MNIST" / "raw"

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: i for i, name in enumerate(self.classes)}

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
        """Fetch the files that are missing.

        Raises: RuntimeError that says what each mirror did, if none has the right file.
        """
        self.raw_folder.mkdir(parents=True, exist_ok=True)
        for name, md5 in self.resources.items():
            if not any(path.is_file() for path in self._candidates(name.removesuffix(".gz"))):
                self._download(name, md5)

    def _download(self, name: str, md5: str) -> None:
        failures = []
        for mirror in self.mirrors:
            try:
                fetch(f"{mirror}{name}", self.raw_folder / name, md5)
                return
            except (OSError, ValueError) as error:  # the next one may have it
                failures.append(f"{mirror}{name}: {error}")
        raise RuntimeError("\n".join([f"Error downloading {name}", *failures]))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.data[index], int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return "\n    ".join([
            f"Dataset {type(self).__name__}",
            f"Number of datapoints: {len(self)}",
            f"Root location: {self.root}",
            f"Split: {'Train' if self.train else 'Test'}",
        ])  # fmt: skip


def read_idx(path: Path, ndim: int) -> Tensor:
    """The uint8 tensor of `ndim` dimensions in an idx file, which may be compressed with gzip.

    Raises: ValueError, with the name of the file, if it holds anything else.
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


def fetch(url: str, target: Path, md5: str) -> None:
    """Download `url` to `target`, which appears only when it is complete and right.

    Raises: OSError if that fails; ValueError if the checksum is another.
    """
    import urllib.request  # slow to import, and seldom needed

    draft = target.with_name(f"{target.name}.{os.urandom(4).hex()}.tmp")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(url, timeout=60) as source, open(draft, "wb") as file:
            for chunk in _chunks(source, target.name):
                file.write(chunk)
                digest.update(chunk)
        if digest.hexdigest() != md5:
            raise ValueError(
                f"expected MD5 {md5}, got {digest.hexdigest()} ({draft.stat().st_size} bytes)"
            )
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _chunks(source: Any, name: str) -> Iterator[bytes]:
    """The contents of an open URL; a progress bar counts them if tqdm is installed."""
    size = source.headers.get("Content-Length")
    with _bar(name, int(size) if size else None) as bar:
        while chunk := source.read(_CHUNK):
            yield chunk
            if bar is not None:
                bar.update(len(chunk))


def _bar(name: str, total: int | None) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:  # the bar is a luxury: `pip install 'torchlite[progress]'`
        return nullcontext()
    return tqdm(desc=name, total=total, unit="B", unit_scale=True, disable=None)


__all__ = ["MNIST"]
