"""Files that PyTorch reads, and PyTorch's files, read here."""

import collections
import io
import pathlib
import pickle

import pytest

import torchlite as tl
import torchlite.serialization

torch = pytest.importorskip("torch")

DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16",
    "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def contents(lib):
    x = lib.arange(6.0).reshape(2, 3)
    state = collections.OrderedDict(weight=x)
    state._metadata = {"": {"version": 1}}
    return {
        "views": [x, x.t(), x[1], lib.ones(1).expand(3)],
        "parameter": lib.nn.Parameter(lib.ones(2)),
        "leaf": lib.ones(2, requires_grad=True),
        "empty": lib.zeros(0, 3),
        "scalar": lib.tensor(3),
        "dtypes": {name: lib.tensor([0, 1, 1], dtype=getattr(lib, name)) for name in DTYPES},
        "plain": [1, -2, 2.5, 10**30, "é", b"b", (1, 2), {3}, None, True, 1 + 2j, bytearray(b"z")],
        "types": [x.shape, lib.device("cpu"), lib.float16],
        "state": state,
        "count": collections.Counter("aab"),
    }


def described(obj):
    """`obj` in terms of both libraries."""
    if hasattr(obj, "requires_grad"):
        text = (type(obj).__name__, str(obj.dtype), tuple(obj.shape), tuple(obj.stride()))
        return (*text, obj.requires_grad, obj.tolist())
    if isinstance(obj, dict):
        return {k: described(v) for k, v in obj.items()}, getattr(obj, "_metadata", None)
    if type(obj) in (list, tuple):
        return [described(v) for v in obj]
    return obj if type(obj).__module__ == "builtins" else repr(obj)


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("writer, reader", [(tl, torch), (torch, tl), (tl, tl)])
def test_contents_come_through(tmp_path, writer, reader, mmap):
    path = tmp_path / "contents.pt"
    writer.save(contents(writer), path)
    loaded = reader.load(path, weights_only=True, mmap=mmap)
    assert described(loaded) == described(contents(reader))
    a, b, row, _ = loaded["views"]
    a[1, 1] = 70
    assert b[1, 1].item() == row[1].item() == 70


@pytest.mark.parametrize("weights_only", [False, True])
@pytest.mark.parametrize("writer, reader", [(tl, torch), (torch, tl), (tl, tl)])
def test_contents_come_through_the_legacy_format(tmp_path, writer, reader, weights_only):
    def legible(lib):  # PyTorch writes, but does not read, what has no typed storage
        obj = contents(lib)
        return {**obj, "dtypes": {k: v for k, v in obj["dtypes"].items() if k[:5] != "uint1"
                                  and k not in ("uint32", "uint64")}}  # fmt: skip

    path = tmp_path / "contents.pt"
    writer.save(legible(writer), path, _use_new_zipfile_serialization=False)
    loaded = reader.load(path, weights_only=weights_only)
    assert described(loaded) == described(legible(reader))
    a, b, row, _ = loaded["views"]
    a[1, 1] = 70
    assert b[1, 1].item() == row[1].item() == 70


@pytest.mark.parametrize("writer, reader", [(tl, torch), (torch, tl), (tl, tl)])
def test_attributes_of_tensors_come_through(writer, reader):
    x, p = writer.ones(2), writer.nn.Parameter(writer.ones(1))
    x.title, p.tags = "x", ["a"]
    file = io.BytesIO()
    writer.save([x, p, x], file)
    file.seek(0)
    y, q, again = reader.load(file)
    assert y.title == "x" and q.tags == ["a"] and again is y
    assert type(y) is reader.Tensor and type(q) is reader.nn.Parameter


#: Files of the wrong kind -> both libraries raise the same class (PyTorch's text, where it helps).
WRONG = {
    "empty": lambda data: b"",
    "a list": lambda data: pickle.dumps([1], protocol=2),
    "half an archive": lambda data: data[: len(data) // 2],
    "half a legacy file": lambda data: legacy_bytes()[:-4],
}


def legacy_bytes():
    file = io.BytesIO()
    torch.save(torch.ones(3), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


@pytest.mark.parametrize("weights_only", [False, True])
@pytest.mark.parametrize("kind", WRONG)
def test_files_of_the_wrong_kind_raise_the_same(tmp_path, kind, weights_only):
    path, errors = tmp_path / "model.pt", []
    tl.save(tl.ones(3), path)
    path.write_bytes(WRONG[kind](path.read_bytes()))
    for lib in (torch, tl):
        with pytest.raises((RuntimeError, EOFError)) as caught:
            lib.load(path, weights_only=weights_only)
        errors.append((caught.type, str(caught.value)[:13]))
    assert errors[0][0] is errors[1][0]
    assert kind == "empty" or errors[0] == errors[1]


def test_unsafe_globals_are_named_alike():
    file = io.BytesIO()
    torch.save([pathlib.PurePosixPath("a"), eval, collections.OrderedDict()], file)
    for lib in (torch, tl):
        file.seek(0)
        names = lib.serialization.get_unsafe_globals_in_checkpoint(file)
        assert sorted(names) == ["builtins.eval", "pathlib.PurePosixPath"]


def test_a_model_of_pytorch_loads_here():
    def make(lib):
        return lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.ReLU(), lib.nn.Linear(4, 2))

    theirs, ours = make(torch), make(tl)
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    file.seek(0)
    ours.load_state_dict(tl.load(file))
    x = [[1.0, -2.0, 3.0]]
    assert ours(tl.tensor(x)).tolist()[0] == pytest.approx(theirs(torch.tensor(x)).tolist()[0])


def test_a_torchscript_archive_is_refused(tmp_path):
    path = tmp_path / "script.pt"
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path)
    with pytest.raises(RuntimeError, match="TorchScript archive"):
        tl.load(path)
