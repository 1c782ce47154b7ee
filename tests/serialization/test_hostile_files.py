"""Files that try to run code: refused by an error that names what they ask for, and nothing runs.

`load` allows more only where the user says so, by `add_safe_globals`.
"""

import collections
import enum
import functools
import io
import os
import pickle
import subprocess
import zipfile

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.serialization import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    get_unsafe_globals_in_checkpoint,
    load,
    safe_globals,
    save,
)

FORMATS = {"zip": True, "legacy": False}


class Ran(Exception):
    """What an attack raises when it succeeds."""


def boom(*args, **kwargs):
    raise Ran(args)


class Call:
    """Pickled as a call of `function`."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


class Stateful:
    """Runs code when its state is set."""

    def __setstate__(self, state):
        boom()

    def __init__(self):
        self.a = 1


class Slotted:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1


ATTACKS = {
    "eval": (Call(eval, "boom()"), "eval"),
    "exec": (Call(exec, "boom()"), "exec"),
    "getattr": (Call(getattr, "", "upper"), "getattr"),
    "__import__": (Call(__import__, "os"), "__import__"),
    "open": (Call(open, "attacked", "w"), "open"),
    "Popen": (Call(subprocess.Popen, "true"), "subprocess.Popen"),
    "partial": (Call(functools.partial, boom), "functools.partial"),
    "loads": (Call(pickle.loads, pickle.dumps(Call(boom))), r"pickle\.loads"),
    "own function": (Call(boom), "boom"),
    "own class": (Stateful(), "Stateful"),
    "a class": (nn.Linear, "torchlite.nn.modules.linear.Linear"),
    "a module": (nn.Linear(1, 1), "torchlite.nn.modules.linear.Linear"),
    "a counter's missing": (collections.defaultdict(boom), "collections.defaultdict"),
}


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch, tmp_path):
    """What an attack leaves is noticed; a new process raises `Ran`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess.Popen, "__init__", boom)
    yield
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ATTACKS)
def test_a_file_that_calls_is_refused_by_name(name, nested, zipped):
    attack, refused = ATTACKS[name]
    state = nn.Linear(2, 2).state_dict()
    state["bias"] = attack
    file = io.BytesIO()
    save({"model": state, "epoch": 3} if nested else attack, file,
         _use_new_zipfile_serialization=zipped)  # fmt: skip
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=rf"GLOBAL \S*{refused} was not an allowed"):
        load(file)


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
def test_a_system_call_is_refused_even_if_allowed(zipped):
    file = io.BytesIO()
    save(Call(os.system, "touch attacked"), file, _use_new_zipfile_serialization=zipped)
    with safe_globals([os.system, (os.system, "posix.system"), (os.system, "nt.system")]):
        file.seek(0)
        with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL (posix|nt)\.system whose module"):
            load(file)


def text(value):
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


STORAGE = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x01tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + (
    b"K\x00K\x01\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR")  # fmt: skip

#: Pickles that no pickler writes -> a part of the error's text.
TRICKS = {
    "a method of a tensor": (TENSOR + b"c__builtin__\ngetattr\n", "getattr"),
    "a dotted name": (b"ccollections\nOrderedDict.fromkeys\n", r"OrderedDict\.fromkeys"),
    "a name in a submodule": (b"ctorch\nos.system\n", r"torch\.os\.system"),
    "a name with a space": (b"cposix system\nx\n", "posix"),
    "a module of a blocked one": (b"cos.path\njoin\n", r"os\.path\.join whose module os\.path is"),
    "calling a tensor": (TENSOR + b")R", "reduce for unrecognized function tensor"),
    "calling a list": (b"]q\x00)R", "reduce for unrecognized function"),
    "calling what a memo holds": (b"ctorch\nTensor\nq\x070h\x07)R", "POP"),
    "a memo of a class": (b"ctorch\nfloat32\nq\x07h\x07)R", "unrecognized function torch.float32"),
    "a name from the stack": (text("os") + text("system") + b"\x93", "STACK_GLOBAL"),
    "an instance": (b"(" + text("a") + b"ios\nsystem\n", "INST"),
    "an object": (b"(cos\nsystem\no", "whose module os is blocked"),
    "an extension": (b"\x82\x01", "EXT1"),
    "state of a tensor": (TENSOR + b"}" + text("__class__") + b"Nsb", "Can only build"),
    "state of a class": (b"ctorch\nTensor\n}" + text("shape") + b"Nsb", "Can only build"),
    "state of a size": (b"ctorch\nSize\n)\x85R}b", "Can only build"),
    "methods of a dict": (
        b"ccollections\nOrderedDict\n)R}" + text("items") + b"Nsb",
        "would shadow",
    ),
    "attributes of a tensor": (
        b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\n"
        b"ctorch\nTensor\n(" + STORAGE + b"K\x00K\x01\x85K\x01\x85\x89Nt}" + text("_data")
        + b"NstR", "would shadow those of Tensor",
    ),
    "a tensor made by another": (
        b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nTensor\nctorch\nTensor\n)}tR",
        "a tensor built by",
    ),
    "a tensor that becomes a size": (
        b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\n"
        b"ctorch\nSize\n(" + STORAGE + b"K\x00K\x01\x85K\x01\x85\x89Nt}tR",
        "a tensor of type",
    ),
    "a persistent id that is a text": (text("0") + b"Q", "must be a tuple"),
    "a persistent id of a module": (b"(" + text("module") + b"NNNtQ", "of storage is allowed"),
    "a persistent id of a tensor": (b"(" + TENSOR + b"tQ", "of storage is allowed"),
    "a persistent id of nothing": (b")Q", "of storage is allowed"),
    "a persistent id in text": (b"Pposix.system\n", "PERSID"),
    "a storage of another type": (
        b"(" + text("storage") + b"ctorch\nSize\n" + text("0") + text("cpu") + b"K\x01tQ",
        "unsupported persistent id",
    ),
    "a storage outside": (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("../data.pkl") + text("cpu")
        + b"K\x01tQ", "lacks the record",
    ),
    "a negative storage": (STORAGE.replace(b"K\x01", b"J\xff\xff\xff\xff"), "should have -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRICKS)
def test_a_tricky_pickle_is_refused(name):
    pickled, message = TRICKS[name]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("a/data.pkl", b"\x80\x02" + pickled + b".")
        out.writestr("a/data/0", b"\0\0\0\0")
    file.seek(0)
    with pytest.raises((pickle.UnpicklingError, RuntimeError), match=message):
        load(file)


def test_records_that_overlap_are_not_read_again_and_again():
    file = io.BytesIO()
    save([torch.zeros(1000), torch.zeros(1000) + 1, torch.zeros(1000) + 2], file)
    first, second, third = (file.getvalue().index(b"archive/data/%d" % i) - 30 for i in range(3))
    data = bytearray(file.getvalue())
    start = data.index(b"PK\x01\x02")
    for offset in (second, third):  # in the directory, all storages are the first one
        at = data.index(offset.to_bytes(4, "little"), start)
        data[at : at + 4] = first.to_bytes(4, "little")
    checksum = zipfile.ZipFile(file).getinfo("archive/data/0").CRC
    for i in (1, 2):
        at = data.index(b"archive/data/%d" % i, start) - 46
        data[at + 16 : at + 20] = checksum.to_bytes(4, "little")
    del data[second:start]
    data[-6:-2] = (second).to_bytes(4, "little")  # where the directory is now
    with pytest.raises(RuntimeError, match="records overlap"):
        load(io.BytesIO(data))


# --- what the user allows ------------------------------------------------------------------------


class Color(enum.Enum):
    RED = 1


class Config:
    def __init__(self, width):
        self.width = width


@pytest.fixture
def file():
    out = io.BytesIO()
    save({"color": Color.RED, "config": Config(3), "slots": Slotted()}, out)
    out.seek(0)
    return out


def test_the_error_tells_how_to_allow_and_allowing_helps(file):
    with pytest.raises(pickle.UnpicklingError) as caught:
        load(file)
    name = f"{Color.__module__}.Color"
    assert f"GLOBAL {name} was not an allowed global by default" in str(caught.value)
    assert f"torch.serialization.add_safe_globals([{name}])" in str(caught.value)
    assert "weights_only` set to `False`" in str(caught.value)
    file.seek(0)
    with safe_globals([Color, (Config, f"{Config.__module__}.Config"), Slotted]):
        result = load(file)
    assert result["color"] is Color.RED and result["config"].width == 3
    assert type(result["config"]) is Config and result["slots"].a == 1


def test_a_module_that_is_allowed(tmp_path):
    path, model = tmp_path / "model.pt", nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    save(model, path)
    with safe_globals([nn.Sequential, nn.Linear, nn.ReLU]):
        other = load(path)
    x = torch.ones(1, 2)
    assert other(x).tolist() == model(x).tolist()


def test_the_names_that_a_file_needs(file):
    names = [f"{Color.__module__}.{kind}" for kind in ("Color", "Config", "Slotted")]
    assert sorted(get_unsafe_globals_in_checkpoint(file)) == names
    file.seek(0)
    with safe_globals([Color, Config, Slotted]):
        assert get_unsafe_globals_in_checkpoint(file) == []
    plain = io.BytesIO()
    save({"x": torch.ones(2), "k": collections.Counter("a")}, plain)
    plain.seek(0)
    assert get_unsafe_globals_in_checkpoint(plain) == []
    old = io.BytesIO()
    save(torch.ones(2), old, _use_new_zipfile_serialization=False)
    old.seek(0)
    with pytest.raises(ValueError, match="Expected input to be a checkpoint returned by torch.sav"):
        get_unsafe_globals_in_checkpoint(old)


def test_what_is_allowed_is_listed_and_forgotten(file):
    assert get_safe_globals() == []
    add_safe_globals([Color])
    with safe_globals([Color, Config]):
        assert set(get_safe_globals()) == {Color, Config}
    assert get_safe_globals() == [Color]
    clear_safe_globals()
    assert get_safe_globals() == []
    for wrong, kind in (((Color, "a", "b"), ValueError), ((Color, 3), TypeError)):
        file.seek(0)
        with safe_globals([wrong]), pytest.raises(kind, match="xpected"):
            load(file)
