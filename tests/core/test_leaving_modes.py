"""A program that has used a mode, autocast or the profiler once runs as before when it is over."""

import sys
import threading

import pytest

import torchlite as torch
from torchlite.core import overrides


def calls(function):
    """How many Python functions `function` enters."""
    count = 0

    def notice(frame, event, argument):
        nonlocal count
        count += event == "call"

    function()
    sys.setprofile(notice)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def no_subclasses():
    """Other tests define subclasses that override, which stay for the life of the process."""
    users = len(overrides._users)
    for _ in range(users):
        overrides.deactivate()
    yield
    for _ in range(users):
        overrides.activate()


def used():
    x = torch.ones(2, 2)
    x.relu().view(4).dim()
    torch.nn.functional.linear(x, x)
    return x + x


BLOCKS = {
    "profile": torch.autograd.profiler.profile,
    "mode": overrides.BaseTorchFunctionMode,
    "autocast": lambda: torch.autocast("cpu", torch.float16),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_operations_cost_what_they_did_before(block, no_subclasses):
    before = calls(used)
    with BLOCKS[block]():
        assert calls(used) > before
        with BLOCKS[block]():
            used()
        assert calls(used) > before
    assert calls(used) == before


def test_autocast_ends_for_a_thread_when_another_ends_its_own():
    def other():
        with torch.autocast("cpu", torch.float16):
            pass

    x = torch.ones(2, 2)
    with torch.autocast("cpu", torch.float16):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert (x @ x).dtype is torch.float16
    assert (x @ x).dtype is torch.float32
