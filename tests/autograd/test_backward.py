"""Where backward puts gradients, what hooks may do to them, and what it refuses."""

import threading

import pytest

import torchlite as torch
from torchlite.autograd import grad


def leaf(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def test_gradients_with_a_graph_have_memory_of_their_own():
    a, b, start = leaf(0.0), leaf(0.0), torch.ones(1, dtype=torch.float64)
    (a + b).backward(start, create_graph=True)
    with torch.no_grad():
        a.grad.zero_()
    assert b.grad.tolist() == start.tolist() == [1.0]


def test_accumulating_keeps_the_gradient_object():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 2).sum().backward(inputs=[x, x])
    assert x.grad is first
    assert first.tolist() == [4.0, 4.0]


def test_accumulating_into_an_expanded_gradient_is_refused():
    x = leaf(1.0, 2.0)
    x.grad = torch.zeros(1, dtype=torch.float64).expand(2)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        (x * x).sum().backward()


def test_backward_with_inputs_calls_their_hooks():
    x, calls = leaf(1.0), []
    x.register_post_accumulate_grad_hook(lambda t: calls.append(t.grad.item()))
    (x * 5).backward(inputs=x)
    assert calls == [5.0]


def test_threads_that_share_a_leaf_lose_no_gradient():
    x = torch.zeros(5000, requires_grad=True)

    def work():
        for _ in range(100):
            (x * 1).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (x.grad == 400).all()


@pytest.mark.parametrize(
    ("hook", "error", "text"),
    [
        (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (lambda g: g[:1], RuntimeError, "hook '<lambda>' has changed the size of value"),
        (lambda g: g.float(), RuntimeError, "hook '<lambda>' has changed the type of value"),
    ],
)
def test_a_hook_may_not_change_what_a_gradient_is(hook, error, text):
    x = leaf(1.0, 2.0)
    handle = x.register_hook(hook)
    with pytest.raises(error, match=text):
        (x * 2).sum().backward()
    assert x.grad is None
    assert torch.is_grad_enabled()
    handle.remove()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_complex_result_needs_a_gradient_to_start_from():
    z = torch.tensor([1 + 2j], requires_grad=True)
    with pytest.raises(RuntimeError, match="only for real scalar outputs but got torch.complex64"):
        (z * z).sum().backward()


def test_grad_names_the_unused_input():
    x, y = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="The differentiated Tensor at index 1 appears to not"):
        grad((x * 2).sum(), [x, y])
