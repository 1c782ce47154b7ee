"""The walk through the graph: what it computes, what it keeps, and what it gives back."""

import gc
import tracemalloc
import weakref

import pytest

import torchlite as torch
from torchlite.autograd import backward, grad


def leaf(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


@pytest.fixture
def no_collector():
    """Memory must return by reference counts alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# --- values --------------------------------------------------------------------------------------


def test_gradients_of_all_paths_add_up():
    x = leaf(2.0, 3.0)
    y = x * x
    (y * x + y).sum().backward()
    assert x.grad.tolist() == [3 * 4 + 4.0, 3 * 9 + 6.0]


def test_backward_accumulates():
    x = leaf(1.0)
    for _ in range(3):
        (x * 2).sum().backward()
    assert x.grad.tolist() == [6.0]


def test_the_gradient_of_a_leaf_is_its_own_memory():
    x, g = leaf(1.0, 2.0), torch.tensor([1.0, 1.0], dtype=torch.float64)
    (x + 0).backward(g)
    x.grad.mul_(5)
    assert g.tolist() == [1.0, 1.0]
    y, z = leaf(1.0), leaf(1.0)
    (y + z).sum().backward()
    y.grad.zero_()
    assert z.grad.tolist() == [1.0]


def test_backward_of_several_tensors_with_weights():
    x = leaf(2.0)
    backward([x * 3, x * x], [torch.tensor([1.0], dtype=torch.float64)] * 2)
    assert x.grad.tolist() == [7.0]


def test_backward_into_chosen_inputs_only():
    x, y = leaf(2.0), leaf(5.0)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [5.0]
    assert y.grad is None


def test_a_long_chain_goes_backward():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1.0]


# --- grad ----------------------------------------------------------------------------------------


def test_grad_leaves_the_leaves_alone():
    x, y = leaf(2.0), leaf(5.0)
    z = x * y
    gx, gz = grad(z * 2, [x, z], torch.ones(1, dtype=torch.float64))
    assert (gx.tolist(), gz.tolist()) == ([10.0], [2.0])
    assert x.grad is None
    assert y.grad is None


def test_grad_of_an_unused_tensor():
    x, unused = leaf(2.0), leaf(1.0, 1.0)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        grad((x * x).sum(), [x, unused])
    assert grad((x * x).sum(), [x, unused], allow_unused=True)[1] is None
    assert grad((x * x).sum(), [x, unused], materialize_grads=True)[1].tolist() == [0.0, 0.0]


def test_grad_with_respect_to_what_needs_none():
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors does not require"):
        grad((x * x).sum(), torch.ones(1))


def test_create_graph_gives_gradients_of_gradients():
    x = leaf(3.0)
    y = (x**4).sum()
    for expected in (4 * 27, 12 * 9, 24 * 3, 24):
        (y,) = grad(y.sum(), x, create_graph=True)
        assert y.tolist() == [expected]


def test_without_create_graph_the_gradient_has_no_history():
    x = leaf(3.0)
    (g,) = grad((x * x).sum(), x)
    assert not g.requires_grad


def test_inside_no_grad_backward_records_nothing_and_restores_the_mode():
    x = leaf(3.0)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward(create_graph=True)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    assert x.grad.requires_grad
    x.grad = None


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: (x * x).backward(), "grad can be implicitly created only for scalar outputs"),
        (lambda x: x.detach().sum().backward(), "element 0 of tensors does not require grad"),
        (lambda x: (x * x).backward(torch.ones(3)), "Mismatch in shape: grad_output"),
        (lambda x: (x * x).sum().backward(inputs=[]), "'inputs' argument to backward"),
    ],
)
def test_what_backward_refuses(call, text):
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=text):
        call(x)
    assert x.grad is None


def test_twice_through_a_freed_graph():
    x = leaf(1.0, 2.0)
    y = x.exp().sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    assert torch.equal(x.grad, x.detach().exp())


def test_twice_through_a_graph_that_is_kept():
    x = leaf(1.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0]


# --- hooks ---------------------------------------------------------------------------------------


def test_a_hook_sees_and_replaces_the_gradient():
    x, seen = leaf(1.0, 2.0), []
    y = x * 3
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert seen == [[1.0, 1.0]]
    assert x.grad.tolist() == [30.0, 30.0]
    handle.remove()
    handle.remove()


def test_a_hook_on_a_leaf_runs_once_on_the_sum():
    x, seen = leaf(1.0), []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5.0]]


def test_the_post_accumulate_hook_sees_the_tensor():
    x, seen = leaf(1.0), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert seen == [[2.0], [4.0]]


def test_a_hook_that_raises_leaves_the_mode_as_it_was():
    x = leaf(1.0)
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * 2).sum().backward()
    assert torch.is_grad_enabled()


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = leaf(2.0)
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.retains_grad
    assert y.grad.tolist() == [12.0]


# --- memory --------------------------------------------------------------------------------------


def test_the_graph_goes_with_its_result(no_collector):
    x = leaf(1.0)
    y = x.exp() * x
    nodes = [weakref.ref(y.grad_fn), weakref.ref(y.grad_fn.next_functions[0][0])]
    result = weakref.ref(y)
    del y
    assert [ref() for ref in (*nodes, result)] == [None] * 3


def test_a_tensor_that_retains_its_gradient_goes_too(no_collector):
    x = leaf(1.0)
    y = x.exp()
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    result = weakref.ref(y)
    del y
    assert result() is None


def test_backward_frees_what_it_has_used(no_collector):
    x = leaf(1.0)
    middle = x.exp()
    ref = weakref.ref(middle)
    loss = (middle * middle).sum()
    del middle
    assert ref() is not None  # saved for the gradient of the product
    loss.backward()
    assert ref() is None


def test_memory_is_flat_over_training_steps(no_collector):
    w = torch.zeros(200, 200, requires_grad=True)

    def step():
        w.grad = None
        ((w @ w).tanh() * 2).sum().backward()

    for _ in range(20):
        step()
    tracemalloc.start()
    for _ in range(5):
        step()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(100):
        step()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < w.numel() * w.element_size()
