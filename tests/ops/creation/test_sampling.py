"""Random numbers that have parameters of their own each."""

import pytest

import torchlite as torch
from torchlite.testing import assert_close


def test_counts_have_the_mean_and_variance_of_poisson():
    rate = torch.tensor([0.0, 0.3, 5.0, 30.0, 1e4], dtype=torch.float64)
    x = torch.poisson(rate.expand(4000, 5))
    assert x.dtype is torch.float64
    assert_close(x.mean(0), rate, rtol=0.1, atol=0)
    assert_close(x.var(0), rate, rtol=0.15, atol=0)


def test_successes_have_the_mean_and_variance_of_trials():
    count = torch.tensor([0.0, 3.0, 40.0, 40.0, 1000.0])
    prob = torch.tensor([0.5, 0.9, 0.5, 0.8, 0.001])
    x = torch.binomial(count.expand(4000, 5), prob)
    mean = count * prob
    assert_close(x.mean(0), mean, rtol=0.1, atol=0)
    assert_close(x.var(0), mean * (1 - prob), rtol=0.15, atol=0)
    assert (x <= count).all()
    assert torch.binomial(torch.tensor([7.0, 7.0]), torch.tensor([0.0, 1.0])).tolist() == [0, 7]


def test_a_generator_repeats():
    rate = torch.full((50,), 3.0)
    first, again = (torch.poisson(rate, torch.Generator().manual_seed(4)) for _ in range(2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != torch.poisson(rate).tolist()


def test_orders_at_the_edge():
    x = torch._standard_gamma(torch.tensor([0.0, -1.0, torch.nan, 1e-4]))
    tiny = torch.finfo(torch.float32).tiny
    assert x[0] == tiny
    assert x[1:3].isnan().all()
    assert x[3] >= tiny


def test_gradients():
    rate = torch.tensor([3.0, 4.0], requires_grad=True)
    torch.poisson(rate).sum().backward()
    assert rate.grad.tolist() == [0, 0]
    prob = torch.tensor([0.3], requires_grad=True)
    with pytest.raises(RuntimeError, match="derivative for aten::binomial is not implemented"):
        torch.binomial(torch.tensor([3.0]), prob).sum().backward()
    order = torch.tensor([[0.5, 2.0, 4.0]], requires_grad=True)
    torch._sample_dirichlet(order).sum().backward()  # a sum that is always 1
    assert_close(order.grad, torch.zeros(1, 3), rtol=0, atol=1e-6)


def test_errors():
    ones = torch.ones(2)
    cases = [
        (RuntimeError, "invalid Poisson rate", lambda: torch.poisson(-ones)),
        (NotImplementedError, "poisson_cpu", lambda: torch.poisson(ones.long())),
        (ValueError, "floating-point dtypes for count", lambda: torch.binomial(ones.long(), ones)),
        (TypeError, "must be Tensor, not float", lambda: torch.binomial(3.0, ones)),
        (RuntimeError, "expected Float", lambda: torch.binomial(ones, ones.double())),
        (NotImplementedError, "gamma_cpu", lambda: torch._standard_gamma(ones.half())),
    ]
    for error, text, run in cases:
        with pytest.raises(error, match=text):
            run()
