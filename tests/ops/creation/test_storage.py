"""Changing elements and shapes in place."""

import pytest

import torchlite as torch


def test_element_by_element_and_other_shapes():
    x = torch.tensor([[1, 2], [3, 4]])
    assert x.apply_(lambda a: a * 2).tolist() == [[2, 4], [6, 8]]
    assert x.map_(torch.tensor([1, 2]), lambda a, b: a + b).tolist() == [[3, 6], [7, 10]]
    with pytest.warns(UserWarning, match="deprecated"):
        assert x.resize(1, 2).tolist() == [[3, 6]]
    assert x.shape == (2, 2)
    with pytest.raises(RuntimeError, match="requires grad"):
        torch.ones(2, requires_grad=True).apply_(lambda a: a)
