"""`gradcheck` and `gradgradcheck` accept right gradients and show wrong ones."""

import pytest

import torchlite as torch
from torchlite.autograd import Function, GradcheckError, gradcheck, gradgradcheck


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


@pytest.fixture
def x():
    return torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("fast", [False, True])
def test_a_right_gradient_passes(x, fast):
    y = torch.tensor([[0.5], [2.0]], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda a, b: (a * b, a / b), (x, y), fast_mode=fast)
    assert gradgradcheck(lambda a, b: (a * b, a / b), (x, y), fast_mode=fast)
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("fast", [False, True])
def test_complex_numbers(fast):
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)
    assert gradcheck(lambda a: (a * a.exp(), a.abs()), z, fast_mode=fast)
    assert gradgradcheck(lambda a: a * a.exp(), z, fast_mode=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_a_wrong_gradient_is_shown(x, fast):
    text = r"Jacobian mismatch for output 0 with respect to input 0,\nnumerical:"
    with pytest.raises(GradcheckError, match=text):
        gradcheck(Wrong.apply, x, fast_mode=fast)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)


def test_inputs_that_cannot_be_checked(x):
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(torch.exp, x.detach())
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double"):
        gradcheck(torch.exp, x.detach().float().requires_grad_(), raise_exception=False)
