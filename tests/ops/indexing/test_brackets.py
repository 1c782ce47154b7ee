"""Indexing with brackets."""

import numpy as np

import torchlite as torch


def test_numpy_arrays_are_indices():
    x = torch.arange(6).reshape(2, 3)
    assert x[:, np.array([2, 0])].tolist() == [[2, 0], [5, 3]]
    assert x[np.array(1)].tolist() == [3, 4, 5]
    assert x[np.array([False, True])].tolist() == [[3, 4, 5]]
    x[np.array([0])] = 9
    assert x[0].tolist() == [9, 9, 9]
