"""Files of the package safetensors."""

import io
import os
import sys

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.serialization import safetensors


def test_without_the_package_the_error_tells_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    path = tmp_path / "x.safetensors"
    with pytest.raises(ImportError, match=r"pip install 'torchlite\[safetensors\]'"):
        safetensors.save_file({}, path)
    path.write_bytes(b"")
    for load in (safetensors.load_file, torch.load):
        with pytest.raises(ImportError, match=r"pip install 'torchlite\[safetensors\]'"):
            load(path)


@pytest.fixture
def package():
    return pytest.importorskip("safetensors.numpy")


DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32,
    torch.int64, torch.uint64, torch.float16, torch.float32, torch.float64, torch.complex64,
]  # fmt: skip


def check_round_trip(tensors, tmp_path):
    path = tmp_path / "x.safetensors"
    safetensors.save_file(tensors, path, {"format": "pt"})
    data = safetensors.save(tensors)
    for loaded in (safetensors.load_file(path), safetensors.load(data), torch.load(path)):
        assert loaded.keys() == tensors.keys()
        for name, x in tensors.items():
            assert loaded[name].dtype is x.dtype and loaded[name].tolist() == x.tolist()
            assert loaded[name].shape == x.shape
    assert os.listdir(tmp_path) == ["x.safetensors"]


def test_tensors_come_back(package, tmp_path):
    tensors = {str(kind): torch.tensor([[0, 1, 1], [1, 0, 1]], dtype=kind) for kind in DTYPES}
    tensors |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3)}
    check_round_trip(tensors, tmp_path)


def test_bfloat16_comes_back(package, tmp_path):
    pytest.importorskip("ml_dtypes")
    check_round_trip({"x": torch.tensor([1.5, -2.0], dtype=torch.bfloat16)}, tmp_path)


def test_a_state_dict_and_changes_after_loading(package):
    model, other = nn.Linear(2, 3), nn.Linear(2, 3)
    state = safetensors.load(safetensors.save(model.state_dict()))
    other.load_state_dict(state)
    assert other.weight.tolist() == model.weight.tolist()
    state["weight"].zero_()
    assert state["weight"].sum().item() == 0


def test_what_cannot_be_saved(package, tmp_path):
    x, path = torch.arange(6.0).reshape(2, 3), tmp_path / "x.safetensors"
    safetensors.save_file({"x": x}, path)
    before = path.read_bytes()
    for tensors, kind, message in (
        ({"x": x.t()}, ValueError, "non contiguous tensor: `x`"),
        ({"x": x, "y": x[1]}, RuntimeError, "Some tensors share memory.*'x' and 'y'"),
        ({"x": 3}, ValueError, "Key `x` is invalid, expected Tensor but got <class 'int'>"),
    ):
        with pytest.raises(kind, match=message):
            safetensors.save_file(tensors, path)
    assert path.read_bytes() == before
    safetensors.save({"a": x[0], "b": x[1]})  # side by side


def test_what_cannot_be_loaded(package, tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(FileNotFoundError):
        safetensors.load_file(path)
    safetensors.save_file({"x": torch.ones(2)}, path)
    for where in ({"cpu": "cpu"}, lambda storage, location: storage):
        with pytest.raises(RuntimeError, match=r"with \w+ map_location is not supported"):
            torch.load(path, where)
    with pytest.raises(RuntimeError, match="object on a CUDA device"):
        torch.load(path, "cuda")
    path.write_bytes(safetensors.save({"x": torch.ones(2)}).replace(b'"F32"', b'"F8_E"'))
    with pytest.raises(Exception, match="deserializing"):
        safetensors.load_file(path)
    with pytest.raises(Exception, match="deserializing"):
        safetensors.load(io.BytesIO(b"short").getvalue())


def test_files_of_pytorch(package, tmp_path):
    theirs = pytest.importorskip("torch")
    foreign = pytest.importorskip("safetensors.torch")
    path = tmp_path / "x.safetensors"
    safetensors.save_file({"x": torch.arange(3)}, path)
    assert foreign.load_file(path)["x"].tolist() == [0, 1, 2]
    foreign.save_file({"x": theirs.arange(4.0).half()}, path)
    x = safetensors.load_file(path)["x"]
    assert x.dtype is torch.float16 and x.tolist() == [0, 1, 2, 3]
