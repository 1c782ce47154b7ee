"""Modules as functions, `rearrange`, and the rest of `torchlite.func`."""

import pytest

import torchlite as torch
from torchlite import func, nn
from torchlite.func import rearrange, vmap

close = torch.testing.assert_close


def test_functional_call_uses_other_parameters_and_puts_them_back():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {name: p.clone() for name, p in net.named_parameters()}
    given = {name: torch.ones_like(p) for name, p in net.named_parameters()}
    x = torch.ones(1, 2)
    assert func.functional_call(net, given, x).item() == 10
    gradient = func.grad(lambda p: func.functional_call(net, p, x).sum())(given)
    close(gradient["1.weight"], torch.full((1, 3), 3.0))
    close(dict(net.named_parameters()), before)
    with pytest.raises(KeyError, match="nothing"):
        func.functional_call(net, {"nothing": x}, x)
    with pytest.raises(RuntimeError, match="Missing key"):
        func.functional_call(net, {"0.bias": torch.ones(3)}, x, strict=True)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        func.functional_call(net, {"0.weight": torch.ones(3, 5)}, x)
    close(dict(net.named_parameters()), before)


def test_tied_weights_are_replaced_together():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    zero = {"0.weight": torch.zeros(2, 2), "1.bias": torch.zeros(2)}
    x = torch.ones(1, 2)
    close(func.functional_call(net, zero, x), torch.zeros(1, 2))
    assert func.functional_call(net, zero, x, tie_weights=False).abs().sum() > 0


def test_an_ensemble_is_one_batched_call():
    nets = [nn.Linear(2, 3) for _ in range(4)]
    params, buffers = func.stack_module_state(nets)
    assert params["weight"].shape == (4, 3, 2) and params["weight"].is_leaf and not buffers
    x = torch.randn(5, 2)
    run = lambda p, x: func.functional_call(nets[0], p, x)  # noqa: E731
    close(vmap(run, in_dims=(0, None))(params, x), torch.stack([net(x) for net in nets]))
    with pytest.raises(RuntimeError, match="at least one model"):
        func.stack_module_state([])


def test_an_ensemble_of_networks_with_gradients():
    nets = [nn.Sequential(nn.Conv1d(2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(9, 1))
            for _ in range(3)]  # fmt: skip
    params, _ = func.stack_module_state(nets)
    x = torch.randn(5, 2, 4)
    loss = lambda p: func.functional_call(nets[0], p, x).square().sum()  # noqa: E731
    found = vmap(func.grad(loss))(params)
    for i, net in enumerate(nets):
        own = dict(net.named_parameters())
        expected = torch.autograd.grad(net(x).square().sum(), list(own.values()))
        close({k: g[i].detach() for k, g in found.items()}, dict(zip(own, expected)))


@pytest.mark.parametrize(
    ("pattern", "lengths", "shape"),
    [
        ("a b c -> c b a", {}, (4, 3, 2)),
        ("a b c -> (a b) c", {"a": 2}, (6, 4)),
        ("a b (c d) -> d (a c) b", {"c": 2}, (2, 4, 3)),
        ("... c -> c ...", {}, (4, 2, 3)),
        ("a ... -> a (...)", {}, (2, 12)),
        ("a b c -> a 1 b () c", {}, (2, 1, 3, 1, 4)),
    ],
)
def test_rearrange(pattern, lengths, shape):
    x = torch.arange(24).reshape(2, 3, 4)
    result = rearrange(x, pattern, **lengths)
    assert result.shape == shape
    before, after = pattern.split(" -> ")
    if "..." not in pattern:
        close(rearrange(result, f"{after} -> {before}", **lengths), x)
    close(rearrange([x, x], f"n {pattern.replace('-> ', '-> n ')}", **lengths)[1], result)


@pytest.mark.parametrize(
    ("pattern", "lengths", "error", "text"),
    [
        ("a b c", {}, ValueError, "single '->' separator"),
        ("a b c -> a b", {}, ValueError, "only on one side of rearrange expression"),
        ("a b -> b a", {}, ValueError, r"Number of dimensions in pattern \(2\)"),
        ("a b (c d) -> a b c d", {}, ValueError, "cannot infer the sizes of two dimensions at on"),
        ("a b (c d) -> a b c d", {"c": 3}, ValueError, "do not match"),
        ("a b c -> a 2 b c", {}, ValueError, "only supports unnamed axes of size 1"),
        ("1 b c -> b c", {}, ValueError, "do not match"),
        ("a a b -> a b", {}, ValueError, "duplicate dimension 'a'"),
        ("a b c -> a b c", {"d": 3}, ValueError, "not found in rearrange expression"),
        ("a b c -> a b ((c))", {}, ValueError, "brackets inside brackets"),
        ("a (b c -> a b c", {}, ValueError, "Imbalanced parentheses"),
        ("a b) c -> a b c", {}, ValueError, "not balanced"),
        ("a b? c -> a b c", {}, ValueError, r"Unknown character '\?'"),
        ("_a b c -> _a b c", {}, ValueError, "Invalid axis identifier"),
        ("a b c -> a b c ...", {}, ValueError, "Ellipsis found in right side"),
        ("a (...) -> a ...", {}, ValueError, "left side is not allowed"),
        ("... a ... -> a ...", {}, ValueError, "only one ellipsis"),
        ("a (b d) c -> a b d c", {"d": "x"}, TypeError, "must be integers"),
    ],
)
def test_bad_patterns_are_refused(pattern, lengths, error, text):
    with pytest.raises(error, match=text):
        rearrange(torch.zeros(2, 3, 4), pattern, **lengths)


def test_functionalize_changes_no_result():
    def f(x):
        y = x.clone()
        return y.add_(1)

    x = torch.randn(3)
    close(func.functionalize(f)(x), x + 1)
    with pytest.raises(RuntimeError, match="invalid argument for remove=views"):
        func.functionalize(f, remove="views")
