"""The MNIST data set: its files, its errors, its download."""

import gzip
import hashlib
import math
import struct
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import torchlite as torch
from torchlite.utils.data import DataLoader
from torchlite.vision import transforms
from torchlite.vision.datasets import MNIST

REAL = Path(__file__).parents[2] / "examples" / "data" / "mnist"


def idx(shape):
    """An idx file that counts 0, 1, ..., 250, 0, 1, ..."""
    data = bytes(i % 251 for i in range(math.prod(shape)))
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + data


@pytest.fixture
def files():
    """Contents of the four files of a small data set."""
    return {
        f"{part}-{kind}-ubyte.gz": gzip.compress(idx(shape), mtime=0)
        for part, n in (("train", 6), ("t10k", 3))
        for kind, shape in (("images-idx3", (n, 28, 28)), ("labels-idx1", (n,)))
    }


@pytest.fixture
def root(tmp_path, files):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_the_real_digits():
    test = MNIST(REAL, train=False)
    assert test.data.shape == (10_000, 28, 28) and test.data.dtype is torch.uint8
    assert test.targets.shape == (10_000,) and test.targets.dtype is torch.int64
    assert test.targets[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert test.data.float().mean().item() == pytest.approx(33.791, abs=1e-3)
    assert len(test) == 10_000


def test_samples(root):
    data = MNIST(root)
    image, label = data[2]
    assert image.shape == (28, 28) and image.dtype is torch.uint8
    assert type(label) is int and label == 2 and len(data) == 6
    assert image[0, :3].tolist() == [2 * 784 % 251 + i for i in range(3)]
    data = MNIST(root, False, transforms.ToTensor(), target_transform=lambda y: -y)
    image, label = data[1]
    assert image.shape == (1, 28, 28) and image.dtype is torch.float32 and label == -1
    assert image.max().item() <= 1
    with pytest.raises(IndexError):
        data[3]


def test_batches(root):
    images, labels = next(iter(DataLoader(MNIST(root), batch_size=4)))
    assert images.shape == (4, 28, 28) and labels.tolist() == [0, 1, 2, 3]
    data = MNIST(root, transform=transforms.ToTensor())
    images, _ = next(iter(DataLoader(data, batch_size=4)))
    assert images.shape == (4, 1, 28, 28)


def test_pictures_may_be_written_to(root):
    data = MNIST(root)
    data.data[0] = 9
    assert data[0][0].float().mean().item() == 9


def test_files_may_be_uncompressed_or_where_a_download_puts_them(tmp_path, files):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in files.items():
        (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(data))
    assert len(MNIST(str(tmp_path))) == 6


def test_repr_and_classes(root):
    data = MNIST(root)
    assert repr(data) == (
        f"Dataset MNIST\n    Number of datapoints: 6\n    Root location: {root}\n    Split: Train"
    )
    assert data.class_to_idx["9 - nine"] == 9


def test_missing_files_are_listed(tmp_path):
    with pytest.raises(RuntimeError, match="You can use download=True") as caught:
        MNIST(tmp_path)
    assert str(tmp_path / "train-images-idx3-ubyte.gz") in str(caught.value)


@pytest.mark.parametrize(
    "data, text",
    [
        (b"", "got one of 0 bytes"),
        (b"<html>not found</html>", "starts with 3c 68 74 6d"),
        (gzip.compress(idx((6, 28, 28)))[:-20], "truncated or damaged"),
        (gzip.compress(idx((6, 28, 28)))[:100] + b"x" * 300, "truncated or damaged"),
        (idx((6, 28, 28))[:-5], "expected 4704 bytes of data for shape (6, 28, 28), got 4699"),
        (idx((6, 28, 28)) + b"x", "got 4705"),
        (idx((6,)), "with 3 dimensions"),
        (idx((6, 28, 28))[:10], "got one of 10 bytes"),
        (idx((7, 28, 28)), "6 labels for the 7 images"),
    ],
)
def test_a_file_with_other_contents_is_refused_by_name(root, data, text):
    path = root / "train-images-idx3-ubyte.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError) as caught:
        MNIST(root)
    assert str(path) in str(caught.value) and text in str(caught.value)


# --- download ------------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(tmp_path_factory, files, monkeypatch):
    """A folder, and the address of a server that offers it; MNIST expects these files."""
    folder = tmp_path_factory.mktemp("mirror")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(MNIST, "resources", sums)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(MNIST, "mirrors", [address])
        yield folder, address
        server.shutdown()
        thread.join()


def test_download(tmp_path, mirror, files):
    assert len(MNIST(tmp_path, download=True)) == 6
    raw = tmp_path / "MNIST" / "raw"
    assert {p.name: p.read_bytes() for p in raw.iterdir()} == files


def test_what_is_there_is_not_fetched_again(root, mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [])
    assert len(MNIST(root, download=True)) == 6


def test_the_next_mirror_is_asked(tmp_path, mirror, monkeypatch):
    folder, address = mirror
    monkeypatch.setattr(MNIST, "mirrors", [f"{address}nothing/", folder.as_uri() + "/"])
    assert len(MNIST(tmp_path, download=True)) == 6


@pytest.mark.parametrize("data", [b"", b"<html>sorry</html>"])
def test_a_file_with_another_checksum_is_not_kept(tmp_path, mirror, data):
    folder, address = mirror
    name = "train-labels-idx1-ubyte.gz"
    (folder / name).write_bytes(data)
    with pytest.raises(RuntimeError, match=f"Error downloading {name}") as caught:
        MNIST(tmp_path, download=True)
    assert f"{address}{name}: expected MD5" in str(caught.value)
    assert f"({len(data)} bytes)" in str(caught.value)
    assert [p.name for p in (tmp_path / "MNIST" / "raw").iterdir()] == [
        "train-images-idx3-ubyte.gz"
    ]


def test_a_server_that_cannot_be_reached_is_named(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:1/"])
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:1/train-images"):
        MNIST(tmp_path, download=True)
    assert list((tmp_path / "MNIST" / "raw").iterdir()) == []
