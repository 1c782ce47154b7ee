"""Convolutions."""

import pytest

import torchlite as torch
from torchlite.testing import assert_close


def test_convolution_with_time_first():
    x, weight, bias = torch.rand(5, 2, 3), torch.rand(2, 3, 4), torch.rand(4)
    expected = torch.conv1d(x.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=1)
    assert_close(torch.conv_tbc(x, weight, bias, 1), expected.permute(2, 0, 1))
    for arguments in ((x[0], weight, bias), (x, weight[0], bias), (x, weight, weight),
                      (x, weight[:, :2], bias), (x, weight, bias[:3])):  # fmt: skip
        with pytest.raises(RuntimeError, match="[Ii]nput|Weight|Bias"):
            torch.conv_tbc(*arguments)
