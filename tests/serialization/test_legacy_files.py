"""Files in the format before PyTorch 1.6, byte orders, and other ways to load."""

import gzip
import io
import mmap
import pickle
import struct
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import torchlite as torch
from torchlite import nn, serialization
from torchlite.serialization import load, save


def legacy(obj, **options):
    file = io.BytesIO()
    save(obj, file, _use_new_zipfile_serialization=False, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("weights_only", [True, False])
def test_tensors_and_their_sharing_come_back(weights_only):
    x = torch.arange(12.0).reshape(3, 4)
    obj = {
        "views": [x, x.t(), x[1], x[:, 2]], "p": nn.Parameter(torch.ones(2)), "n": [1, "é"],
        "empty": torch.zeros(0, 3), "half": torch.ones(2).half(), "many": torch.arange(9),
    }  # fmt: skip
    result = load(legacy(obj), weights_only=weights_only)
    a, b, row, column = result["views"]
    a[1, 2] = 70
    assert b[2, 1].item() == row[2].item() == column[1].item() == 70
    assert type(result["p"]) is nn.Parameter and result["p"].requires_grad
    assert result["half"].dtype is torch.float16 and result["empty"].shape == (0, 3)
    assert result["n"] == [1, "é"] and result["many"].tolist() == list(range(9))


def test_a_model_with_its_class():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    x = torch.ones(1, 2)
    assert load(legacy(model), weights_only=False)(x).tolist() == model(x).tolist()


def test_a_file_that_goes_on_and_one_in_the_middle():
    file = legacy(torch.ones(2))
    both = io.BytesIO(b"head" + file.getvalue() + legacy([3]).getvalue())
    both.seek(4)
    assert load(both).tolist() == [1, 1] and load(both) == [3]


@given(st.data())
def test_a_cut_file_is_refused(data):
    whole = legacy({"x": torch.arange(3.0), "n": [1, "a"]}).getvalue()
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError)):
        load(io.BytesIO(cut))


def parts(*objects):
    """A legacy file with these as its pickles."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": sys.byteorder == "little"})
    return b"".join(pickle.dumps(part, 2) for part in (*head, *objects))


def test_files_that_lie_about_their_storages_are_refused():
    whole = legacy(torch.ones(3)).getvalue()
    length = struct.pack("<q", 3)
    for lie, message in (
        (whole.replace(length, struct.pack("<q", 2)), "should have 3 elements, but has 2"),
        (whole.replace(b"K\x03Nt", b"J\xff\xff\xff\x7fNt"), "unexpected EOF, expected"),
        (whole.replace(b"K\x03Nt", b"J\xff\xff\xff\xffNt"), "unexpected EOF, expected"),
        (parts([1], 3), "instead of dict, list"),
        (parts([1], ["0"]), r"the file has storages \['0'\], its pickle \[\]"),
        (whole.replace(b"K\x03Nt", b"K\x03K\x01t"), "unsupported view of a storage 1"),
    ):
        with pytest.raises((RuntimeError, pickle.UnpicklingError), match=message):
            load(io.BytesIO(lie))
    for wrong, message in ((pickle.dumps([1], 2), "Invalid magic number; corrupt file?"),
                           (whole.replace(b"M\xe9\x03.", b"M\xe8\x03."),
                            "Invalid protocol version: 1000")):  # fmt: skip
        with pytest.raises(RuntimeError, match=message):
            load(io.BytesIO(wrong))
    assert load(io.BytesIO(parts([1], []))) == [1]


def test_a_view_of_a_storage_as_the_oldest_files_have_it():
    whole = legacy(torch.arange(4.0)).getvalue()
    view = b"(X\x03\x00\x00\x00abcK\x01K\x02t"  # (key, offset, size)
    x = load(io.BytesIO(whole.replace(b"K\x04Nt", b"K\x04" + view + b"t").replace(
        b"QK\x00K\x04\x85", b"QK\x00K\x02\x85")))  # fmt: skip
    assert x.tolist() == [1, 2]


# --- byte order ----------------------------------------------------------------------------------


def archive(data, byteorder, dtype):
    """An archive with one tensor of two elements, whose memory is `data`."""
    source = io.BytesIO()
    save(torch.zeros(2, dtype=dtype), source)
    file = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = data if name.endswith("data/0") else old.read(name)
            if name.endswith("byteorder"):
                if byteorder is None:
                    continue
                content = byteorder
            new.writestr(name, content)
    file.seek(0)
    return file


@pytest.mark.parametrize("order, mark", [("<", b"little"), (">", b"big")])
def test_files_of_either_byte_order(order, mark):
    for dtype, code, values in (
        (torch.int32, "2i", [1, -2]), (torch.float64, "2d", [1.5, -2.5]),
        (torch.complex64, "4f", [1 + 2j, 3 - 1j]), (torch.uint8, "2B", [1, 2]),
    ):  # fmt: skip
        flat = [part for v in values for part in ((v.real, v.imag) if code == "4f" else (v,))]
        assert load(archive(struct.pack(order + code, *flat), mark, dtype)).tolist() == values


def test_the_byte_order_of_files_that_do_not_tell_it():
    little = struct.pack("<2i", 1, -2)
    endianness = serialization.LoadEndianness
    assert serialization.get_default_load_endianness() is None
    for default, data in ((None, little), (endianness.LITTLE, little),
                          (endianness.BIG, struct.pack(">2i", 1, -2)),
                          (endianness.NATIVE, struct.pack("=2i", 1, -2))):  # fmt: skip
        serialization.set_default_load_endianness(default)
        try:
            assert load(archive(data, None, torch.int32)).tolist() == [1, -2]
        finally:
            serialization.set_default_load_endianness(None)
    with pytest.raises(TypeError, match="Invalid argument type in function set_default_load"):
        serialization.set_default_load_endianness("little")
    with pytest.raises(ValueError, match="Unknown endianness type: middle"):
        load(archive(little, b"middle", torch.int32))


# --- ways to load --------------------------------------------------------------------------------


def test_mapping_privately_or_shared(tmp_path):
    path = tmp_path / "x.pt"
    save(torch.arange(3), path)
    assert serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    load(path, mmap=True)[0] = 7
    assert load(path, mmap=True).tolist() == [0, 1, 2]
    with serialization.set_default_mmap_options(mmap.MAP_SHARED):
        load(path, mmap=True)[0] = 7
    assert load(path, mmap=True).tolist() == [7, 1, 2]
    with pytest.raises(ValueError, match="expected mmap.MAP_PRIVATE or mmap.MAP_SHARED"):
        serialization.set_default_mmap_options(0)
    save(torch.ones(1), path, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        load(path, mmap=True)


def test_a_mapped_tensor_outlives_its_file(tmp_path):
    path = tmp_path / "x.pt"
    save(torch.arange(3), path)
    x = load(str(path), mmap=True)
    path.unlink()
    assert x.tolist() == [0, 1, 2]


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_many_kinds(tmp_path, zipped):
    class Minimal:
        """A file that can do no more than it must."""

        def __init__(self, data):
            file = io.BytesIO(data)
            self.read, self.readline = file.read, file.readline
            self.seek, self.tell = file.seek, file.tell

    data = io.BytesIO()
    save(torch.arange(3), data, _use_new_zipfile_serialization=zipped)
    path = tmp_path / "x.pt"
    path.write_bytes(data.getvalue())
    (tmp_path / "x.gz").write_bytes(gzip.compress(data.getvalue()))
    data.seek(0)
    with open(path, "rb") as plain, open(path, "rb", 0) as raw, gzip.open(
        tmp_path / "x.gz"
    ) as packed:
        for file in (path, str(path), plain, raw, packed, data, Minimal(data.getvalue())):
            assert load(file).tolist() == [0, 1, 2]
    with open(path, encoding="latin-1") as wrong, pytest.raises(TypeError, match="with 'rb'"):
        load(wrong)


class Module:
    """A `pickle_module` that counts what it reads."""

    read = 0

    class Pickler(pickle._Pickler):
        pass

    class Unpickler(pickle.Unpickler):
        def load(self):
            Module.read += 1
            return super().load()


@pytest.mark.parametrize("zipped, count", [(True, 1), (False, 5)])
def test_a_pickle_module(zipped, count):
    file = io.BytesIO()
    save([torch.ones(2)], file, Module, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    Module.read = 0
    assert load(file, pickle_module=Module)[0].tolist() == [1, 1] and Module.read == count
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_modu"):
        load(file, pickle_module=Module, weights_only=True)
    Module.Pickler, kept = pickle.Pickler, Module.Pickler
    try:
        with pytest.raises(ValueError, match="'Module' cannot write tensors"):
            save([], io.BytesIO(), Module)
    finally:
        Module.Pickler = kept


def test_a_newer_pickle_protocol_needs_trust():
    file = io.BytesIO()
    save([torch.ones(2), b"abc"], file, pickle_protocol=4)
    file.seek(0)
    assert load(file, weights_only=False)[1] == b"abc"
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="pickle protocol 4"):
        load(file)


def test_strings_of_python_2():
    data = b"\x80\x02U\x02\xc3\xa9."
    for encoding, text in (("utf-8", "é"), ("latin1", "Ã©"), ("bytes", b"\xc3\xa9")):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as out:
            out.writestr("a/data.pkl", data)
        for weights_only in (False, True):
            file.seek(0)
            if not weights_only:
                assert load(file, weights_only=False, encoding=encoding) == text
                continue
            with pytest.warns(UserWarning, match="pickle_load_args only works if"):
                assert load(file, encoding=encoding) == text


def test_the_environment_overrules(monkeypatch):
    file = io.BytesIO()
    save(pickle.PickleError, file)

    def loaded(**options):
        file.seek(0)
        return load(file, **options)

    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert loaded() is pickle.PickleError
    with pytest.raises(pickle.UnpicklingError, match="PickleError was not an allowed global"):
        loaded(weights_only=True)
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "true")
    with pytest.raises(RuntimeError, match="Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or"):
        loaded()
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    with pytest.raises(pickle.UnpicklingError, match="PickleError was not an allowed global"):
        loaded(weights_only=False)


@pytest.fixture
def packages(monkeypatch):
    """Registered packages are forgotten at the end."""
    registered = list(serialization.locations._packages)
    monkeypatch.setattr(serialization.locations, "_packages", registered)


@pytest.mark.parametrize("zipped", [True, False])
def test_locations_of_other_packages(packages, zipped):
    seen = []

    def restore(storage, location):
        seen.append((storage.nbytes(), storage.device, location))
        return storage if location == "abacus:1" else None

    serialization.register_package(5, lambda storage: "abacus:1", restore)
    file = io.BytesIO()
    x = torch.arange(2)
    save([x, x[:1], torch.ones(1)], file, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    assert load(file)[0].tolist() == [0, 1]
    assert seen == [(n, torch.device("cpu"), "abacus:1") for n in (16, 4)]  # one a storage
    serialization.locations._packages.pop(0)
    file.seek(0)
    with pytest.raises(RuntimeError, match=r"how to restore data location .*abacus:1"):
        load(file)
    for where in ("cpu", "cpu:0", b"cpu", torch.device("cpu"), {"abacus:1": "cpu"},
                  lambda storage, location: storage.cpu()):  # fmt: skip
        file.seek(0)
        assert load(file, where)[1].tolist() == [0]
    serialization.locations._packages.clear()
    with pytest.raises(RuntimeError, match="don't know how to determine data location of"):
        save(x, io.BytesIO())
