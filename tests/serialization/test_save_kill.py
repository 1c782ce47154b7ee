"""A process that is killed while it saves leaves a checkpoint that loads, whole."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import torchlite as torch
from torchlite.serialization import load, save, saving

ROUNDS, ELEMENTS = 50, 700_000  # 2.8 MB

#: Imports once; for each line it reads, forks a child that saves one version after another until
#: it is killed, and tells its process id when the child has begun.
SERVER = f"""
import os, sys
import torchlite as torch

path = sys.argv[1]
torch.save([torch.ones(2)], os.devnull)  # imports what is imported on first use
for line in sys.stdin:
    version, child = int(line), os.fork()
    while not child:
        x = torch.full(({ELEMENTS},), float(version))
        torch.save({{"version": version, "a": x, "b": x[1:] * 2}}, path)
        version += 1
    print(child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


ENVIRONMENT = {
    **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "TORCHLITE_BACKEND": "numpy", "PYTHONPATH": str(Path(__file__).parents[2]),
}  # fmt: skip
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def server(tmp_path):
    """Starts and kills writers of ``model.pt``: ``server(first version, seconds)``."""
    command = [sys.executable, "-W", "ignore", "-c", SERVER, str(tmp_path / "model.pt")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=ENVIRONMENT)  # fmt: skip

    def run(version, seconds):
        process.stdin.write(f"{version}\n")
        process.stdin.flush()
        child = int(process.stdout.readline())
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert process.stdout.readline() == "dead\n"

    yield run
    process.stdin.close()
    process.wait()
    process.stdout.close()


@needs_fork
def test_a_killed_save_leaves_a_whole_checkpoint(tmp_path, server):
    path, delays = tmp_path / "model.pt", random.Random(0)
    save({"version": -1, "a": torch.full((ELEMENTS,), -1.0), "b": torch.tensor([-2.0])}, path)
    latest = -1
    for i in range(ROUNDS):
        server(1000 * i, delays.uniform(0, 0.06))
        saved = load(path)
        version = saved["version"]
        assert version == latest or 1000 * i <= version < 1000 * (i + 1)
        assert bool((saved["a"] == version).all()) and bool((saved["b"] == 2 * version).all())
        latest = version
    save({}, path)
    assert os.listdir(tmp_path) == ["model.pt"]  # what they left is gone


@needs_fork
@pytest.mark.parametrize("last_call", ["fsync", "replace"])
def test_the_draft_of_a_killed_save_is_removed_by_the_next(tmp_path, last_call):
    path = tmp_path / "model.pt"
    save(torch.ones(3), path)
    code = f"""
import os, signal, sys, torchlite
os.{last_call} = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
torchlite.save(torchlite.zeros(3), sys.argv[1])
"""
    killed = subprocess.run([sys.executable, "-c", code, str(path)], env=ENVIRONMENT)
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2 and load(path).tolist() == [1, 1, 1]
    save(torch.zeros(1), path)
    assert os.listdir(tmp_path) == ["model.pt"]


class Full:
    """A file on a disk that has no room after some bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.file.close()

    def write(self, data):
        self.room -= memoryview(data).nbytes
        if self.room < 0:
            raise OSError(28, "No space left on device")
        return self.file.write(data)


@pytest.mark.parametrize("room", [0, 50, 1000, 5000, 9000])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, room, zipped):
    path, new_draft = tmp_path / "model.pt", saving._new_draft
    save(torch.ones(3), path)
    before = path.read_bytes()
    monkeypatch.setattr(saving, "_new_draft", lambda path: Full(new_draft(path), room))
    with pytest.raises(OSError, match="No space left"):
        save(torch.ones(3000), path, _use_new_zipfile_serialization=zipped)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.pt"]


def test_drafts_of_the_living_and_files_of_others_stay(tmp_path):
    path = tmp_path / "model.pt"
    others = [tmp_path / name for name in ("model.pt.tmp", "model.pt.0123abcd.tmp2", "other.pt")]
    for other in others:
        other.write_bytes(b"x")
    (tmp_path / "model.pt.0123abcd.tmp").write_bytes(b"half a checkpoint")
    with saving.replacing(str(path)) as first:
        save(torch.zeros(1), path)
        first.write(b"in use")
    assert path.read_bytes() == b"in use"
    assert sorted(os.listdir(tmp_path)) == sorted(["model.pt", *(o.name for o in others)])
