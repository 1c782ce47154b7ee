"""L-BFGS: what it refuses."""

import pytest

import torchlite as torch
from torchlite import optim


def test_lbfgs_refuses_an_unknown_line_search():
    p = torch.ones(2, requires_grad=True)
    optimizer = optim.LBFGS([p], line_search_fn="golden")
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optimizer.step(lambda: (p * p).sum())
    assert p.tolist() == [1, 1] and not optimizer.state[p]
