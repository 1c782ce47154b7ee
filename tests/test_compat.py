"""Programs that import torch: `python -m torchlite`, and `torchlite.compat` from code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path):
    """Runs python with arguments in an empty folder, in which PyTorch cannot be imported."""
    stand_in = tmp_path / "pytorch" / "torch"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text("raise RuntimeError('this is PyTorch itself')")
    path = os.pathsep.join([str(ROOT), str(stand_in.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error"}

    def run_python(*arguments):
        return subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment,
                              capture_output=True, text=True)  # fmt: skip

    return run_python


def printed(result):
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.fixture
def program(tmp_path):
    """Writes a program, to ``program.py`` or where it is told."""

    def write(text, name="program.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


IMPORTS = """
import torch, torch.nn as nn, torch.nn.functional as F, torchvision
import torch.nn.modules.activation as activation
from torch import optim, Tensor
from torch.autograd import Variable
from torch.nn import Module, Parameter
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.sampler import SequentialSampler
from torchvision import datasets, transforms
import torchlite, torchlite.nn.functional
assert torch is torchlite and torch.nn is nn is torchlite.nn and F is torchlite.nn.functional
assert torchvision is torchlite.vision and optim is torchlite.optim
assert isinstance(torchlite.ones(2), torch.Tensor) and Tensor is torchlite.Tensor
assert torch.Tensor.__module__ == "torch" and repr(torch.float32) == "torch.float32"
assert tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 0)
assert activation.ReLU is nn.ReLU  # in another file of ours
assert torchlite.nn.__name__ == torchlite.nn.__spec__.name == "torchlite.nn"
"""


def test_imports_of_pytorch_give_torchlite(run, program):
    program(IMPORTS)
    assert printed(run("-m", "torchlite", "program.py")) == []


PLACED_ELSEWHERE = """
from torch.amp.autocast_mode import autocast
from torch.autograd.anomaly_mode import detect_anomaly
from torch.distributions.one_hot_categorical import OneHotCategorical
from torch.distributions.poisson import Poisson
from torch.functional import einsum
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.common_types import _size_2_t
from torch.optim.adamw import AdamW, adamw
from torch.profiler.profiler import schedule
from torch.types import Device, Number
from torch.utils.data._utils.collate import default_collate
from torch.utils.hooks import RemovableHandle
from torch.utils.tensorboard.writer import SummaryWriter
import safetensors.torch
import torch, torch.distributed as dist, torch.distributions.kumaraswamy, torch.fx, torch.profiler
assert Poisson is torch.distributions.Poisson is torch.distributions.poisson.Poisson
assert torch.distributions.gumbel.Gumbel is torch.distributions.Gumbel  # not imported
assert einsum is torch.einsum and schedule is torch.profiler.schedule
assert default_collate is torch.utils.data.default_collate
assert not (dist.is_available() and dist.is_initialized())
with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]), torch.profiler.profile():
    q = torch.ones(1, 2, 4)
    assert torch.nn.functional.scaled_dot_product_attention(q, q, q).shape == q.shape
"""


def test_pytorch_s_modules_that_are_cut_otherwise_here(run, program):
    program(PLACED_ELSEWHERE)
    assert printed(run("-m", "torchlite", "program.py")) == []


def test_a_program_finds_what_python_gives_it(run, program):
    text = (
        "import sys, torch, __main__\n"
        "print(__name__, __file__, sys.argv, sys.path[0], __spec__, __main__.torch is torch)\n"
    )
    path = program(text, "folder/program.py")
    own = f"__main__ {path} ['folder/program.py', '-x', '1'] {path.parent} None True"
    assert printed(run("-m", "torchlite", "folder/program.py", "-x", "1")) == [own]
    program("print(__package__, __name__, __spec__.name, __file__)", "folder/__main__.py")
    main = path.parent / "__main__.py"
    assert printed(run("-m", "torchlite", "-m", "folder")) == [
        f"folder __main__ folder.__main__ {main}"
    ]
    code = "import sys, torch; print(torch.ones(2).sum(), sys.argv, repr(sys.path[0]))"
    assert printed(run("-m", "torchlite", "-c", code, "a")) == ["tensor(2.) ['-c', 'a'] ''"]


@pytest.mark.parametrize(
    "text, status, error",
    [
        ("1 / 0", 1, ("Traceback", '  File "{path}", line 1, in <module>', "    1 / 0")),
        ("x = = 1", 1, ('  File "{path}", line 1', "    x = = 1")),
        ("import sys; sys.exit(7)", 7, ()),
        ("raise SystemExit('no')", 1, ("no",)),
    ],
)
def test_a_program_that_fails_does_so_as_under_python(run, program, text, status, error):
    path = program(text)
    result = run("-m", "torchlite", "program.py")
    assert result.returncode == status
    lines = result.stderr.splitlines()
    assert len(lines) >= len(error)
    for line, start in zip(lines, error):
        assert line.startswith(start.format(path=path))
    assert "torchlite" not in result.stderr


def test_an_interrupt_ends_it_as_it_ends_python(run):
    result = run("-m", "torchlite", "-c", "raise KeyboardInterrupt")
    assert result.returncode in (-signal.SIGINT, 130)
    assert result.stderr.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "arguments, status, text",
    [
        (["nothing.py"], 2, "can't open file"),
        (["-m", "nothing"], 1, "No module named nothing"),
        (["-m", "json"], 1, "No module named json.__main__; 'json' is a package"),
        (["-m", "nothing.more"], 1, "(ModuleNotFoundError: No module named 'nothing')"),
        ([], 2, "usage: python -m torchlite"),
        (["-m"], 2, "usage: python -m torchlite"),
    ],
)
def test_nothing_to_run(run, arguments, status, text):
    result = run("-m", "torchlite", *arguments)
    assert result.returncode == status and text in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "code, error",
    [
        ("torch.nonsense", "AttributeError: module 'torch' has no attribute 'nonsense'"),
        ("import torch.onnx; torch.onnx.export", "AttributeError: module 'torch.onnx' has no "
         "attribute 'export'"),
        ("torch.nn.nonsense", "AttributeError: module 'torch.nn' has no attribute 'nonsense'"),
        ("import torch.nonsense", "ModuleNotFoundError: No module named 'torch.nonsense'"),
        ("import torch.nn.no.no", "ModuleNotFoundError: No module named 'torch.nn.no'"),
        ("import torch.fx.no", "ModuleNotFoundError: No module named 'torch.fx.no'"),
        ("import torch.hub.no", "ModuleNotFoundError: No module named 'torch.hub.no'"),
    ],
)
def test_what_is_missing_is_said_to_be_missing_here(run, code, error):
    result = run("-m", "torchlite", "-c", f"import torch, torch.nn\n{code}")
    assert result.stderr.splitlines()[-2:] == [error, "torchlite does not have it (yet)"]


CHILDREN = """
import multiprocessing
import torch, torch.nn.functional as F

def double(x):
    import torch.nn.init
    return F.relu(x) * 2

if __name__ == "__main__":
    for method in {"spawn", "forkserver"} & set(multiprocessing.get_all_start_methods()):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.map(double, [torch.ones(2)]))
"""


def test_child_processes_import_it_too(run, program):
    program(CHILDREN)
    lines = printed(run("-m", "torchlite", "program.py"))
    assert lines and set(lines) == {"[tensor([2., 2.])]"}


def test_pickles_that_name_pytorch_s_classes(run):
    code = """
import pickle, torch, torch.nn as nn
data = pickle.dumps(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), protocol=0)
data = data.replace(b"torchlite.nn.modules", b"torch.nn.modules")
data = data.replace(b"torch.nn.modules.rectifier", b"torch.nn.modules.activation")
print(pickle.loads(data))
"""
    assert printed(run("-m", "torchlite", "-c", code)) == [
        "Sequential(", "  (0): Linear(in_features=2, out_features=3, bias=True)", "  (1): ReLU()",
        ")",
    ]  # fmt: skip


def test_install_and_uninstall(run):
    code = """
import sys, torchlite, torchlite.compat as compat
version = torchlite.__version__
compat.install()
compat.install()
import torch.nn.functional, torch.functional, torch.fx, torchvision.transforms, safetensors.torch
compat.uninstall()
assert torchlite.__version__ == version and torchlite.Tensor.__module__ == "torchlite.core.tensor"
assert not {"torch", "torch.nn", "torchvision", "safetensors.torch"} & sys.modules.keys()
assert not hasattr(torchlite.nn, "__getattr__") and not hasattr(torchlite, "functional")
assert not hasattr(torchlite, "fx") and torchlite.nn.functional.relu
try:
    torchlite.nonsense
except AttributeError as error:
    print(error)
try:
    import torch
except RuntimeError as error:
    print(error)
compat.uninstall()
compat.install()
import torch
print(torch is torchlite)
"""
    assert printed(run("-c", code)) == [
        "module 'torchlite' has no attribute 'nonsense'", "this is PyTorch itself", "True",
    ]  # fmt: skip


def test_install_refuses_to_come_too_late(run):
    code = "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
    result = run("-c", f"{code}import torchlite.compat as c; c.install()")
    assert "RuntimeError: torchlite.compat.install(): 'torch' has already been" in result.stderr
