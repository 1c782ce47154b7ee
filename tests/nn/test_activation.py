"""Activations that draw random numbers."""

import pytest

import torchlite as torch
from torchlite.nn import functional as F
from torchlite.testing import assert_close


def test_gumbel_softmax_chooses_and_has_a_gradient():
    logits = torch.tensor([[0.0, 1.0, 2.0]], requires_grad=True)
    torch.manual_seed(0)
    soft = F.gumbel_softmax(logits, tau=0.5)
    torch.manual_seed(0)
    hard = F.gumbel_softmax(logits, tau=0.5, hard=True)
    assert_close(soft.sum(-1), torch.ones(1))
    assert_close(hard, F.one_hot(soft.argmax(-1), 3).float())
    (of_soft,) = torch.autograd.grad(soft[0, 1], logits)
    (of_hard,) = torch.autograd.grad(hard[0, 1], logits)
    assert_close(of_hard, of_soft)
    with pytest.warns(UserWarning, match="deprecated"):
        F.gumbel_softmax(logits, eps=1.0)


def test_random_slopes_in_place():
    x = torch.tensor([-24.0, 1.0])
    assert torch.rrelu_(x) is x
    assert x.tolist() == [-5.5, 1.0]
