"""Hooks on saved tensors, nodes and several gradients: `torchlite.autograd.graph`."""

import threading

import pytest

import torchlite as torch
from torchlite.autograd import graph


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_saved_tensors_go_through_the_hooks_and_gradients_stay_the_same():
    x = numbers(1.0, 2.0, 3.0)
    saved = []

    def pack(t):
        assert not t.requires_grad
        saved.append(t.shape)
        return t.tolist()

    with graph.saved_tensors_hooks(pack, lambda kept: torch.tensor(kept, dtype=torch.float64)):
        y = (x * x).exp()
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert saved == [(3,)] * 3
    torch.testing.assert_close(g, 2 * x * (x * x).exp())
    (gg,) = torch.autograd.grad(g.sum(), x)
    torch.testing.assert_close(gg, ((2 + 4 * x * x) * (x * x).exp()).detach())


def test_what_unpack_returns_is_what_backward_uses():
    x = numbers(1.0, 2.0)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]


def test_results_and_operands_written_in_place_are_packed_before():
    x = numbers(1.0, 2.0)
    y = x * 1
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y.sin_()
        y.exp_()
    y.sum().backward()
    torch.testing.assert_close(x.grad, (x.sin().exp() * x.cos()).detach())


def test_the_innermost_hooks_of_this_thread_count():
    x, seen = numbers(1.0), []
    outer = graph.saved_tensors_hooks(lambda t: seen.append("outer") or t, lambda t: t)
    inner = graph.saved_tensors_hooks(lambda t: seen.append("inner") or t, lambda t: t)
    with outer:
        with inner:
            x.exp()
        x.exp()
        thread = threading.Thread(target=x.exp)
        thread.start()
        thread.join()
    x.exp()
    assert seen == ["inner", "outer"]


def test_a_custom_function_saves_through_the_hooks():
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * y + 0 * x

    x, packed = numbers(0.5), []
    with graph.saved_tensors_hooks(lambda t: packed.append(1) or t.clone(), lambda t: t):
        y = Exp.apply(x)
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (gg,) = torch.autograd.grad(g, x)
    assert len(packed) == 2
    torch.testing.assert_close(gg, x.exp().detach())


def test_bad_hooks_are_refused():
    x = numbers(1.0)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor"):
        y.backward()
    with (
        pytest.raises(RuntimeError, match="modifying its input in place"),
        graph.saved_tensors_hooks(lambda t: t.add_(1), lambda t: t),
    ):
        x.exp()
    with (
        pytest.raises(RuntimeError, match="not here"),
        graph.disable_saved_tensors_hooks("not here"),
        graph.save_on_cpu(),
    ):
        pass


def test_saved_tensors_are_freed_after_backward_but_numbers_are_not():
    x = numbers(1.0, 2.0)
    with graph.save_on_cpu(pin_memory=True):
        y = x.exp().sum()
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    z = (x * 2).reshape(2, 1).sum()  # nothing but shapes and numbers is saved
    z.backward()
    z.backward()
    torch.testing.assert_close(x.grad, x.exp().detach() + 4)


def test_multi_grad_hooks_wait_for_the_gradients_of_one_backward():
    a, b, c = numbers(1.0), numbers(2.0), numbers(3.0)
    every, first = [], []
    handle = graph.register_multi_grad_hook((a, b, c), every.append)
    graph.register_multi_grad_hook((a, b), first.append, mode="any")
    (a * b).sum().backward()
    (a * b * c).sum().backward()
    handle.remove()
    (a * b).sum().backward()
    assert [[g if g is None else g.item() for g in grads] for grads in every] == [
        [2.0, 1.0, None], [6.0, 3.0, 2.0],
    ]  # fmt: skip
    assert len(first) == 3
    with pytest.raises(ValueError, match="Expects mode"):
        graph.register_multi_grad_hook((a,), print, mode="some")


def test_hooks_of_nodes_see_and_change_gradients():
    x = numbers(1.0, 2.0)
    y = x * 3
    z = y * y
    seen = []

    def double(grad_inputs, grad_outputs):
        seen.append((len(grad_inputs), grad_outputs[0].tolist()))
        return tuple(2 * g for g in grad_inputs)

    handle = y.grad_fn.register_hook(double)
    y.grad_fn.register_prehook(lambda grads: (grads[0] + 1,))
    z.sum().backward(retain_graph=True)
    assert seen == [(1, [7.0, 13.0])]
    assert x.grad.tolist() == [42.0, 78.0]
    handle.remove()
    x.grad = None
    z.sum().backward()
    assert x.grad.tolist() == [21.0, 39.0]


def test_gradient_edges_and_versions():
    x = numbers(1.0)
    assert graph.get_gradient_edge(x * 2).node.name() == "MulBackward0"
    assert graph.get_gradient_edge(x).node.variable is x
    with pytest.raises(RuntimeError, match="does not require gradients"):
        graph.get_gradient_edge(x.detach())
    y = x.detach().requires_grad_()
    z = y.exp().sum() + (y * y).sum()
    graph.increment_version([y])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_hooks_on_views_and_on_what_is_overwritten():
    x = numbers(1.0, 2.0, 3.0, 4.0)
    y = x * 2
    view = y[:2]
    seen = []
    view.register_hook(lambda g: seen.append(g.tolist()) or g * 10)
    (view * view).sum().backward()
    assert seen == [[4.0, 8.0]] and x.grad.tolist() == [80.0, 160.0, 0.0, 0.0]
    y, x.grad = x * 2, None
    y.register_hook(lambda g: seen.append(g.tolist()))
    y[:2].mul_(3)  # the hook keeps to the values of before
    (y * y).sum().backward()
    assert seen[1] == [36.0, 72.0, 12.0, 16.0]
