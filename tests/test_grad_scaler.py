"""The scaler of mixed precision, as far as it goes on the CPU."""

import pytest

import torchlite as torch
from torchlite import nn


def test_a_scaler_skips_steps_with_infinite_gradients():
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    scaler = torch.GradScaler("cpu", init_scale=8.0, growth_interval=1)
    before = net.weight.detach().clone()
    scaler.scale(net(torch.ones(1, 2)).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    torch.testing.assert_close(net.weight.detach(), before - 1)
    assert scaler.get_scale() == 16
    net.weight.grad.fill_(float("inf"))
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.update()
    torch.testing.assert_close(net.weight.detach(), before - 1)
    assert scaler.get_scale() == 8
    other = torch.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == 8
    with pytest.raises(AssertionError, match="No inf checks"):
        other.update()


def test_a_scaler_for_cuda_is_disabled():
    with pytest.warns(UserWarning, match="CUDA is not available"):
        scaler = torch.GradScaler()
    x = torch.ones(1)
    assert scaler.scale(x) is x and not scaler.is_enabled()
