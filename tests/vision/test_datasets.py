"""Data sets of pictures other than MNIST."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import torchlite as torch
from torchlite.vision import datasets, transforms
from torchlite.vision.datasets import (
    CIFAR10,
    CIFAR100,
    EMNIST,
    KMNIST,
    DatasetFolder,
    FakeData,
    FashionMNIST,
    ImageFolder,
)


def md5(data):
    return hashlib.md5(data).hexdigest()


def idx(count, *shape):
    data = bytes(i % 251 for i in range(count * int(np.prod(shape, dtype=int))))
    return struct.pack(f">HBB{1 + len(shape)}I", 0, 8, 1 + len(shape), count, *shape) + data


@pytest.mark.parametrize("kind", [FashionMNIST, KMNIST])
def test_data_sets_in_the_format_of_mnist_have_a_folder_of_their_own(kind, tmp_path):
    raw = tmp_path / kind.__name__ / "raw"
    raw.mkdir(parents=True)
    (raw / "t10k-images-idx3-ubyte").write_bytes(idx(4, 28, 28))
    (raw / "t10k-labels-idx1-ubyte").write_bytes(idx(4))
    data = kind(tmp_path, train=False)
    assert len(data) == 4 and data[3][1] == 3 and len(data.classes) == 10


def test_emnist_downloads_an_archive_and_knows_the_classes_of_its_splits(tmp_path, monkeypatch):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for kind, content in (("images-idx3", idx(5, 28, 28)), ("labels-idx1", idx(5))):
            file.writestr(f"gzip/emnist-letters-test-{kind}-ubyte.gz", gzip.compress(content))
    (tmp_path / "gzip.zip").write_bytes(archive.getvalue())
    monkeypatch.setattr(EMNIST, "mirrors", [tmp_path.as_uri() + "/"])
    monkeypatch.setattr(EMNIST, "resources", {"gzip.zip": md5(archive.getvalue())})
    data = EMNIST(tmp_path / "data", "letters", train=False, download=True)
    assert len(data) == 5 and data.classes[:3] == ["N/A", "a", "b"]
    lengths = [len(names) for names in EMNIST.classes_split_dict.values()]
    assert lengths == [62, 47, 47, 27, 10, 10]
    with pytest.raises(ValueError, match="Unknown value 'words' for argument split"):
        EMNIST(tmp_path, "words")


def batch(name, count, labels):
    pictures = np.arange(count * 3072, dtype=np.int64).reshape(count, 3072) % 256
    return pickle.dumps({"data": pictures.astype(np.uint8), labels: [*range(count)]}, protocol=2)


@pytest.fixture(params=[CIFAR10, CIFAR100])
def cifar(request, monkeypatch, tmp_path):
    """The class, and a folder with the archive of a small data set."""
    kind = request.param
    names = kind._label_names
    contents = {
        "train_list": {"a": batch("a", 3, kind._labels), "b": batch("b", 2, kind._labels)},
        "test_list": {"c": batch("c", 2, kind._labels)},
        "meta": {"m": pickle.dumps({names: ["cat", "dog", "ship"]}, protocol=2)},
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        for field, files in contents.items():
            monkeypatch.setattr(kind, field, {name: md5(data) for name, data in files.items()})
            for name, data in files.items():
                info = tarfile.TarInfo(f"{kind.base_folder}/{name}")
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x.tar.gz").write_bytes(archive.getvalue())
    monkeypatch.setattr(kind, "archive", ("x.tar.gz", md5(archive.getvalue())))
    monkeypatch.setattr(kind, "mirrors", [mirror.as_uri() + "/"])
    return kind, tmp_path / "data"


def test_cifar(cifar):
    kind, root = cifar
    data = kind(root, download=True)
    assert len(data) == 5 and data.targets == [0, 1, 2, 0, 1] and data.classes[2] == "ship"
    assert type(data.data) is np.ndarray and data.data.shape == (5, 32, 32, 3)
    picture, target = data[1]
    assert picture.dtype is torch.uint8 and picture.shape == (3, 32, 32) and target == 1
    assert picture[2, 0, :3].tolist() == [(3072 + 2048 + i) % 256 for i in range(3)]
    assert len(kind(root, train=False)) == 2
    image, _ = kind(root, transform=transforms.ToTensor())[1]
    assert torch.equal(image, picture / 255)


def test_cifar_reads_no_file_with_another_checksum(cifar):
    kind, root = cifar
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted") as caught:
        kind(root)
    assert "is missing" in str(caught.value)
    kind(root, download=True)
    (root / kind.base_folder / "b").write_bytes(b"something else")
    with pytest.raises(RuntimeError, match="does not have the MD5"):
        kind(root)


def test_fake_data_is_torchvision_s_and_leaves_the_random_numbers_alone():
    data = FakeData(5, (3, 4, 6), num_classes=7)
    state = torch.get_rng_state()
    picture, target = data[2]
    assert torch.equal(torch.get_rng_state(), state)
    assert picture.shape == (3, 4, 6) and picture.dtype is torch.uint8
    assert picture[0, 0].tolist() == [247, 233, 180, 230, 202, 41] and target == 6
    assert torch.equal(data[2][0], picture) and len(data) == 5
    with pytest.raises(IndexError, match="FakeData index out of range"):
        data[5]


@pytest.fixture
def folder(tmp_path):
    """Two classes with text files, one of them deeper."""
    for name in ("dogs/b.txt", "cats/x/a.txt", "cats/c.TXT", "cats/notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_dataset_folder(folder):
    data = DatasetFolder(folder, lambda path: Path(path).read_text(), extensions=(".txt",),
                         transform=str.upper, target_transform=lambda y: -y)  # fmt: skip
    assert data.classes == ["cats", "dogs"] and data.class_to_idx == {"cats": 0, "dogs": 1}
    assert [data[i] for i in range(len(data))] == [
        ("CATS/C.TXT", 0), ("CATS/X/A.TXT", 0), ("DOGS/B.TXT", -1),
    ]  # fmt: skip
    assert data.targets == [0, 0, 1]
    assert repr(data).startswith("Dataset DatasetFolder\n    Number of datapoints: 3\n    Root")
    all_files = DatasetFolder(folder, open, is_valid_file=lambda path: True)
    assert len(all_files) == 4


def test_dataset_folder_refuses(folder):
    with pytest.raises(FileNotFoundError, match="no valid file for the classes dogs"):
        DatasetFolder(folder, open, extensions=(".md",))
    assert len(DatasetFolder(folder, open, extensions=(".md",), allow_empty=True)) == 1
    with pytest.raises(ValueError, match="cannot be None or not None at the same time"):
        DatasetFolder(folder, open)
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        ImageFolder(folder / "dogs")


def test_image_folder(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for number, name in enumerate(("red", "blue")):
        (tmp_path / name).mkdir()
        image.new("RGB", (6, 4), (255 * (1 - number), 0, 255 * number)).save(
            tmp_path / name / "0.png"
        )
    data = ImageFolder(tmp_path, transforms.Compose([transforms.Resize(2), transforms.ToTensor()]))
    blue, red = data[0], data[1]
    assert data.classes == ["blue", "red"] and blue[1] == 0 and red[0].shape == (3, 2, 3)
    assert red[0][:, 0, 0].tolist() == [1, 0, 0] and blue[0][:, 0, 0].tolist() == [0, 0, 1]
    assert data.imgs[0][0].endswith("0.png")


def test_transforms_of_pictures_and_targets_together_exclude_the_others():
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        datasets.VisionDataset("x", transforms=lambda x, y: (x, y), transform=abs)
