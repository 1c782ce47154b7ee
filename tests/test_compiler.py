"""`compile`: the same results, the interface of PyTorch."""

import pytest

import torchlite as torch
from torchlite import nn


def test_a_compiled_module_trains_as_itself():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))
    compiled = torch.compile(model, mode="reduce-overhead")
    x = torch.randn(2, 3)
    assert torch.equal(compiled.eval()(x), model(x)) and not model.training
    assert [name for name, _ in compiled.named_parameters()] == [
        "_orig_mod.0.weight", "_orig_mod.0.bias",
    ]  # fmt: skip
    compiled(x).sum().backward()
    assert model[0].weight.grad is not None
    compiled.load_state_dict(compiled.state_dict())


def test_attributes_of_the_module_are_seen():
    model = nn.Linear(3, 4)
    assert torch.compile(model).in_features == 3
    with pytest.raises(AttributeError):
        torch.compile(model).nothing  # noqa: B018


def test_functions_and_decorators():
    @torch.compile
    def double(x):
        """Twice x."""
        return x * 2

    @torch.compile(fullgraph=True)
    def triple(x):
        return x * 3

    assert double(2) == 4 and triple(2) == 6 and double.__doc__ == "Twice x."
    assert torch.compile(len, disable=True) is len


def test_a_module_compiled_in_place():
    model = nn.Linear(3, 4)
    model.compile(backend="eager")
    assert list(model.state_dict()) == ["weight", "bias"]


def test_refusals():
    with pytest.raises(RuntimeError, match="Invalid backend"):
        torch.compile(len, backend="none")
    with pytest.raises(RuntimeError, match="Either mode or options"):
        torch.compile(len, mode="default", options={})
    with pytest.raises(RuntimeError, match="Invalid backend"):
        nn.Linear(3, 4).compile(backend="none")
