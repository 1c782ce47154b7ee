"""A few of the largest or smallest eigenvalues."""

import pytest

import torchlite as torch
from torchlite.testing import assert_close


def test_a_few_eigenvalues():
    a = torch.diag(torch.arange(1.0, 10.0))
    values, vectors = torch.lobpcg(a, k=2)
    assert_close(values, torch.tensor([9.0, 8.0]))
    assert_close(vectors.abs(), torch.eye(9)[:, [8, 7]])
    assert_close(torch.lobpcg(a, k=2, largest=False)[0], torch.tensor([1.0, 2.0]))
    values, vectors = torch.lobpcg(a, X=torch.ones(9, 3), B=4 * torch.eye(9))
    assert_close(values, torch.tensor([9.0, 8.0, 7.0]) / 4)
    assert_close(vectors.mT @ vectors * 4, torch.eye(3))
    with pytest.raises(ValueError, match="not applicable"):
        torch.lobpcg(a, k=4)
