"""Writing in place: values, views, version counters, history and refusals."""

import numpy as np
import pytest

import torchlite as torch
from torchlite.autograd import grad


def leaf(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


# --- without history ------------------------------------------------------------------------------


def test_a_write_returns_the_tensor_and_keeps_its_memory():
    x = torch.tensor([1.0, 2.0])
    view = x[1:]
    assert x.mul_(3) is x
    assert view.tolist() == [6.0]
    view += 1
    assert x.tolist() == [3.0, 7.0]


def test_every_alias_shares_the_version():
    x = torch.zeros(4)
    aliases = [x.detach(), x[1:], x.reshape(2, 2), x.view(4).T if x.ndim > 1 else x.view(4)]
    x.add_(1)
    aliases[1].add_(1)
    assert {t._version for t in (x, *aliases)} == {2}
    assert x.data._version == 0
    x.data.add_(1)
    assert x._version == 2


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (lambda: torch.tensor([1]).add_(1.5), "result type Float can't be cast to the desired"),
        (lambda: torch.zeros(3).add_(torch.zeros(2, 3)), r"output with shape \[3\] doesn't match"),
        (lambda: torch.zeros(1).expand(3).add_(1), "more than one element of the written-to"),
        (lambda: torch.zeros(3).add_(torch.zeros(2)), "must match the size of tensor b"),
    ],
)
def test_writes_that_are_refused(write, text):
    with pytest.raises(RuntimeError, match=text):
        write()


def test_a_refused_write_changes_nothing():
    x = torch.zeros(3)
    with pytest.raises(RuntimeError):
        x.add_(torch.zeros(2, 3))
    assert (x.tolist(), x._version) == ([0.0] * 3, 0)


# --- leaves ---------------------------------------------------------------------------------------


def test_a_leaf_that_requires_grad_refuses():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="^a leaf Variable that requires grad is being used in"):
        x.mul_(2)
    with pytest.raises(RuntimeError, match="^a view of a leaf Variable that requires grad"):
        x[0] = 5
    with pytest.raises(RuntimeError, match="^a view of a leaf Variable that requires grad"):
        x[:1].mul_(2)
    assert x.tolist() == [1.0, 2.0]


def test_without_recording_a_leaf_may_be_written():
    x = leaf(1.0, 2.0)
    with torch.no_grad():
        x -= 1
        x[0] = 5
    assert x.tolist() == [5.0, 1.0]
    assert x.requires_grad
    assert x.is_leaf


# --- history --------------------------------------------------------------------------------------


def test_a_write_becomes_part_of_the_history():
    x = leaf(2.0, 3.0)
    y = x * 1
    y.mul_(x).add_(1)
    y *= 2
    y.sum().backward()
    assert x.grad.tolist() == [8.0, 12.0]


def test_a_constant_tensor_takes_the_history_of_what_is_written():
    x, y = leaf(2.0), torch.ones(1, dtype=torch.float64)
    y.mul_(x)
    assert y.requires_grad
    assert grad(y.sum(), x)[0].tolist() == [1.0]


def test_a_write_to_a_view_changes_the_history_of_its_base():
    x = leaf(1.0, 2.0, 3.0)
    base = x * 1
    base[1:].mul_(10)
    base[0] = 7.0
    base.sum().backward()
    assert base.tolist() == [7.0, 20.0, 30.0]
    assert x.grad.tolist() == [0.0, 10.0, 10.0]


def test_a_write_to_the_base_changes_the_history_of_its_views():
    x = leaf(1.0, 2.0, 3.0)
    base = x * 1
    view = base[1:]
    other = base[:2]
    base.mul_(x)
    view.mul_(3)
    (g,) = grad(other.sum() + view.sum(), x)
    assert other.tolist() == [1.0, 12.0]
    assert g.tolist() == [2.0, 12 + 12.0, 18.0]


def test_views_of_views_write_through():
    x = leaf(*range(6))
    base = (x * 1).reshape(2, 3)
    base.T[1:, 0].mul_(x[:2] + 2)
    base.sum().backward()
    values = np.arange(6.0)
    expected = np.ones(6)
    expected[1:3] = values[:2] + 2
    expected[:2] += values[1:3]
    assert x.grad.tolist() == expected.tolist()


def test_what_is_written_receives_its_part_of_the_gradient():
    x, y = leaf(1.0, 2.0, 3.0), leaf(5.0)
    base = x * 2
    base[1] = y[0] * 3
    (g, h) = grad((base * base).sum(), [x, y])
    assert (g.tolist(), h.tolist()) == ([8.0, 0.0, 24.0], [2 * 15 * 3.0])


def test_gradients_of_gradients_pass_writes():
    x = leaf(2.0, 3.0)
    y = x * x
    y[0] *= x[1]
    (g,) = grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [2 * 2 * 3.0, 4 + 6.0]
    assert grad(g.sum(), x)[0].tolist() == [2 * 3 + 4.0, 4 + 2.0]


# --- version counters -----------------------------------------------------------------------------


def test_backward_refuses_an_overwritten_operand():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y * y).sum()
    y.add_(1)
    text = r"modified by an inplace operation: \[torch.DoubleTensor \[2\]\], which is output 0 of"
    with pytest.raises(RuntimeError, match=text):
        z.backward()
    assert x.grad is None


def test_backward_refuses_an_overwritten_result_and_names_versions():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    text = r"which is output 0 of Exp, is at version 1; expected version 0 instead"
    with pytest.raises(RuntimeError, match=text):
        y.sum().backward()


def test_a_write_through_a_view_or_a_detached_alias_counts():
    for write in (lambda y: y[0].zero_(), lambda y: y.detach().zero_()):
        x = leaf(1.0, 2.0)
        y = x.exp()
        z = y.sum()
        with torch.no_grad():
            write(y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.backward()


def test_what_is_not_needed_may_be_overwritten():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y + 1).sum()
    y.add_(1)
    z.backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_in_place_results_may_be_saved_by_their_own_operation():
    x = leaf(0.5, 1.0)
    y = (x * 1).exp_()
    y.sum().backward()
    assert torch.allclose(x.grad, x.detach().exp())


def test_detach_in_place():
    x = leaf(1.0)
    y = x * 2
    y.detach_()
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (x * 2)[0].detach_()


# --- views of views, turned bases, many views, inference ------------------------------------------


@pytest.mark.parametrize("turn", ["t_", "squeeze_", "unsqueeze_", "transpose_", "swapaxes_"])
def test_views_made_before_the_base_was_turned(turn):
    w = leaf(1, 2, 3, 4)
    x = (w * 1).reshape(2, 2).clone()
    row = x[0]
    arguments = {"unsqueeze_": (0,), "transpose_": (0, 1), "swapaxes_": (0, 1)}.get(turn, ())
    getattr(x, turn)(*arguments)
    row.mul_(10)
    later = x[..., 0]
    later.mul_(3)
    scale = torch.tensor([[10.0, 10], [1, 1]])
    if turn in ("t_", "transpose_", "swapaxes_"):
        scale[0] *= 3
    else:
        scale[:, 0] *= 3
    x.sum().backward()
    assert w.grad.tolist() == scale.flatten().tolist()


def test_a_view_from_before_as_strided_is_not_followed():
    x = leaf(1, 2, 3, 4) * 1
    view = x[0]
    x.as_strided_((2,), (1,))
    x.mul_(2)
    with pytest.raises(RuntimeError, match="as_strided_"):
        view.requires_grad  # noqa: B018  (asks for its history)


@pytest.mark.parametrize("views", [
    lambda x: x.unbind(0), lambda x: x.split(1), lambda x: x.chunk(2), lambda x: list(x),
    lambda x: x.split([1, 1])[0].unbind(1),
])  # fmt: skip
def test_one_of_many_views_is_not_written_to_where_gradients_are_recorded(views):
    x = leaf(1, 2, 3, 4).reshape(2, 2) * 1
    with pytest.raises(RuntimeError, match="the output of a function that returns multiple views"):
        views(x)[0].mul_(2)
    plain = torch.ones(2, 2)
    views(plain)[0].mul_(2)
    assert plain.max() == 2


@pytest.mark.parametrize("write", [
    lambda a: a[1:].add_(a[:-1]),
    lambda a: a[1:].copy_(a[:-1]),
    lambda a: a.__setitem__(slice(1, None), a[:-1]),
])  # fmt: skip
def test_partly_overlapping_operands_are_refused(write):
    a = torch.arange(4.0)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        write(a)
    assert a.tolist() == [0, 1, 2, 3]


def test_operands_that_are_the_same_or_apart_are_fine():
    a = torch.arange(4.0)
    a.add_(a)
    a[:2].add_(a[2:])
    a[::2].mul_(a[1::2])
    assert a.tolist() == [32, 8, 24, 6]


def test_inference_tensors_take_no_part_in_gradients():
    w = leaf(1, 2)
    normal = torch.zeros(2)
    with torch.inference_mode():
        x = torch.ones(2, dtype=torch.float64)
        y = (x * 2).add_(1)
        normal.add_(1)
        assert not normal[0].is_inference() and w.detach().requires_grad is False
    assert y.is_inference() and y[0].is_inference() and not normal.is_inference()
    assert not y.clone().is_inference() and not (y + 1).is_inference()
    assert (w + y).requires_grad  # nothing of y is needed for the gradient
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        w * y
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside"):
        y.add_(1)
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        y.requires_grad_()
    with pytest.raises(RuntimeError, match="do not track version counter"):
        y._version  # noqa: B018


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
