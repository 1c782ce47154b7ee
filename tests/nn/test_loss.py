"""Losses: options and refusals."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F
from torchlite.testing import assert_close


@pytest.mark.parametrize(
    "wrong",
    [{"acc_policy": "fast"}, {"chunking_method": "aspect_ratio:0"}, {"batch_chunk_size": 0},
     {"acc_dtype": torch.int64}],
)  # fmt: skip
def test_options_of_the_linear_cross_entropy(wrong):
    options = nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:2")
    x, weight, target = torch.rand(3, 4), torch.rand(5, 4), torch.tensor([0, 4, 2])
    loss = F.linear_cross_entropy(x, weight, target, options=options)
    assert_close(loss, F.cross_entropy(x @ weight.T, target))
    with pytest.raises(ValueError, match=next(iter(wrong))):
        nn.LinearCrossEntropyOptions(**wrong)
    with pytest.raises(RuntimeError, match="dimensionality 1 or 2"):
        F.linear_cross_entropy(x[None], weight, target)


def test_a_class_weight_has_one_dimension():
    x, target = torch.rand(3, 4), torch.tensor([0, 3, 2])
    with pytest.raises(ValueError, match="one-dimensional"):
        F.multi_margin_loss(x, target, weight=torch.tensor(1.0))
