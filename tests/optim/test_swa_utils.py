"""Averages of weights, and batch normalization for them."""

import pytest

import torchlite as torch
from torchlite import optim


def test_update_bn_averages_all_batches():
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(1), torch.nn.BatchNorm1d(1)).eval()
    batches = [torch.tensor([[1.0], [3.0]]), [torch.tensor([[5.0], [7.0]]), "target"]]
    optim.swa_utils.update_bn(batches, model)
    assert model[0].running_mean.tolist() == [4]
    assert model[0].momentum == 0.1 and not model.training


def test_averages_refuse_a_decay_out_of_range():
    with pytest.raises(ValueError, match="Invalid decay value 2"):
        optim.swa_utils.get_ema_avg_fn(2)
