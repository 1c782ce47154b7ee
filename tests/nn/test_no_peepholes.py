"""A Sequential of Linear and ReLU is what its modules make of it, in every spelling."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.core.overrides import TorchFunctionMode


class Named(torch.Tensor):
    pass


class Listening(TorchFunctionMode):
    def __init__(self):
        self.heard = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.heard.append(func.__name__)
        return func(*args, **(kwargs or {}))


def model():
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU())


def test_a_subclass_stays_what_it_is():
    assert type(model()(torch.ones(2, 3).as_subclass(Named))) is Named


def test_a_mode_hears_both_operations():
    with Listening() as mode:
        model()(torch.ones(2, 3))
    assert [name for name in mode.heard if name in ("linear", "relu")] == ["linear", "relu"]


def test_a_forward_replaced_on_the_class_runs(monkeypatch):
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, input: input * 0 + 7)
    assert model()(torch.ones(2, 3)).tolist() == [[7.0] * 4] * 2


def test_a_bias_of_another_shape_is_refused():
    net = model()
    net[0].bias = nn.Parameter(torch.zeros(5, 1, 4))
    with pytest.raises(RuntimeError, match="expanded size"):
        net(torch.ones(2, 3))


def test_the_graph_has_a_node_for_each():
    out = model()(torch.ones(2, 3))
    assert out.grad_fn.name() == "ReluBackward0"
    assert out.grad_fn.next_functions[0][0].name() == "AddmmBackward0"
