"""Programs written for PyTorch, as they are: torchlite on each backend, and PyTorch if it is there.

The programs stand in `programs/`; each prints the losses of its first 20 steps.
"""

import functools
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests" / "parity" / "programs"
DIGITS = ["--data", str(ROOT / "examples" / "data" / "mnist")]
#: Name -> arguments, and whether 20 steps are enough for the loss to fall.
CASES = {
    "cnn_mnist": (DIGITS, True),
    "char_transformer": ([], True),
    "lstm_lm": ([], True),
    "vae": (DIGITS, True),
    "dcgan": ([], False),
    "reinforce": ([], False),
}
pytestmark = pytest.mark.slow


def has(package):
    return importlib.util.find_spec(package) is not None


@functools.cache
def losses(library, name, arguments):
    """What the program prints, run by `library`: "torch", or a backend of torchlite."""
    real = library == "torch"
    path = [str(ROOT), str(PROGRAMS / "stand_in")] if real else [str(ROOT)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")]),
        "TORCHLITE_BACKEND": "" if real else library,
    }
    command = [sys.executable, *([] if real else ["-m", "torchlite"])]
    result = subprocess.run([*command, str(PROGRAMS / f"{name}.py"), *arguments], env=environment,
                            capture_output=True, text=True)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return [float(number) for number in re.findall(r" loss (\S+)", result.stdout)]


@functools.cache
def draws_dropout_alike():
    """Whether this PyTorch draws as on processors other than Intel's, as torchlite does."""
    code = "import torch; torch.manual_seed(0); print(torch.nn.functional.dropout(torch.ones(5)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return result.stdout.strip() == "tensor([0., 0., 2., 0., 0.])"


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("name", CASES)
def test_a_program_runs_as_under_pytorch(name, backend):
    if backend == "numba":
        pytest.importorskip("numba")
    arguments, falls = CASES[name]
    if name == "cnn_mnist" and has("torch") and not draws_dropout_alike():
        arguments = [*arguments, "--dropout", "0"]
    ours = losses(backend, name, tuple(arguments))
    assert len(ours) == 20
    if falls:
        assert sum(ours[-3:]) < 0.9 * sum(ours[:3])
    if has("torch"):
        theirs = losses("torch", name, tuple(arguments))
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
