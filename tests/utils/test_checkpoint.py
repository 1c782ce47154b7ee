"""`utils.checkpoint` gives the gradients of the plain call, from less that is kept."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential

MODES = pytest.mark.parametrize("use_reentrant", [False, True])
close = torch.testing.assert_close


def layer(w):
    return lambda x: torch.dropout((x @ w).tanh() ** 2, 0.5, True).exp()


@MODES
def test_gradients_and_random_numbers_are_those_of_the_plain_call(use_reentrant):
    found = []
    for call in (lambda f, x: f(x), lambda f, x: checkpoint(f, x, use_reentrant=use_reentrant)):
        torch.manual_seed(1)
        x, w = torch.randn(4, 3, requires_grad=True), torch.randn(3, 3, requires_grad=True)
        f = layer(w)
        y = call(f, call(f, x * 1))
        after = torch.rand(1)
        y.sum().backward()
        found.append((y.detach(), x.grad, w.grad, after))
    close(found[0], found[1])


def test_the_function_runs_again_and_nothing_of_it_is_kept_before():
    runs, x = [], torch.ones(2, requires_grad=True)

    def f(x):
        runs.append(torch.is_grad_enabled())
        return x.exp().sin()

    y = checkpoint(f, x, use_reentrant=False)
    assert runs == [True]
    y.sum().backward(retain_graph=True)
    assert runs == [True, True]
    y.sum().backward()
    assert runs == [True] * 3
    close(x.grad, (2 * x.exp() * x.exp().cos()).detach())


def test_checkpoints_nest_and_have_second_gradients():
    x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)

    def inner(a):
        return (a.sin() * a).exp()

    def outer(a):
        return checkpoint(inner, a.cos() * a, use_reentrant=False).tanh()

    def gradients(y):
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        return g.detach(), torch.autograd.grad((g * g).sum(), x)[0]

    expected = gradients(inner(x.cos() * x).tanh())
    close(gradients(checkpoint(outer, x, use_reentrant=False)), expected)


def test_a_second_run_that_differs_is_an_error():
    sizes = iter([2, 3, 2])

    def f(x):
        return (x.exp() * torch.ones(next(sizes), 1)).sin()

    y = checkpoint(f, torch.ones(2, requires_grad=True), use_reentrant=False)
    with pytest.raises(CheckpointError, match="different metadata"):
        y.sum().backward()
    steps = iter([2, 1])

    def g(x):
        for _ in range(next(steps)):
            x = x.exp()
        return x

    y = checkpoint(g, torch.ones(2, requires_grad=True), use_reentrant=False)
    with pytest.raises(CheckpointError, match="A different number of tensors"):
        y.sum().backward()


def test_arguments_that_do_not_fit_are_refused():
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed"):
        checkpoint(torch.exp, x)
    with pytest.raises(ValueError, match="Unexpected keyword"):
        checkpoint(torch.exp, x, use_reentrant=True, scale=2)
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(torch.exp, x, use_reentrant=False, determinism_check="maybe")
    with pytest.warns(UserWarning, match="None of the inputs"):
        checkpoint(torch.exp, x.detach(), use_reentrant=True)


@MODES
def test_a_sequence_in_segments(use_reentrant):
    net = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    x = torch.randn(4, 3, requires_grad=True)
    (expected,) = torch.autograd.grad(net(x).sum(), x)
    checkpoint_sequential(net, 2, x, use_reentrant=use_reentrant).sum().backward()
    close(x.grad, expected)
