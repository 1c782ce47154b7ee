"""`__torch_function__`: subclasses of Tensor, other classes, and modes that take operations over.

Some of it can only be seen in a process of its own: the methods of Tensor get their hooks when the
first subclass is defined.
"""

import copy
import pickle

import pytest

import torchlite as torch
import torchlite.nn.functional as F
from torchlite import nn
from torchlite.overrides import (
    BaseTorchFunctionMode,
    DisableTorchFunction,
    DisableTorchFunctionSubclass,
    TorchFunctionMode,
    enable_reentrant_dispatch,
    get_overridable_functions,
    has_torch_function,
    has_torch_function_unary,
    has_torch_function_variadic,
    is_tensor_like,
    is_tensor_method_or_property,
    wrap_torch_function,
)


class Plain(torch.Tensor):
    """A subclass that changes nothing."""


class Logged(torch.Tensor):
    """A subclass that notes the names of the operations it meets."""

    seen: list = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.seen.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs)


class Diagonal:
    """No tensor: n times a number on a diagonal, with its own sum."""

    def __init__(self, n, value):
        self.n, self.value = n, value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.sum:
            return args[0].n * args[0].value
        if func in (torch.add, torch.Tensor.add):
            return "added"
        return NotImplemented


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x + 1,
        lambda x: 1 + x,
        lambda x: torch.ones(2) + x,
        lambda x: torch.ones(2).mul(x),
        lambda x: x[0],
        lambda x: x.T,
        lambda x: x.sum(dim=0),
        lambda x: torch.cat([torch.ones(2), x]),
        lambda x: F.relu(x),
        lambda x: F.linear(torch.ones(2, 2), x),
        lambda x: x.clone(),
        lambda x: x.detach(),
        lambda x: x.add_(1),
        lambda x: x.unbind(0)[1],
        lambda x: x.sort().values,
        lambda x: nn.Linear(2, 2)(x),
    ],
)
def test_results_keep_the_class(operation):
    assert type(operation(Plain([1.0, 2.0]))) is Plain


def test_what_is_no_tensor_stays_as_it_is():
    x = Plain([1.0, 2.0])
    assert type(x.shape) is torch.Size
    assert type(x.tolist()) is list
    assert type(x.sum().item()) is float
    assert repr(x) == "Plain([1., 2.])"


def test_gradients_reach_a_subclass():
    x = Plain([1.0, 2.0]).requires_grad_()
    loss = (x * x).sum()
    assert type(loss) is Plain
    loss.backward()
    assert x.grad.tolist() == [2, 4]


def test_attributes_and_copies_of_a_subclass():
    x = Plain([1.0, 2.0])
    x.unit = "m"
    for copied in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(copied) is Plain and copied.unit == "m" and copied.tolist() == [1, 2]


def test_every_kind_of_call_is_told():
    x = Logged([1.0, 2.0])
    Logged.seen.clear()
    torch.add(x, 1)
    x.add(1)
    x.mul_(2)
    x[0]
    x[0] = 3
    len(x)
    F.gelu(x)
    torch.stack([x, x])
    assert Logged.seen == [
        "add", "add", "mul_", "__getitem__", "__setitem__", "__len__", "gelu", "stack",
    ]  # fmt: skip


def test_plain_tensors_and_parameters_are_not_told():
    Logged.seen.clear()
    nn.Linear(2, 2)(torch.ones(1, 2)).sum().backward()
    assert not Logged.seen
    assert type(nn.Parameter(torch.ones(2)) * 2) is torch.Tensor


def test_the_subclass_comes_before_its_base():
    class Finer(Plain):
        pass

    assert type(Plain([1.0]) + Finer([1.0])) is Finer
    assert type(Finer([1.0]) + Plain([1.0])) is Finer


def test_unrelated_subclasses_do_not_mix():
    class Other(torch.Tensor):
        pass

    with pytest.raises(TypeError, match="handlers returned NotImplemented"):
        torch.add(Plain([1.0]), Other([1.0]))


def test_other_classes_take_over():
    x = Diagonal(3, 2)
    assert torch.sum(x) == 6
    assert torch.add(x, 1) == torch.add(torch.ones(1), x) == torch.ones(1) + x == "added"
    with pytest.raises(TypeError, match="Multiple dispatch failed for 'torch.mean'"):
        torch.mean(x)


def test_bad_arguments_keep_their_errors():
    with pytest.raises(TypeError, match="must be Tensor, not str"):
        torch.exp("x")
    with pytest.raises(TypeError, match="must be Tensor, not str"):
        torch.add(torch.ones(1), "x")


def test_disabled_inside():
    with DisableTorchFunctionSubclass():
        assert type(Plain([1.0]) + 1) is torch.Tensor
    assert type(Plain([1.0]) + 1) is Plain


def test_a_mode_is_told_of_every_operation():
    names = []

    class Names(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            names.append(func.__name__)
            return func(*args, **(kwargs or {}))

    with Names():
        y = torch.ones(2).add(1)
        F.relu(y)
    y.exp()
    assert names == ["ones", "add", "relu"]


def test_helpers():
    assert has_torch_function((torch.ones(1), Plain([1.0])))
    assert not has_torch_function((torch.ones(1), 3))
    assert is_tensor_like(Diagonal(1, 1)) and not is_tensor_like(3)


def test_disabled_and_enabled_again():
    x = Plain([1.0])
    with BaseTorchFunctionMode():
        assert type(x + 1) is Plain
    with DisableTorchFunction():
        assert type(x + 1) is torch.Tensor
        with enable_reentrant_dispatch():
            assert type(x + 1) is Plain


def test_a_function_of_the_user_can_be_taken_over():
    @wrap_torch_function(lambda a, b: (a, b))
    def both(a, b):
        return a + b

    class Takes:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func is both

    assert both(1, 2) == 3
    assert both(Takes(), 2) is True and both(1, Takes()) is True
    assert has_torch_function_unary(Takes()) and not has_torch_function_variadic(1, 2)


def test_what_can_be_taken_over():
    functions = get_overridable_functions()
    assert torch.Tensor.add in functions[torch.Tensor] and F.linear in functions["torch"]
    assert is_tensor_method_or_property(torch.Tensor.add)
    assert not is_tensor_method_or_property(F.linear)


def test_as_subclass_keeps_the_history():
    x = torch.ones(2, requires_grad=True)
    (x * 2).as_subclass(Plain).sum().backward()
    assert x.grad.tolist() == [2, 2]
    x.grad = None
    x.as_subclass(Plain).sum().backward()
    assert x.grad.tolist() == [1, 1]
