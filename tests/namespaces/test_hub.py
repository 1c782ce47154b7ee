"""torchlite.hub: files from the net, which here is the file system."""

import hashlib

import pytest

import torchlite as torch
from torchlite import hub
from torchlite.utils import model_zoo


@pytest.fixture
def site(tmp_path):
    """The URL of a directory with a file of parameters, which has its hash in its name too."""
    folder = tmp_path / "site"
    folder.mkdir()
    torch.save({"weight": torch.arange(3)}, folder / "model.pth")
    data = (folder / "model.pth").read_bytes()
    (folder / f"model-{hashlib.sha256(data).hexdigest()[:8]}.pth").write_bytes(data)
    (folder / "model-00000000.pth").write_bytes(data)
    return folder


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Where files are kept, empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "hub" / "checkpoints"


def url(site, pattern="model.pth"):
    (path,) = site.glob(pattern)
    return path.as_uri()


def test_a_file_is_fetched_once(site, kept, capsys):
    address = url(site)
    first = hub.load_state_dict_from_url(address, progress=False)
    assert capsys.readouterr().out == f'Downloading: "{address}" to {kept / "model.pth"}\n'
    (site / "model.pth").unlink()
    second = model_zoo.load_url(address)
    assert first["weight"].tolist() == second["weight"].tolist() == [0, 1, 2]
    assert [path.name for path in kept.iterdir()] == ["model.pth"]
    assert capsys.readouterr().out == ""


def test_options(site, tmp_path, capsys):
    hub.load_state_dict_from_url(
        url(site), str(tmp_path / "mine"), "cpu", progress=False, file_name="it.pth",
        weights_only=True,
    )  # fmt: skip
    assert (tmp_path / "mine" / "it.pth").exists()


def test_the_hash_in_the_name(site, kept, capsys):
    good, bad = url(site, "model-[!0]*"), url(site, "model-0*")
    assert hub.load_state_dict_from_url(good, progress=False, check_hash=True)
    with pytest.raises(RuntimeError, match=r'invalid hash value \(expected "00000000", got "'):
        hub.load_state_dict_from_url(bad, progress=False, check_hash=True)
    assert len(list(kept.iterdir())) == 1  # neither the file nor its draft


def test_what_is_not_there_leaves_nothing(site, kept, capsys):
    with pytest.raises(OSError):
        hub.load_state_dict_from_url((site / "other.pth").as_uri(), progress=False)
    assert list(kept.iterdir()) == []


def test_a_bar_needs_tqdm_or_nothing(site, tmp_path, capsys):
    hub.download_url_to_file(url(site), str(tmp_path / "copy.pth"))
    assert (tmp_path / "copy.pth").read_bytes() == (site / "model.pth").read_bytes()


def test_the_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert hub.get_dir() == str(tmp_path / "torch" / "hub")
    monkeypatch.setattr(hub._Settings, "directory", None)
    hub.set_dir(tmp_path / "elsewhere")
    assert hub.get_dir() == str(tmp_path / "elsewhere")
