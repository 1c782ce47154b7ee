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


def models():
    """Modules of PyTorch in evaluation, and an input of each."""
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
    return {
        "mlp": (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Dropout(0.5),
                              nn.Linear(8, 2), nn.LogSoftmax(1)), torch.randn(3, 4)),
        "cnn": (nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.GELU(), nn.MaxPool2d(2),
                              nn.GroupNorm(2, 4), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                              nn.Linear(16, 3)), torch.randn(2, 1, 8, 8)),
        "transformer": (nn.TransformerEncoder(layer, 2), torch.randn(2, 5, 8)),
        "rnn": (nn.ModuleDict({"rnn": nn.LSTM(4, 5, 2, bidirectional=True)})["rnn"],
                torch.randn(3, 2, 4)),
        "weight_norm": (nn.utils.weight_norm(nn.Linear(4, 3)), torch.randn(2, 4)),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:`?torch.nn.utils.weight_norm`? is deprecated")
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer", "rnn", "weight_norm"])
def test_whole_modules_of_pytorch_compute_the_same_here(tmp_path, name, legacy):
    torch.manual_seed(0)
    model, x = models()[name]
    model.eval()
    torch.save(model, tmp_path / "model.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global"):
        tl.load(tmp_path / "model.pt")
    loaded = tl.load(tmp_path / "model.pt", weights_only=False)
    ours, theirs = loaded(tl.tensor(x.numpy())), model(x)
    if name == "rnn":
        ours, theirs = ours[0], theirs[0]
    tl.testing.assert_close(ours.detach(), tl.tensor(theirs.detach().numpy()))
    assert repr(loaded) == repr(model)
    loaded.train()(tl.tensor(x.numpy()))
    assert list(loaded.state_dict()) == list(model.state_dict())


def test_a_training_of_pytorch_goes_on_here(tmp_path):
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)

    def step(lib, model, optimizer, scheduler):
        optimizer.zero_grad()
        (model(lib.ones(3, 2)) ** 2).sum().backward()
        optimizer.step()
        scheduler.step()

    step(torch, model, optimizer, scheduler)
    torch.save((model, optimizer, scheduler), tmp_path / "all.pt")
    ours = tl.load(tmp_path / "all.pt", weights_only=False)
    step(tl, *ours)
    step(torch, model, optimizer, scheduler)
    expected = model.weight[0].tolist()
    assert ours[0].weight[0].tolist() == pytest.approx(expected, rel=1e-6)
    assert ours[2].get_last_lr() == pytest.approx(scheduler.get_last_lr())


def test_what_only_pytorch_has_is_refused(tmp_path):
    torch.save(torch.nn.quantized.FloatFunctional(), tmp_path / "part.pt")
    with pytest.raises(pickle.UnpicklingError, match="FloatFunctional of PyTorch itself"):
        tl.load(tmp_path / "part.pt", weights_only=False)
