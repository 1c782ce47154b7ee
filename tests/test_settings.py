"""Switches of the program, and mixed precision as far as it goes on the CPU."""

import pytest

import torchlite as torch
from torchlite import nn


def test_threads_are_the_backends():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)
    for bad in (0, 1.5):
        with pytest.raises(RuntimeError, match="set_num_threads expects"):
            torch.set_num_threads(bad)


def test_determinism_is_remembered():
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_deterministic_debug_mode() == 1
    torch.set_deterministic_debug_mode("default")
    assert not torch.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
        torch.set_deterministic_debug_mode("loud")
    with pytest.raises(TypeError, match="must be bool"):
        torch.use_deterministic_algorithms(1)


def test_precision_of_products():
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    with pytest.warns(UserWarning, match="no effect"):
        torch.set_float32_matmul_precision("low")
    torch.set_float32_matmul_precision("highest")


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
