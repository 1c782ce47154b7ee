"""One test for each bug that a user could have met."""

import threading

import numpy as np
import pytest

import torchlite as torch
from torchlite import nn
from torchlite.autograd import Function, grad


def leaf(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


# --- views and writes in place --------------------------------------------------------------------


@pytest.mark.parametrize("write", [lambda v: v.mul_(3), lambda v: v.fill_(1), lambda v: v.copy_(v)])
def test_a_view_made_in_no_grad_refuses_recorded_writes(write):
    base = leaf(1.0, 2.0, 3.0) * 2
    with torch.no_grad():
        view = base[:2]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        write(view)
    assert base.tolist() == [2.0, 4.0, 6.0]
    with torch.no_grad():
        write(view)


def test_a_view_made_in_no_grad_refuses_values_with_a_history():
    base = torch.ones(3)
    with torch.no_grad():
        view = base[:2]
    view.mul_(2)  # nothing to record
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        view[0] = torch.ones((), requires_grad=True)
    assert base.tolist() == [2.0, 2.0, 1.0]


def test_a_view_made_in_no_grad_of_a_stale_view_is_a_constant():
    x = leaf(1.0, 2.0)
    base = x * 1
    view = base[:]
    base.mul_(3)
    with torch.no_grad():
        constant = view[:1]
    assert not (constant * 1).requires_grad


def test_a_view_that_became_a_leaf_may_not_be_written_through_another_view():
    part = torch.zeros(3)[:2]
    part.requires_grad_()
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        part[:1].mul_(2)


def test_views_of_a_detached_base_keep_their_history():
    x = leaf(1.0, 2.0)
    base = x * 3
    view = base[:1]
    base.detach_()
    view.sum().backward()
    assert x.grad.tolist() == [3.0, 0.0]


def test_the_retained_gradient_is_that_of_the_value_written_last():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert y.grad.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_quotient_may_be_overwritten():
    a, b = leaf(1.0, 2.0), leaf(2.0, 4.0)
    y = a / b
    y += 1
    y.sum().backward()
    assert b.grad.tolist() == [-0.25, -0.125]


def test_out_must_be_a_tensor_without_overlap():
    with pytest.raises(TypeError, match=r"add\(\): argument 'out' must be Tensor, not list"):
        torch.add(torch.ones(2), 1, out=[1])
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        torch.add(torch.ones(2), 1, out=torch.zeros(1).expand(2))


def test_out_may_require_grad_in_no_grad():
    out = torch.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        torch.add(torch.ones(2), 1, out=out)
    with torch.no_grad():
        torch.add(torch.ones(2), 1, out=out)
    assert out.requires_grad
    assert out.tolist() == [2.0, 2.0]


# --- accumulation ---------------------------------------------------------------------------------


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


# --- functions and switches -----------------------------------------------------------------------


class Scale(Function):
    """``x * k``, and k itself; the gradient comes in another dtype."""

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return x * k, k

    @staticmethod
    def backward(ctx, g, unused):
        assert unused is None
        return (g * ctx.k).float(), None


def test_a_function_may_return_plain_values_and_gradients_of_another_dtype():
    x = leaf(1.0, 2.0)
    y, k = Scale.apply(x, 4)
    y.sum().backward()
    assert k == 4
    assert x.grad.dtype is torch.float64
    assert x.grad.tolist() == [4.0, 4.0]


class Double_(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_a_function_that_writes_into_a_view_changes_the_history_of_its_base():
    x = leaf(1.0, 1.0)
    base = x * 1
    Double_.apply(base[:1])
    (base * base).sum().backward()
    assert x.grad.tolist() == [8.0, 2.0]


def test_a_function_may_not_write_into_a_leaf():
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        Double_.apply(leaf(1.0))


def test_a_switched_generator_can_be_thrown_into_and_closed():
    states = []

    @torch.no_grad()
    def numbers():
        try:
            yield 1
        except ValueError:
            states.append(torch.is_grad_enabled())
            yield 2
        finally:
            states.append(torch.is_grad_enabled())

    generator = numbers()
    next(generator)
    assert generator.throw(ValueError()) == 2
    generator.close()
    assert states == [False, False]
    assert torch.is_grad_enabled()


# --- what users pass in ---------------------------------------------------------------------------


def test_numpy_arrays_are_indices():
    x = torch.arange(6).reshape(2, 3)
    assert x[:, np.array([2, 0])].tolist() == [[2, 0], [5, 3]]
    assert x[np.array(1)].tolist() == [3, 4, 5]
    assert x[np.array([False, True])].tolist() == [[3, 4, 5]]
    x[np.array([0])] = 9
    assert x[0].tolist() == [9, 9, 9]


def test_numpy_integers_are_dimensions():
    x = torch.ones(2, 3)
    assert x.sum(np.int64(1)).tolist() == [3.0, 3.0]
    assert x.sum((np.int64(0), 1)).item() == 6.0


def test_anomalies_are_found_in_code_without_a_module():
    program = "with detect_anomaly():\n    (x.sqrt() * 0).sum().backward()"
    x = torch.zeros(1, requires_grad=True)
    with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="returned nan values"):
        exec(program, {"detect_anomaly": torch.autograd.detect_anomaly, "x": x})


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([[1, 2], [3]], ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        (None, RuntimeError, "Could not infer dtype of NoneType"),
        ("a", TypeError, r"new\(\): invalid data type 'str'"),
    ],
)
def test_what_is_no_tensor_is_named(data, error, text):
    with pytest.raises(error, match=text):
        torch.tensor(data)


def test_only_tensors_and_numbers_are_looked_for():
    x = torch.tensor([1, 2])
    assert 1 in x
    assert np.int64(3) not in x
    with pytest.raises(RuntimeError, match="only supports Tensor or scalar"):
        "a" in x  # noqa: B015


def test_minus_and_bools_name_the_way_out():
    mask = torch.tensor([True])
    with pytest.raises(RuntimeError, match="with two bool tensors is not supported"):
        mask.sub(mask)
    with pytest.raises(RuntimeError, match="on a bool tensor is not supported"):
        mask.neg()


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_products_with_infinities_do_not_warn(backend):
    if backend == "numba":
        pytest.importorskip("numba")
    with torch.backends.use(backend):
        x = torch.tensor([[float("inf"), -3e38], [3e38, float("nan")]], requires_grad=True)
        layer = nn.Linear(2, 2)
        (x @ x).sum().backward()
        layer(x.detach()).sum().backward()
    assert layer.weight.grad.isnan().any()


def test_numpys_names_for_dim_and_keepdim():
    x = torch.arange(6.0).reshape(2, 3)
    assert x.sum(axis=1, keepdims=True).shape == (2, 1)
    assert torch.mean(x, axis=0).tolist() == [1.5, 2.5, 3.5]
    assert torch.cat([x, x], axis=1).shape == (2, 6)
    assert x.argmax(axis=1).tolist() == [2, 2]
    assert np.sum(x).item() == 15.0
    with pytest.raises(TypeError):
        x.sum(axes=1)
