"""`vmap` and modules as functions."""

import pytest

import torchlite as torch
from torchlite import func, nn
from torchlite.func import vmap

close = torch.testing.assert_close


def test_dimensions_of_inputs_and_outputs():
    x, y = torch.randn(3, 4), torch.randn(4)
    close(vmap(torch.sum)(x), x.sum(1))
    close(vmap(torch.sum, in_dims=1)(x), x.sum(0))
    product, total = vmap(lambda a, b: (a * b, a.sum()), in_dims=(0, None), out_dims=(1, 0))(x, y)
    close(product, (x * y).T)
    close(total, x.sum(1))
    close(vmap(lambda d: d["a"] + d["b"], in_dims=({"a": 0, "b": None},))({"a": x, "b": y}), x + y)
    close(vmap(vmap(torch.mul))(x, x), x * x)
    scale = torch.arange(3.0)
    close(vmap(lambda a, scale: a * scale)(x, scale=scale), x * scale[:, None])


def test_it_goes_together_with_gradients():
    w, x = torch.randn(4), torch.randn(3, 4)
    loss = lambda w, x: (w * x).sin().sum()  # noqa: E731
    close(vmap(func.grad(loss), in_dims=(None, 0))(w, x), (w * x).cos() * x)
    close(func.grad(lambda x: vmap(lambda a: (a * a).sum())(x).sum())(x), 2 * x)


def test_randomness():
    x = torch.zeros(3, 5)
    draw = lambda a: a + torch.rand(5)  # noqa: E731
    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(draw)(x)
    same, different = vmap(draw, randomness="same")(x), vmap(draw, randomness="different")(x)
    close(same[0], same[1])
    assert not torch.equal(different[0], different[1])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: vmap(torch.sum, in_dims=2)(x), "expected in_dim to satisfy -2 <= in_dim < 2"),
        (lambda x: vmap(torch.sum, in_dims=None)(x), "`in_dims` to be int or"),
        (lambda x: vmap(torch.add)(x, x[:2]), "same size in the mapped dimension"),
        (lambda x: vmap(torch.add)(x, 3), "cannot vmap over non-Tensor"),
        (lambda x: vmap(torch.add, in_dims=(0,))(x, x), "not compatible with the structure"),
        (lambda x: vmap(torch.sum)(), "got no inputs"),
        (lambda x: vmap(lambda a: 3)(x), "must only return Tensors"),
        (lambda x: vmap(torch.sum)(x[:0]), "empty"),
    ],
)
def test_bad_calls_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(torch.ones(3, 4))


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
