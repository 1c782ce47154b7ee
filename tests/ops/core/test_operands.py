"""What operations take and refuse, and what they keep for their gradients."""

import math

import numpy as np
import pytest

import torchlite as torch

INTS, FLOATS = torch.tensor([1, 2, 3]), torch.tensor([1.0, 2.0, 3.0])
ONLY_TENSORS = """
    atan2 maximum minimum fmax fmin logical_and logical_or logical_xor heaviside gcd lcm hypot
    nextafter logaddexp logaddexp2 igamma igammac ldexp isclose complex polar
""".split()
NUMBER_SECOND = "eq ne lt le gt ge fmod copysign rsub clamp_min clamp_max".split()


@pytest.mark.parametrize("name", ONLY_TENSORS)
def test_some_operands_are_tensors_only(name):
    function = getattr(torch, name)
    for x in (INTS, FLOATS):
        with pytest.raises(TypeError, match=rf"{name}\(\).*\(position 2\) must be Tensor, not int"):
            function(x, 2)
        with pytest.raises(TypeError, match=rf"{name}\(\).*\(position 1\) must be Tensor, not int"):
            function(2, x)


@pytest.mark.parametrize("name", NUMBER_SECOND)
def test_of_some_the_second_may_be_a_number(name):
    function = getattr(torch, name)
    assert function(FLOATS, 2).shape == (3,)
    with pytest.raises(TypeError, match=r"\(position 1\) must be Tensor, not int"):
        function(2, FLOATS)


def test_others_take_a_number_in_either_place():
    assert torch.sub(1, INTS).tolist() == [0, -1, -2]
    assert torch.remainder(7, INTS).tolist() == [0, 1, 1]
    assert torch.bitwise_and(2, INTS).tolist() == [0, 2, 2]
    assert (INTS > 2).tolist() == [False, False, True]


def test_tolerances_are_not_negative():
    with pytest.raises(RuntimeError, match="rtol must be greater than or equal to zero"):
        torch.isclose(FLOATS, FLOATS, rtol=-0.4)
    with pytest.raises(RuntimeError, match="atol must be greater than or equal to zero"):
        torch.isclose(FLOATS, FLOATS, atol=-0.4)


def test_the_step_functions_have_a_node_but_no_gradient():
    x = FLOATS.clone().requires_grad_()
    for y in (x // 2, torch.heaviside(x, values=FLOATS)):
        assert y.requires_grad
        with pytest.raises(RuntimeError, match="is not implemented"):
            y.sum().backward()


def test_the_gradient_of_the_next_float_is_that_of_the_number():
    x = torch.tensor([1.0, 2.0, 1.0], requires_grad=True)
    other = torch.tensor([1.0, 1.0, 2.0], requires_grad=True)
    torch.nextafter(x, other).sum().backward()
    assert x.grad.tolist() == [0, 1, 1] and other.grad.tolist() == [0, 0, 0]


def test_the_result_of_erfinv_may_be_overwritten():
    x = torch.tensor([0.5], requires_grad=True)
    y = torch.erfinv(x)
    y.mul_(2)
    y.sum().backward()
    assert x.grad.item() == pytest.approx(math.sqrt(math.pi) * math.exp(0.4769362762**2))


def test_plus_is_the_tensor_itself():
    assert (+FLOATS) is FLOATS
    with pytest.raises(RuntimeError, match="bool tensor"):
        torch.positive(INTS > 1)


def test_signs_of_zeros_and_of_numbers_that_are_none():
    x = torch.tensor([-0.0, 0.0, math.copysign(math.nan, -1.0), -math.inf])
    assert torch.signbit(x).tolist() == [True, False, True, True]
    assert torch.signbit(torch.tensor(-1)).item()


def test_kthvalue_does_not_write_where_it_reads():
    x = torch.rand(4)
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.kthvalue(x, 2, out=(x, torch.tensor(0)))


def test_methods_under_pythons_and_pytorchs_names():
    x = torch.arange(6).reshape(3, 2)
    assert reversed(x).tolist() == [[4, 5], [2, 3], [0, 1]]
    assert [part.tolist() for part in x.split(split_size=2)] == [[[0, 1], [2, 3]], [[4, 5]]]
    part = x.narrow_copy(0, -1, 1)
    part.zero_()
    assert x.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert x.__rdiv__(2).dtype is torch.float32
    with pytest.warns(UserWarning, match="volatile was removed"):
        assert x.volatile is False


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


def test_numpy_integers_are_dimensions():
    x = torch.ones(2, 3)
    assert x.sum(np.int64(1)).tolist() == [3.0, 3.0]
    assert x.sum((np.int64(0), 1)).item() == 6.0


def test_numpys_names_for_dim_and_keepdim():
    x = torch.arange(6.0).reshape(2, 3)
    assert x.sum(axis=1, keepdims=True).shape == (2, 1)
    assert torch.mean(x, axis=0).tolist() == [1.5, 2.5, 3.5]
    assert torch.cat([x, x], axis=1).shape == (2, 6)
    assert x.argmax(axis=1).tolist() == [2, 2]
    assert np.sum(x).item() == 15.0
    with pytest.raises(TypeError):
        x.sum(axes=1)


def test_minus_and_bools_name_the_way_out():
    mask = torch.tensor([True])
    with pytest.raises(RuntimeError, match="with two bool tensors is not supported"):
        mask.sub(mask)
    with pytest.raises(RuntimeError, match="on a bool tensor is not supported"):
        mask.neg()


def test_only_tensors_and_numbers_are_looked_for():
    x = torch.tensor([1, 2])
    assert 1 in x
    assert np.int64(3) not in x
    with pytest.raises(RuntimeError, match="only supports Tensor or scalar"):
        "a" in x  # noqa: B015
