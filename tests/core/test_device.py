"""Devices: PyTorch's can all be named; tensors are made on the CPU."""

import copy
import pickle

import pytest

import torchlite as torch
from torchlite import nn


@pytest.fixture(autouse=True)
def default_device():
    yield
    torch.set_default_device(None)


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1", "mps", "xpu", "meta", "cpu:0"])
def test_a_device_has_the_name_that_made_it(name):
    kind, _, number = name.partition(":")
    index = int(number) if number else None
    device = torch.device(name)
    assert (str(device), device.type, device.index) == (name, kind, index)
    assert device == torch.device(type=kind, index=index) == torch.device(device) != name
    assert len({device, torch.device(name), pickle.loads(pickle.dumps(device))}) == 1
    assert copy.deepcopy(device) == device
    tail = f", index={index}" if number else ""
    assert repr(device) == f"device(type='{kind}'{tail})"


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        (("abacus",), RuntimeError, "Expected one of cpu, cuda, .* device string: abacus"),
        (("",), RuntimeError, "Device string must not be empty"),
        (("cuda:",), RuntimeError, "Invalid device string: 'cuda:'"),
        (("cuda:01",), RuntimeError, "Invalid device string: 'cuda:01'"),
        (("cpu:-1",), RuntimeError, "Invalid device string: 'cpu:-1'"),
        (("cuda", -1), RuntimeError, "Device index must not be negative"),
        (("cuda:1", 1), RuntimeError, "must not include an index because index was passed"),
        ((0,), RuntimeError, "Cannot access accelerator device when none is available"),
        ((None,), TypeError, "must be str, not NoneType"),
        (("cpu", "1"), TypeError, "must be int, not str"),
    ],
)
def test_a_bad_name_is_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        torch.device(*arguments)


def test_a_device_is_immutable():
    with pytest.raises(AttributeError, match="not writable"):
        torch.device("cpu").type = "cuda"


USES = {
    "zeros": lambda place: torch.zeros(2, device=place),
    "tensor": lambda place: torch.tensor(1.0, device=place),
    "as_tensor": lambda place: torch.as_tensor([1], device=place),
    "empty_like": lambda place: torch.empty_like(torch.ones(2), device=place),
    "full_like": lambda place: torch.full_like(torch.ones(2), 1, device=place),
    "new_zeros": lambda place: torch.ones(2).new_zeros(2, device=place),
    "arange": lambda place: torch.arange(3, device=place),
    "linspace": lambda place: torch.linspace(0, 1, 3, device=place),
    "logspace": lambda place: torch.logspace(0, 1, 3, device=place),
    "eye": lambda place: torch.eye(3, device=place),
    "empty_strided": lambda place: torch.empty_strided((2,), (1,), device=place),
    "rand": lambda place: torch.rand(2, device=place),
    "randn": lambda place: torch.randn(2, device=place),
    "randint": lambda place: torch.randint(3, (2,), device=place),
    "randperm": lambda place: torch.randperm(3, device=place),
    "normal": lambda place: torch.normal(0.0, 1.0, (2,), device=place),
    "rand_like": lambda place: torch.rand_like(torch.ones(2), device=place),
    "randint_like": lambda place: torch.randint_like(torch.ones(2), 3, device=place),
    "Tensor.to": lambda place: torch.ones(2).to(place),
    "Tensor.to(device=)": lambda place: torch.ones(2).to(device=place),
    "Module": lambda place: nn.Linear(2, 2, device=place),
    "Module.to": lambda place: nn.Linear(2, 2).to(place),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_using_an_accelerator_fails_as_in_pytorch_without_it(use):
    for place in ("cuda", "cuda:0", torch.device("cuda", 1)):
        with pytest.raises(AssertionError, match=r"^Torch not compiled with CUDA enabled\n"):
            use(place)
    with pytest.raises(AssertionError, match="Torch not compiled with XPU enabled"):
        use("xpu")
    with pytest.raises(RuntimeError, match="PyTorch is not linked with support for mps devices"):
        use("mps")
    with pytest.raises(RuntimeError, match="Cannot access accelerator device"):
        use(0)
    use("cpu")
    use(torch.device("cpu:0"))


def test_a_model_that_cannot_move_stays_whole():
    model = nn.Linear(2, 2)
    with pytest.raises(AssertionError, match="CUDA"):
        model.cuda()
    with pytest.raises(RuntimeError, match="Cannot get CUDA generator"):
        torch.Generator("cuda")
    assert model(torch.ones(2)).device == torch.device("cpu")


def test_the_default_device():
    assert torch.get_default_device() == torch.device("cpu")
    with torch.device("cuda") as device:
        assert device == torch.device("cuda")
        with pytest.raises(AssertionError, match="CUDA"):
            torch.zeros(2)
        with torch.device("cpu"):
            torch.zeros(2)
        torch.zeros(2, device="cpu")
    torch.set_default_device("cuda")
    for use in (torch.get_default_device, lambda: torch.randn(2)):
        with pytest.raises(AssertionError, match="CUDA"):
            use()
    torch.set_default_device("cpu:0")
    assert torch.get_default_device() == torch.device("cpu:0")
    torch.zeros(2)
    with pytest.raises(RuntimeError, match="Expected one of cpu"):
        torch.set_default_device("abacus")


def test_what_programs_ask_of_accelerators():
    assert not torch.mps.is_available() and not torch.xpu.is_available()
    assert torch.cuda.get_rng_state_all() == []
    torch.cuda.set_rng_state_all([])
    with pytest.raises(AssertionError, match="CUDA"):
        torch.cuda.Event(enable_timing=True)
