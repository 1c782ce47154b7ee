"""Histograms of one and of several dimensions."""

import torchlite as torch
from torchlite.testing import assert_close


def test_histogram():
    x = torch.tensor([0.0, 0.4, 0.5, 1.0, 1.5, 2.0])
    result = torch.histogram(x, 4)
    assert result.bin_edges.tolist() == [0, 0.5, 1, 1.5, 2]
    assert result.hist.tolist() == [2, 1, 1, 2]
    assert torch.histogram(x, 2, range=(0.0, 1.0)).hist.tolist() == [2, 2]
    weighted = torch.histogram(x, torch.tensor([0.0, 1.0, 2.0]), weight=x)
    assert_close(weighted.hist, torch.tensor([0.9, 4.5]))
    assert_close(x.histogram(4, density=True).hist.sum(), torch.tensor(2.0))


def test_histogramdd():
    x = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.9, 0.2]])
    hist, edges = torch.histogramdd(x, [2, 1])
    assert hist.tolist() == [[1], [2]]
    assert [e.tolist() for e in edges] == [[0, 0.5, 1], [0, 1]]
