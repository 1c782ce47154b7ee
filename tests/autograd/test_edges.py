"""Places in the graph instead of tensors, saved tensors that are overwritten, old functions."""

import pytest

import torchlite as torch
from torchlite.autograd import Function, NestedIOFunction, enforce_grad_layout_policy, grad
from torchlite.autograd.graph import (
    GradientEdge,
    allow_mutation_on_saved_tensors,
    get_gradient_edge,
)


@pytest.fixture
def chain():
    """A leaf, a vector and a number made of it."""
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x * 2).sin()
    return x, y, y.exp().sum()


def test_edges_stand_for_outputs_and_inputs(chain):
    x, y, z = chain
    wanted = grad(z, (x, y), retain_graph=True)
    at_x, at_y, at_z = map(get_gradient_edge, chain)
    for found in (grad(at_z, (at_x, at_y), retain_graph=True), grad(z, (x, at_y), None, True)):
        torch.testing.assert_close(found, wanted)
    (by_parts,) = grad(at_y, x, wanted[1], retain_graph=True)
    torch.testing.assert_close(by_parts, wanted[0])
    torch.autograd.backward(at_z, inputs=[at_x, at_y], retain_graph=True)
    torch.testing.assert_close(x.grad, wanted[0])
    assert y.grad is None
    by_hand = GradientEdge(z.grad_fn, 0)
    torch.testing.assert_close(grad(by_hand, x, torch.tensor(1.0)), wanted[:1])


def test_edges_that_cannot_be_used_are_refused(chain):
    x, y, z = chain
    elsewhere = get_gradient_edge(torch.ones(2, requires_grad=True) * 2)
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        grad(get_gradient_edge(y), x)
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        grad(GradientEdge(z.grad_fn, 0), x)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        grad(get_gradient_edge(y), x, torch.ones(2))
    with pytest.raises(RuntimeError, match="materialize_grads cannot be used"):
        grad(z, elsewhere, retain_graph=True, materialize_grads=True)
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        grad(z, elsewhere, retain_graph=True)


def test_saved_tensors_may_be_overwritten():
    with allow_mutation_on_saved_tensors():
        a = torch.ones(2, 3, requires_grad=True)
        b = a.clone()
        out = (b**2).sum()
        b[0].exp_()
        b.sin_()
        out.backward()
    torch.testing.assert_close(a.grad, torch.full((2, 3), 2.0))


def test_a_step_of_an_optimizer_may_come_before_backward():
    layer = torch.nn.Linear(3, 1)
    weight = layer.weight.detach().clone()
    x = torch.ones(1, 3, requires_grad=True)
    with allow_mutation_on_saved_tensors():
        y = layer(x).sum()
        layer.weight.grad = torch.ones(1, 3)
        torch.optim.SGD([layer.weight], 1.0).step()
        y.backward()
    torch.testing.assert_close(x.grad, weight)


def test_backward_outside_and_nesting_are_refused():
    x = torch.ones(2, requires_grad=True)
    with allow_mutation_on_saved_tensors():
        y = (x * x).sum()
        with pytest.raises(RuntimeError, match="cannot be nested"):
            allow_mutation_on_saved_tensors().__enter__()
    with pytest.raises(AssertionError, match="Trying to backward outside"):
        y.backward()


class Products(NestedIOFunction):
    def forward_extended(self, pair, z):
        self.save_for_backward(pair, z)
        return [pair[0] * pair[1], (z * 2,)]

    def backward_extended(self, gradients):
        (a, b), _ = self.saved_tensors
        g, (h,) = gradients
        return (g * b, g * a), h * 2


def test_functions_of_nested_tuples():
    a, b, z = (torch.full((2,), float(k), requires_grad=True) for k in (2, 3, 4))
    product, (double,) = Products()((a, b), z)
    (product + double).sum().backward()
    for x, value in ((a, 3.0), (b, 2.0), (z, 2.0)):
        torch.testing.assert_close(x.grad, torch.full((2,), value))


def test_vjp_is_another_name_for_backward():
    def twice(ctx, x):
        return x * 2

    rules = {"forward": staticmethod(twice), "vjp": staticmethod(lambda ctx, g: g * 5)}
    x = torch.ones(2, requires_grad=True)
    type("ByVjp", (Function,), rules).apply(x).sum().backward()
    assert x.grad.tolist() == [5, 5]
    both = type("Both", (Function,), {**rules, "backward": rules["vjp"]})
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        both.apply(x).sum().backward()


def test_the_layout_policy_is_put_back():
    x = torch.ones(2, 3).t().requires_grad_()

    def contiguous():
        x.grad = None
        (x * x).sum().backward()
        return x.grad.is_contiguous()

    assert contiguous()
    with enforce_grad_layout_policy(False):
        assert not contiguous()
    assert contiguous()
    assert not enforce_grad_layout_policy(False)(contiguous)()
    assert contiguous()
