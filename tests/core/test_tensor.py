"""The class Tensor and its subclasses."""

import pytest

import torchlite as torch


def test_a_subclass_shares_memory_and_history():
    class Mine(torch.Tensor):
        pass

    x = torch.ones(2, requires_grad=True)
    y = (x * 2).as_subclass(Mine)
    assert type(y) is Mine
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(TypeError, match="subclass"):
        x.as_subclass(int)
