"""Attributes, registration, conversion and text of modules."""

import copy
import pickle

import pytest

import torchlite as torch
from torchlite import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 3))
        self.register_buffer("scale", torch.ones(3))
        self.register_buffer("cache", torch.zeros(1), persistent=False)
        self.inner = nn.Sequential(nn.Linear(3, 2), nn.ReLU())

    def forward(self, x):
        return self.inner(x * self.scale) @ self.weight


def names(pairs):
    return [name for name, _ in pairs]


def test_attributes_are_filed_by_kind():
    module = Small()
    assert names(module.named_parameters()) == ["weight", "inner.0.weight", "inner.0.bias"]
    assert names(module.named_buffers()) == ["scale", "cache"]
    assert names(module.named_children()) == ["inner"]
    assert names(module.named_modules()) == ["", "inner", "inner.0", "inner.1"]
    assert names(module.named_parameters(prefix="m", recurse=False)) == ["m.weight"]
    assert "weight" in dir(module) and "inner" in dir(module)


def test_reassigning_moves_a_name_from_one_kind_to_another():
    module = Small()
    module.scale = nn.Parameter(torch.ones(3))
    assert "scale" in dict(module.named_parameters())
    assert "scale" not in dict(module.named_buffers())
    module.plain = 1
    module.plain = nn.ReLU()
    assert names(module.named_children()) == ["inner", "plain"]
    module.plain = None
    assert module.plain is None and names(module.named_children()) == ["inner"]
    del module.weight
    assert not hasattr(module, "weight")


def test_a_buffer_stays_a_buffer_when_a_tensor_is_assigned():
    module = Small()
    module.cache = torch.ones(4)
    assert dict(module.named_buffers())["cache"].shape == (4,)
    assert "cache" not in module.state_dict()
    module.fresh = nn.Buffer(torch.ones(1), persistent=False)
    assert "fresh" in dict(module.named_buffers()) and "fresh" not in module.state_dict()


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda m: setattr(m, "weight", torch.ones(1)), TypeError, "as parameter 'weight'"),
        (lambda m: setattr(m, "weight", 3), TypeError, "cannot assign 'int' as parameter"),
        (lambda m: setattr(m, "inner", 3), TypeError, "as child module 'inner'"),
        (lambda m: setattr(m, "scale", 3), TypeError, "as buffer 'scale'"),
        (lambda m: m.register_buffer("a.b", None), KeyError, "buffer name can.*contain"),
        (lambda m: m.register_buffer("", None), KeyError, "empty string"),
        (lambda m: m.register_buffer("weight", None), KeyError, "already exists"),
        (lambda m: m.register_buffer("b", 3), TypeError, "object to buffer 'b'"),
        (lambda m: m.register_parameter(1, None), TypeError, "name should be a string. Got int"),
        (lambda m: m.register_parameter("forward", None), KeyError, "already exists"),
        (lambda m: m.register_parameter("p", torch.ones(1)), TypeError, "to parameter 'p'"),
        (lambda m: m.add_module("m", 3), TypeError, "is not a Module subclass"),
        (lambda m: m.train(1), ValueError, "training mode is expected to be boolean"),
        (lambda m: m.nothing, AttributeError, "'Small' object has no attribute 'nothing'"),
    ],
)
def test_misuse_is_refused_and_changes_nothing(change, error, text):
    module = Small()
    before = repr(module), names(module.named_parameters()), names(module.named_buffers())
    with pytest.raises(error, match=text):
        change(module)
    assert (repr(module), names(module.named_parameters()), names(module.named_buffers())) == before


def test_assigning_before_init_is_refused():
    class Early(nn.Module):
        def __init__(self, value):
            self.value = value

    for value, kind in ((nn.Parameter(torch.ones(1)), "parameters"), (nn.ReLU(), "module")):
        with pytest.raises(AttributeError, match=rf"cannot assign {kind} before Module.__init__"):
            Early(value)


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Module \[Empty\] is missing the required"):
        Empty()(1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'a'"):
        nn.Module(a=1)


def test_shared_modules_and_parameters_come_once():
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, layer)
    assert len(list(model.parameters())) == 2
    assert len(list(model.named_parameters(remove_duplicate=False))) == 4
    assert len(list(model.modules())) == 2
    assert names(model.named_modules(remove_duplicate=False)) == ["", "0", "1"]


def test_members_are_found_by_path():
    module = Small()
    assert module.get_submodule("") is module
    assert module.get_submodule("inner.0") is module.inner[0]
    assert module.get_parameter("inner.0.bias") is module.inner[0].bias
    assert module.get_buffer("scale") is module.scale
    with pytest.raises(AttributeError, match="Small has no attribute `outer`"):
        module.get_submodule("outer.0")
    with pytest.raises(AttributeError, match=r"`weight` is not an nn\.Module"):
        module.get_submodule("weight")
    with pytest.raises(AttributeError, match="`weight` is not a buffer"):
        module.get_buffer("weight")
    with pytest.raises(AttributeError, match=r"`scale` is not an nn\.Parameter"):
        module.get_parameter("scale")
    module.set_submodule("inner.1", nn.Tanh())
    assert isinstance(module.inner[1], nn.Tanh)
    with pytest.raises(ValueError, match="without a target name"):
        module.set_submodule("", nn.Tanh())


def test_train_and_eval_reach_every_module():
    module = Small()
    assert module.eval() is module
    assert not any(m.training for m in module.modules())
    assert all(m.training for m in module.train().modules())


def test_apply_visits_children_first():
    seen = []
    module = Small().apply(lambda m: seen.append(type(m).__name__))
    assert isinstance(module, Small)
    assert seen == ["Linear", "ReLU", "Sequential", "Small"]


def test_conversion_keeps_identity_and_integers():
    module = Small()
    module.register_buffer("count", torch.tensor(3))
    weight = module.weight
    weight.grad = torch.ones(2, 3)
    assert module.double() is module
    assert module.weight is weight and weight.dtype is torch.float64 and weight.requires_grad
    assert weight.grad.dtype is torch.float64
    assert module.scale.dtype is torch.float64 and module.count.dtype is torch.int64
    for dtype, convert in ((torch.float16, module.half), (torch.float32, module.float)):
        assert convert().weight.dtype is dtype
    assert module.to(torch.float64).weight.dtype is torch.float64
    assert module.to("cpu", torch.float32).weight.dtype is torch.float32
    assert module.to(torch.ones(1, dtype=torch.float64)).weight.dtype is torch.float64
    assert module.to(device="cpu").weight.dtype is torch.float64
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes"):
        module.to(torch.int64)


def test_a_conversion_that_fails_changes_nothing():
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    with pytest.raises(ZeroDivisionError):
        layer._apply(lambda t: 1 / 0)
    assert layer.weight.grad.tolist() == [[1, 1]]


def test_gradients_can_be_forgotten_zeroed_and_switched_off():
    module = Small()
    module(torch.ones(1, 3)).sum().backward()
    assert all(p.grad is not None for p in module.parameters())
    module.zero_grad(set_to_none=False)
    assert all((p.grad == 0).all() for p in module.parameters())
    module.zero_grad()
    assert all(p.grad is None for p in module.parameters())
    module.requires_grad_(False)
    assert not module(torch.ones(1, 3)).requires_grad


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"]
)
def test_duplicates_are_equal_and_independent(duplicate):
    module = Small()
    module.weight.requires_grad_(False)
    other = duplicate(module)
    x = torch.ones(2, 3)
    assert (other(x) == module(x)).all()
    assert isinstance(other.weight, nn.Parameter) and not other.weight.requires_grad
    with torch.no_grad():
        other.weight.mul_(2)
    assert (module.weight == 1).all()
    assert repr(other) == repr(module)
    assert "cache" not in other.state_dict()


def test_a_parameter_shares_memory_and_requires_grad():
    data = torch.ones(2)
    parameter = nn.Parameter(data)
    data.mul_(3)
    assert parameter.tolist() == [3.0, 3.0] and parameter.requires_grad and parameter.is_leaf
    assert repr(parameter).startswith("Parameter containing:\ntensor([3., 3.]")
    assert type(parameter * 2) is torch.Tensor
    assert nn.Parameter().shape == (0,)
    with torch.no_grad():
        assert nn.Parameter(data).requires_grad
    assert not nn.Parameter(torch.tensor(1), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(torch.tensor(1))
    with pytest.raises(TypeError, match="expected a Tensor"):
        nn.Parameter([1.0])


def test_super_init_passes_arguments_on_when_asked():
    class Named:
        def __init__(self, name):
            self.name = name

    class Both(nn.Module, Named):
        call_super_init = True

    assert Both("x").name == "x"


def test_hooks_on_registration_may_replace():
    from torchlite.nn.modules.module import register_module_parameter_registration_hook

    handle = register_module_parameter_registration_hook(lambda m, name, p: nn.Parameter(p * 0))
    with handle:
        assert (Small().weight == 0).all()
    assert (Small().weight == 1).all()


def test_a_module_that_is_found_twice():
    shared = nn.Linear(1, 1)
    model = nn.Sequential(shared, shared)
    assert len(list(model.modules())) == 2
    assert list(model.modules(remove_duplicate=False)) == [model, shared, shared]
