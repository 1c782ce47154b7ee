"""Views: which may be written to, and whose history they keep."""

import pytest

import torchlite as torch


def leaf(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


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
