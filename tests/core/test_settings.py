"""Switches of the program: threads, determinism, precision of products."""

import pytest

import torchlite as torch


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
