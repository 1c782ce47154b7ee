"""Sequential, lists and dicts of modules and parameters."""

from collections import OrderedDict

import pytest

import torchlite as torch
from torchlite import nn


def test_sequential_runs_in_order():
    model = nn.Sequential(nn.ReLU(), nn.Identity())
    assert model(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert len(model) == 2 and isinstance(model[-1], nn.Identity)
    named = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))
    assert isinstance(named.b, nn.Tanh)
    assert list(named[1:].state_dict()) == [] and [n for n, _ in named[1:].named_children()] == [
        "b"
    ]


def test_sequential_edits():
    model = nn.Sequential(nn.ReLU())
    model.append(nn.Tanh()).insert(0, nn.ELU()).extend([nn.GELU()])
    assert [type(m).__name__ for m in model] == ["ELU", "ReLU", "Tanh", "GELU"]
    assert isinstance(model.pop(1), nn.ReLU)
    del model[0]
    assert [n for n, _ in model.named_children()] == ["0", "1"]
    model[0] = nn.SELU()
    assert isinstance(model[0], nn.SELU)
    assert len(model + model) == 4 and len(model * 3) == 6 and len(2 * model) == 4
    model *= 2
    model += nn.Sequential(nn.ReLU())
    assert len(model) == 5


@pytest.mark.parametrize(
    ("edit", "error", "text"),
    [
        (lambda m: m[3], IndexError, "index 3 is out of range"),
        (lambda m: m + 1, ValueError, "supports only objects of Sequential class"),
        (lambda m: m * 0, ValueError, "Non-positive multiplication factor 0"),
        (lambda m: m * 1.5, TypeError, "unsupported operand type"),
        (lambda m: m.insert(9, nn.ReLU()), IndexError, "Index out of range: 9"),
        (lambda m: m.insert(0, 3), AssertionError, "module should be of type"),
        (lambda m: m.append(3), TypeError, "int is not a Module subclass"),
        (lambda m: nn.ModuleList(3), TypeError, "extend should be called with an iterable"),
        (lambda m: nn.ModuleDict(3), TypeError, "iterable of key/value pairs, but got int"),
        (lambda m: nn.ModuleDict([(1,)]), ValueError, "element #0 has length 1; 2 is required"),
        (lambda m: nn.ModuleDict({"a.b": nn.ReLU()}), KeyError, "module name can.*contain"),
        (lambda m: nn.ModuleList()(1), NotImplementedError, "missing the required"),
        (lambda m: nn.ParameterList([])(), RuntimeError, "should not be called"),
        (lambda m: nn.ParameterDict({1: torch.ones(1)}), TypeError, "type is 'int'"),
        (lambda m: nn.ParameterDict()["a"], KeyError, "a"),
    ],
)
def test_misuse_is_refused(edit, error, text):
    model = nn.Sequential(nn.ReLU(), nn.Tanh())
    with pytest.raises(error, match=text):
        edit(model)
    assert [type(m).__name__ for m in model] == ["ReLU", "Tanh"]


def test_module_list():
    layers = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))
    assert len(list(layers.parameters())) == 6
    assert isinstance(layers[:2], nn.ModuleList) and len(layers[:2]) == 2
    layers += [nn.ReLU()]
    assert len(layers + [nn.ReLU()]) == 5 and len(layers) == 4
    layers.insert(0, nn.Tanh())
    assert isinstance(layers[0], nn.Tanh) and isinstance(layers[4], nn.ReLU)
    del layers[1:3]
    assert len(layers) == 3
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_module_dict():
    modules = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    modules["c"] = nn.Linear(1, 1)
    assert list(modules) == ["a", "b", "c"] and "c" in modules and len(modules) == 3
    assert isinstance(modules.pop("a"), nn.ReLU)
    modules.update([("b", nn.GELU())])
    assert [type(m).__name__ for m in modules.values()] == ["GELU", "Linear"]
    del modules["b"]
    assert list(dict(modules.items())) == ["c"] == list(modules.keys())
    modules.clear()
    assert not len(modules)


def test_parameter_list():
    values = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1)), "text"])
    assert isinstance(values[0], nn.Parameter) and values[2] == "text"
    assert [n for n, _ in values.named_parameters()] == ["0", "1"]
    values.append(torch.ones(3)).extend([torch.ones(4)])
    values[0] = torch.ones(5)
    assert len(values) == 5 and values[0].shape == (5,) and len(values[1:3]) == 2
    assert len(list(values)) == 5
    with pytest.raises(IndexError, match="index 7 is out of range"):
        values[7]


def test_parameter_dict():
    values = nn.ParameterDict({"b": torch.ones(2), "a": torch.ones(1)})
    assert list(values) == ["a", "b"] and isinstance(values["a"], nn.Parameter)
    assert values.setdefault("c", torch.ones(3)).shape == (3,)
    assert values.get("d") is None and values.pop("c").shape == (3,)
    merged = values | {"z": torch.ones(1)}
    assert list(merged) == ["a", "b", "z"] and "z" not in values
    values |= {"y": torch.ones(1)}
    assert values.popitem()[0] == "y"
    assert list(values.copy().items())[1][0] == "b" and list(reversed(values)) == ["b", "a"]
    assert list(values.fromkeys(["k"], 1).items()) == [("k", 1)]
    values.clear()
    assert len(values) == 0


@pytest.mark.parametrize("watched", [None, "linear", "relu", "patched"])
def test_a_linear_and_its_relu_in_a_row_compute_the_same_fused_or_not(watched):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    seen = []
    if watched == "patched":
        weights = list(model[0].parameters())
        model[0].forward = lambda x: seen.append(x) or nn.functional.linear(x, *weights)
    elif watched is not None:
        part = model[0 if watched == "linear" else 1]
        part.register_forward_hook(lambda *args: seen.append(args))
    x = torch.randn(5, 3, requires_grad=True)
    expected = model[2](nn.functional.relu(model[0](x)))
    seen.clear()
    out = model(x)
    assert torch.allclose(out, expected)
    assert len(seen) == (watched is not None)
    (first,) = torch.autograd.grad(out.sum(), x)
    (second,) = torch.autograd.grad(expected.sum(), x)
    assert torch.allclose(first, second)
