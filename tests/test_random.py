"""`torchlite.random`: generators, the default one, their seeds and states."""

import copy
import pickle

import numpy as np
import pytest

from torchlite import backends, dtypes
from torchlite import random as front
from torchlite.core.tensor import wrap


@pytest.fixture
def default():
    """The default generator; it goes on afterwards as if the test had not been."""
    with front.fork_rng():
        yield front.default_generator


def rand(generator, n=5):
    return backends.current().random_uniform(generator.engine, (n,), dtypes.float32, 0, 1).tolist()


def test_manual_seed_returns_the_default_generator(default):
    assert front.manual_seed(3) is default
    numbers = rand(default)
    assert rand(front.Generator().manual_seed(3)) == numbers
    assert front.initial_seed() == 3


def test_fork_rng_puts_the_default_generator_back(default):
    front.manual_seed(3)
    with front.fork_rng():
        numbers = rand(default)
    with front.fork_rng(enabled=False):
        assert rand(default) == numbers
    assert rand(default) != numbers
    with pytest.raises(KeyError), front.fork_rng():
        front.manual_seed(8)
        raise KeyError
    assert front.initial_seed() == 3


def test_rng_state_is_a_tensor_of_bytes(default):
    front.manual_seed(3)
    state = front.get_rng_state()
    assert state.dtype is dtypes.uint8
    assert state.shape == (5056,)
    numbers = rand(default)
    front.set_rng_state(state)
    assert rand(default) == numbers


@pytest.mark.parametrize("duplicate", [
    copy.copy, copy.deepcopy, front.Generator.clone_state, lambda g: pickle.loads(pickle.dumps(g)),
])  # fmt: skip
def test_a_copy_goes_its_own_way_from_the_same_place(duplicate):
    g = front.Generator().manual_seed(11)
    rand(g)
    other = duplicate(g)
    assert rand(other) == rand(g)
    rand(g)
    assert rand(other) != rand(g)


def test_seed_differs_from_call_to_call(default):
    assert default.seed() != front.seed()
    seed = front.seed()
    assert front.initial_seed() == seed
    assert front.Generator().initial_seed() == 67280421310721


@pytest.mark.parametrize("seed, number", [(-5, 2**64 - 5), (2**64 - 1, 2**64 - 1), (0, 0)])
def test_seeds_count_modulo_2_to_the_64(seed, number):
    assert front.Generator().manual_seed(seed).initial_seed() == number


@pytest.mark.parametrize("seed, error, message", [
    ("x", RuntimeError, "manual_seed expected a long, but got str"),
    (1.5, RuntimeError, "manual_seed expected a long, but got float"),
    (True, RuntimeError, "manual_seed expected a long, but got bool"),
    (2**64, ValueError, "Overflow when unpacking long long"),
    (-(2**63) - 1, ValueError, "Overflow when unpacking long long"),
])  # fmt: skip
def test_a_bad_seed_is_refused_and_changes_nothing(seed, error, message):
    g = front.Generator().manual_seed(3)
    with pytest.raises(error, match=message):
        g.manual_seed(seed)
    assert g.initial_seed() == 3


@pytest.mark.parametrize("state, error, message", [
    (3, TypeError, "expected a torch.ByteTensor, but got int"),
    (wrap(np.zeros(5056, np.float32)), TypeError, "RNG state must be a torch.ByteTensor"),
    (wrap(np.zeros(3, np.uint8)), RuntimeError, "Expected a CPUGeneratorImplState of size 5056"),
])  # fmt: skip
def test_what_is_no_state_is_refused(state, error, message):
    with pytest.raises(error, match=message):
        front.Generator().set_state(state)


@pytest.mark.parametrize("device, message", [
    ("cuda", "Cannot get CUDA generator"), ("meta", "META device type not an accelerator"),
    ("foo", "device type at start of device string: foo"),
])  # fmt: skip
def test_generators_live_on_the_cpu(device, message):
    with pytest.raises(RuntimeError, match=message):
        front.Generator(device)
    assert front.Generator("cpu").device.type == "cpu"
