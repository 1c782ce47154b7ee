"""Forward and backward hooks of modules."""

import copy

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn.modules import hooks as module_hooks


class Double(nn.Module):
    def forward(self, x, shift=0.0):
        return x * 2 + shift


class Failing(nn.Module):
    def forward(self, x):
        raise ValueError("broken")


def test_forward_hooks_see_and_replace():
    module, x = Double(), torch.ones(2)
    pre = module.register_forward_pre_hook(lambda m, args: args[0] + 1)
    post = module.register_forward_hook(lambda m, args, out: out + args[0])
    assert module(x).tolist() == [6.0, 6.0]
    pre.remove()
    assert module(x).tolist() == [3.0, 3.0]
    post.remove()
    post.remove()
    assert module(x).tolist() == [2.0, 2.0]


def test_hooks_with_kwargs():
    module, x = Double(), torch.ones(1)
    module.register_forward_pre_hook(lambda m, args, kw: (args, {"shift": 5}), with_kwargs=True)
    module.register_forward_hook(lambda m, a, kw, out: out + kw["shift"], with_kwargs=True)
    assert module(x).item() == 12
    module.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of \\(new_args"):
        module(x)


def test_prepended_hooks_run_first():
    module, order = Double(), []
    module.register_forward_hook(lambda *_: order.append("second"))
    module.register_forward_hook(lambda *_: order.append("first"), prepend=True)
    module(torch.ones(1))
    assert order == ["first", "second"]


def test_always_called_hooks_run_when_forward_raises():
    module, called = Failing(), []
    module.register_forward_hook(lambda *_: called.append("no"))
    module.register_forward_hook(lambda *_: called.append("yes"), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        module(torch.ones(1))
    assert called == ["yes"]

    def fail(*_):
        raise KeyError("hook")

    module.register_forward_hook(fail, always_call=True)
    silenced = pytest.warns(UserWarning, match="raised an exception that was silenced")
    with silenced, pytest.raises(ValueError, match="broken"):
        module(torch.ones(1))


def test_global_hooks_run_before_those_of_the_module():
    module, order = Double(), []
    module.register_forward_hook(lambda *_: order.append("module"))
    with module_hooks.register_module_forward_hook(lambda *_: order.append("global")):
        module(torch.ones(1))
    with module_hooks.register_module_forward_pre_hook(lambda m, args: args[0] * 10):
        assert module(torch.ones(1)).item() == 20
    assert module(torch.ones(1)).item() == 2
    assert order == ["global", "module", "module", "module"]


def test_full_backward_hooks_see_and_replace_gradients():
    module, seen = Double(), []

    def hook(m, grad_input, grad_output):
        seen.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 10,)

    module.register_full_backward_hook(hook)
    module.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] + 1,))
    x = torch.ones(2, requires_grad=True)
    (module(x) * 3).sum().backward()
    assert seen == [([8.0, 8.0], [4.0, 4.0])]
    assert x.grad.tolist() == [80.0, 80.0]


def test_full_backward_hook_with_several_inputs_and_no_gradient():
    seen = []
    module = Double()
    module.register_full_backward_hook(
        lambda m, gi, go: seen.append((len(gi), gi[1], go[0].item()))
    )
    x = torch.ones(1, requires_grad=True)
    module(x, 3.0).sum().backward()
    assert seen == [(2, None, 1.0)]
    with torch.no_grad():
        module(x, 3.0)
    assert len(seen) == 1


def test_full_backward_hook_leaves_inputs_without_gradient_alone():
    class Both(nn.Module):
        def forward(self, x, y):
            assert not y.requires_grad
            return x * y, y

    module, seen = Both(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi[1], go[1])))
    first, second = module(torch.ones(1, requires_grad=True), torch.ones(1))
    first.sum().backward()
    assert seen == [(None, None)] and not second.requires_grad


def test_full_backward_hook_fires_without_inputs_that_require_grad():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        layer(torch.ones(1, 2)).sum().backward()
    assert seen == [(None,)]
    assert layer.weight.grad is not None


def test_full_backward_hook_of_wrong_length_is_refused():
    module = Double()
    module.register_full_backward_hook(lambda m, gi, go: (*gi, None))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        module(torch.ones(1, requires_grad=True)).sum().backward()


def test_copies_keep_hooks():
    module = Double()
    module.register_forward_hook(lambda m, args, out: out + 1)
    assert copy.deepcopy(module)(torch.ones(1)).item() == 3
