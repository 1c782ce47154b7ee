"""save and load: what comes back, what is refused, and what a failure leaves."""

import collections
import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from torchlite import nn
from torchlite.serialization import load, save


def through_a_file(obj, **options):
    file = io.BytesIO()
    save(obj, file)
    file.seek(0)
    return load(file, **options)


DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16,
    torch.uint32, torch.uint64, torch.float16, torch.float32, torch.float64, torch.complex64,
    torch.complex128,
]  # fmt: skip


# --- what comes back -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("weights_only", [True, False])
def test_tensors_of_all_dtypes(dtype, weights_only):
    x = torch.tensor([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    y = through_a_file(x, weights_only=weights_only)
    assert y.dtype is dtype and y.tolist() == x.tolist()


def test_plain_data():
    obj = {
        "numbers": [0, -3, 255, 65536, 10**12, -(10**30), 2.5, 1 + 2j, True, None],
        "text": ("é", b"\x00\xff", bytearray(b"z")),
        "containers": [{1, 2}, (), (1,), (1, 2, 3, 4), {}, [], collections.Counter("aab")],
        "types": [torch.float32, torch.device("cpu"), torch.zeros(2, 3).shape],
        7: collections.OrderedDict(a=1),
    }
    for weights_only in (True, False):
        result = through_a_file(obj, weights_only=weights_only)
        assert result == obj
        assert result["types"][0] is torch.float32
        assert type(result["types"][2]) is torch.Size
        assert type(result[7]) is collections.OrderedDict


def test_an_object_that_stands_in_several_places_stays_one():
    x, names = torch.ones(2), ["a"]
    result = through_a_file({"x": x, "again": x, "names": names, "same": names})
    assert result["x"] is result["again"] and result["names"] is result["same"]


def test_views_share_memory_again():
    x = torch.arange(12.0).reshape(3, 4)
    a, b, row, column = through_a_file([x, x.t(), x[1], x[:, 2]])
    a[1, 2] = 70
    assert b[2, 1].item() == row[2].item() == column[1].item() == 70


def test_only_the_part_that_is_used_is_written():
    file = io.BytesIO()
    save(torch.zeros(100_000)[10:20], file)
    assert len(file.getvalue()) < 5000


def test_strided_scalar_and_empty_tensors():
    tensors = [torch.tensor(3), torch.zeros(0, 3), torch.ones(1).expand(4), torch.arange(9)[1::3]]
    for x, y in zip(tensors, through_a_file(tensors)):
        assert y.shape == x.shape and y.tolist() == x.tolist()


def test_requires_grad_and_parameters_are_kept():
    leaf = torch.ones(2, requires_grad=True)
    frozen = nn.Parameter(torch.zeros(2), requires_grad=False)
    x, p, made = through_a_file([leaf, frozen, leaf * 3])
    assert x.requires_grad and type(p) is nn.Parameter and not p.requires_grad
    assert made.tolist() == [3, 3] and made.requires_grad and made.is_leaf


def test_a_checkpoint_of_model_and_optimizer(tmp_path):
    def make():
        model = nn.Linear(3, 2)
        return model, torch.optim.Adam(model.parameters())

    model, optimizer = make()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    path = tmp_path / "checkpoint.pt"
    save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    other, other_optimizer = make()
    saved = load(path)
    assert saved["model"]._metadata == model.state_dict()._metadata
    other.load_state_dict(saved["model"])
    other_optimizer.load_state_dict(saved["optimizer"])
    for m, o in ((model, optimizer), (other, other_optimizer)):
        o.zero_grad()
        m(torch.ones(1, 3)).sum().backward()
        o.step()
    assert model.weight.tolist() == other.weight.tolist()


def test_equal_objects_give_equal_files():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        save({"x": torch.arange(5), "n": 3}, file)
    assert files[0].getvalue() == files[1].getvalue()


def test_a_mapped_file(tmp_path):
    path = tmp_path / "x.pt"
    save([torch.arange(5), torch.ones(3)], path)
    before = path.read_bytes()
    x, y = load(path, mmap=True)
    x[0] = 77
    assert x.tolist() == [77, 1, 2, 3, 4] and y.tolist() == [1, 1, 1]
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap"):
        load(io.BytesIO(before), mmap=True)


def test_memory_in_the_file_is_aligned():
    file = io.BytesIO()
    save([torch.full((3,), 1.5, dtype=torch.float64), torch.full((1,), 2.5)], file)
    data = file.getvalue()
    assert data.index(torch.full((3,), 1.5, dtype=torch.float64).numpy().tobytes()) % 64 == 0
    assert data.index(torch.full((1,), 2.5).numpy().tobytes()) % 64 == 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
        | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=20,
    )
)  # fmt: skip
def test_any_plain_data_comes_back(obj):
    assert through_a_file(obj) == through_a_file(obj, weights_only=False) == obj


def test_files_of_own_classes_need_trust():
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL pathlib\.\S+ was not an allowed"):
        through_a_file(Path("x"))
    assert through_a_file(Path("x"), weights_only=False) == Path("x")


# --- what is refused -----------------------------------------------------------------------------


class Attack:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "function, args", [(os.system, ("exit 1",)), (eval, ("1",)), (getattr, ("", "upper"))]
)
def test_a_file_that_calls_functions_is_refused_by_name(tmp_path, function, args):
    path = tmp_path / "attack.pt"
    save({"weights": Attack(function, *args)}, path)
    name = rf"GLOBAL (posix\.)?{function.__name__} (was not an allowed global|whose module)"
    with pytest.raises(pickle.UnpicklingError, match=name) as caught:
        load(path)
    assert str(path) in str(caught.value)


def archive(pickled, **records):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("a/data.pkl", pickled)
        for name, data in records.items():
            out.writestr(f"a/data/{name}", data)
    file.seek(0)
    return file


def text(value):
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def tensor_pickle(numel, offset, size, stride):
    """The pickle of a 1-d tensor that lies as told in storage 0."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")
    storage += b"K%ctQ" % numel
    place = b"K%cK%c\x85K%c\x85" % (offset, size, stride)
    head = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n("
    return head + storage + place + b"\x89ccollections\nOrderedDict\n)RtR."


def test_a_tensor_inside_its_storage_is_accepted():
    x = load(archive(tensor_pickle(4, 1, 2, 2), **{"0": torch.arange(4.0).numpy().tobytes()}))
    assert x.tolist() == [1, 3]


REFUSED = {
    "a tensor beyond its storage": tensor_pickle(4, 2, 3, 1),
    "a storage longer than its record": tensor_pickle(5, 0, 3, 1),
    "an operation that is not needed": b"\x80\x02(ios\nsystem\n.",
    "an extension code": b"\x80\x02\x82\x01.",
    "a newer protocol": pickle.dumps([1], protocol=4),
    "calling a dtype": b"\x80\x02ctorch\nfloat32\n)R.",
    "calling a class": b"\x80\x02ctorch\nTensor\n)R.",
    "making an object": b"\x80\x02ctorch\nTensor\n)\x81.",
    "changing a class": b"\x80\x02ctorch\nTensor\n}X\x05\x00\x00\x00shapeK\x01sb.",
    "hiding a method": b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00itemsK\x01sb.",
    "a bytearray of a length": b"\x80\x02c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
    "a codec": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
    "a persistent id of another kind": b"\x80\x02X\x01\x00\x00\x00aQ.",
    "appending to a tuple": b"\x80\x02)K\x01a.",
    "setting an item of a list": b"\x80\x02]K\x01K\x02s.",
    "an empty stack": b"\x80\x02.",
    "a mark that was not set": b"\x80\x02t.",
    "an unknown memo": b"\x80\x02h\x07.",
    "no end": b"\x80\x02K\x01",
    "nothing": b"",
    "text cut short": b"\x80\x02X\xff\xff\xff\x7fabc",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_pickle_is_refused(name):
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load(archive(REFUSED[name], **{"0": b"\0" * 16}))


@given(st.data())
def test_a_damaged_file_loads_as_it_was_or_raises(data):
    file = io.BytesIO()
    save({"x": torch.arange(3.0), "n": [1, "a"]}, file)
    damaged = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        result = load(io.BytesIO(damaged[: data.draw(st.integers(0, len(damaged)))]))
    except (RuntimeError, EOFError, pickle.UnpicklingError, NotImplementedError):
        return
    assert result["x"].tolist() == [0, 1, 2] and result["n"] == [1, "a"]


@pytest.mark.parametrize(
    "change, kind, text",
    [
        (lambda data: b"", EOFError, "is empty"),
        (lambda data: b"version 1", pickle.UnpicklingError, "invalid load key, 'v'"),
        (lambda data: b"GIF89a...", pickle.UnpicklingError, "not a PyTorch file: .* b'GIF8'"),
        (lambda data: data[:200], RuntimeError, "truncated or damaged"),
        (lambda data: data[:-40], RuntimeError, "truncated or damaged"),
        (lambda data: data.replace(b"\0\0\x80?", b"\0\0\x80@"), RuntimeError, "damaged"),
        (lambda data: archive(b"").getvalue().replace(b"data.pkl", b"code.pyx"), RuntimeError,
         "not written by torch.save"),
    ],
)  # fmt: skip
def test_other_files_are_refused_by_name(tmp_path, change, kind, text):
    path = tmp_path / "model.pt"
    save(torch.ones(3), path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(kind, match=text) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_missing_record_is_named():
    with pytest.raises(RuntimeError, match="lacks the record 'data/0'"):
        load(archive(tensor_pickle(4, 0, 3, 1)))


def test_wrong_arguments(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.pt")
    with pytest.raises(AttributeError, match="has no attribute 'seek'"):
        load(3)
    with pytest.raises(AttributeError, match="file-like object with a 'write' attribute"):
        save(1, 3)
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        save(1, tmp_path / "no" / "x.pt")
    with pytest.raises(RuntimeError, match="different types"):
        x = torch.ones(2)
        save([x, x.view(torch.int32)], io.BytesIO())


def test_tensors_of_another_device_need_a_map_location():
    data = io.BytesIO()
    save(torch.ones(3), data)
    with zipfile.ZipFile(data) as source:
        pickled = source.read("archive/data.pkl")
    pickled = pickled.replace(b"\x03\x00\x00\x00cpu", b"\x06\x00\x00\x00cuda:0")
    elsewhere = archive(pickled, **{"0": torch.ones(3).numpy().tobytes()}).getvalue()
    for where in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert load(io.BytesIO(elsewhere), map_location=where).tolist() == [1, 1, 1]
    for where in (None, {"cuda:1": "cpu"}):
        with pytest.raises(
            RuntimeError, match=r"object on a CUDA device but torch.cuda.is_available\(\) is False"
        ):
            load(io.BytesIO(elsewhere), map_location=where)
    with pytest.raises(RuntimeError, match="object on a CUDA device"):
        load(io.BytesIO(elsewhere), map_location="cuda")
    with pytest.raises(RuntimeError, match=r"don't know how to restore .* \(tagged with abc\)"):
        load(io.BytesIO(elsewhere), map_location={"cuda:0": "abc"})
    with pytest.raises(TypeError, match="map_location should return a storage or None"):
        load(io.BytesIO(elsewhere), map_location=lambda storage, location: 3)


# --- what a failure leaves -----------------------------------------------------------------------


class Unwilling:
    def __reduce__(self):
        raise ValueError("no")


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save(torch.ones(3), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no"):
        save([torch.zeros(3), Unwilling()], path)
    monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(torch.zeros(3), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.pt"]


def test_a_save_replaces_the_file_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "model.pt"
    save(torch.ones(3), path)
    path.chmod(0o640)
    save(torch.zeros(3), path)
    assert load(path).tolist() == [0, 0, 0] and path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["model.pt"]


def test_a_save_through_a_link_changes_its_target(tmp_path):
    target, link = tmp_path / "a.pt", tmp_path / "latest.pt"
    save(torch.ones(1), target)
    link.symlink_to(target)
    save(torch.zeros(1), link)
    assert link.is_symlink() and load(target).tolist() == [0]


def test_saving_to_a_device_does_not_replace_it():
    save(torch.ones(1), os.devnull)
    assert not os.path.isfile(os.devnull)
