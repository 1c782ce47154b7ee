"""Distances between rows."""

import pytest

import torchlite as torch
from torchlite.testing import assert_close


def test_distances_of_the_pairs_of_rows():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    assert_close(torch.pdist(x), torch.tensor([5.0, 1.0, 18**0.5]))
    assert torch.pdist(x, 0).tolist() == [2, 1, 2]
    assert torch.pdist(x[:1]).shape == (0,)
    for wrong, words in ((x[0], "2D"), (x.long(), "floating-point")):
        with pytest.raises(RuntimeError, match=words):
            torch.pdist(wrong)
    with pytest.raises(RuntimeError, match="non-negative"):
        torch.pdist(x, -1)
