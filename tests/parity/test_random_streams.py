"""Random streams against PyTorch's own, to the bit, and the state that each draw leaves.

Bernoulli draws with one probability differ on Intel processors, where PyTorch uses another engine.
"""

import math
import platform

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torchlite import backends, dtypes  # noqa: E402

# float32 normal numbers come from an AVX2 kernel, all float64 ones from the C library
pytestmark = pytest.mark.skipif(
    "AVX" not in torch.backends.cpu.get_cpu_capability() or platform.libc_ver()[0] != "glibc",
    reason="the last bits of PyTorch's normal numbers depend on the platform",
)
SIZES = ((0,), (), (1,), (2,), (15,), (16,), (17,), (33,), (0, 3), (4, 5, 7), (1000,))
FLOATS = (dtypes.float16, dtypes.float32, dtypes.float64)
SEEDS = (0, 1, 1234, 2**31, 2**40 + 5, 2**64 - 1)
BOUNDS = ((0, 1), (-1, 1), (-0.3, 0.77), (2.5, 2.6), (0, 1e-3), (3, 3), (1000, 1000.001))
NORMALS = ((0, 1), (0.3, 0.02), (5, 3.3), (-1e-3, 1e3))
RANGES = (
    ("int64", 0, 10), ("int64", -5, 5), ("int64", 0, 2**28 - 1), ("int64", 0, 2**28),
    ("int64", -(2**62), 2**62), ("int64", -(2**63), 2**63 - 1), ("int32", -(2**31), 2**31 - 1),
    ("uint8", 0, 256), ("float16", -3, 30), ("float32", 0, 100), ("float64", 0, 2**40),
)  # fmt: skip
UNBOUNDED = ("int64", "int32", "int16", "int8", "uint8", "bool", "float16", "float32", "float64")


@pytest.fixture(scope="module", params=["numpy", "numba"])
def xp(request):
    if request.param == "numba":
        pytest.importorskip("numba")
    return backends.get(request.param)


class Pair:
    """A generator of PyTorch and one of the backend, which must agree in every draw."""

    def __init__(self, xp, seed):
        self.xp, self.theirs = xp, torch.Generator().manual_seed(seed)
        self.ours = xp.generator(seed)

    def check(self, expected, draw, *parameters):
        """`expected` was drawn from `theirs`; `draw` from `ours` what should equal it."""
        actual, expected = getattr(self.xp, draw)(self.ours, *parameters), expected.numpy()
        context = (draw, parameters[:3])
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype), context
        assert actual.tobytes() == expected.tobytes(), context
        assert self.ours.get_state() == self.theirs.get_state().numpy().tobytes(), context


def empty(shape, dtype):
    return torch.empty(shape, dtype=getattr(torch, dtype.name))


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_real_numbers(xp, seed, dtype):
    pair = Pair(xp, seed)
    g = pair.theirs
    for shape in SIZES:
        for low, high in BOUNDS:
            expected = empty(shape, dtype).uniform_(low, high, generator=g)
            pair.check(expected, "random_uniform", shape, dtype, low, high)
        for mean, std in NORMALS:
            expected = empty(shape, dtype).normal_(mean, std, generator=g)
            pair.check(expected, "random_normal", shape, dtype, mean, std)
        for rate in (1, 0.3, 17.0):
            expected = empty(shape, dtype).exponential_(rate, generator=g)
            pair.check(expected, "random_exponential", shape, dtype, rate)


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_numbers(xp, seed):
    pair = Pair(xp, seed)
    g = pair.theirs
    for shape in SIZES:
        for name, low, high in RANGES:
            dtype = dtypes.from_name(name)
            expected = empty(shape, dtype).random_(low, high, generator=g)
            pair.check(expected, "random_integers", shape, dtype, low, high)
        for name in UNBOUNDED:
            dtype = dtypes.from_name(name)
            expected = empty(shape, dtype).random_(generator=g)
            pair.check(expected, "random_bits", shape, dtype)
        everything = empty(shape, dtypes.int64).random_(-(2**63), None, generator=g)
        pair.check(everything, "random_integers", shape, dtypes.int64, -(2**63), 2**63)
        n = math.prod(shape)
        pair.check(torch.randperm(n, generator=g), "random_permutation", n)


def is_intel():
    with open("/proc/cpuinfo") as lines:
        return "GenuineIntel" in lines.read()


@pytest.mark.parametrize("seed", SEEDS)
def test_bernoulli(xp, seed):
    pair = Pair(xp, seed)
    for shape in SIZES:
        for dtype in FLOATS:
            p = np.random.default_rng(1).random(shape).astype(dtype.name)
            expected = torch.bernoulli(torch.asarray(p), generator=pair.theirs).bool()
            pair.check(expected, "random_bernoulli", np.asarray(p), shape)
        for p in () if is_intel() else (0.5, 0.1, 0.0, 1.0):
            expected = torch.empty(shape).bernoulli_(p, generator=pair.theirs).bool()
            pair.check(expected, "random_bernoulli", p, shape)


@given(
    seed=st.integers(0, 2**64 - 1),
    shape=st.lists(st.integers(0, 40), max_size=2).map(tuple),
    dtype=st.sampled_from(FLOATS),
    low=st.floats(-1e3, 1e3, width=16),
    width=st.floats(0, 1e3, width=16),
)
def test_any_bounds_mean_and_deviation(xp, seed, shape, dtype, low, width):
    pair = Pair(xp, seed)
    expected = empty(shape, dtype).uniform_(low, low + width, generator=pair.theirs)
    pair.check(expected, "random_uniform", shape, dtype, low, low + width)
    expected = empty(shape, dtype).normal_(low, width, generator=pair.theirs)
    pair.check(expected, "random_normal", shape, dtype, low, width)


@pytest.mark.parametrize("dtype", FLOATS[1:], ids=lambda d: d.name)
def test_long_draws(xp, dtype):
    pair, shape = Pair(xp, 9), (70_001,)
    g = pair.theirs
    expected = empty(shape, dtype).normal_(0.3, 1.7, generator=g)
    pair.check(expected, "random_normal", shape, dtype, 0.3, 1.7)
    expected = empty(shape, dtype).uniform_(-0.3, 0.77, generator=g)
    pair.check(expected, "random_uniform", shape, dtype, -0.3, 0.77)
    pair.check(torch.randperm(shape[0], generator=g), "random_permutation", *shape)


def test_a_stream_goes_on_from_one_to_the_other(xp):
    pair = Pair(xp, 4)
    torch.randn(5, generator=pair.theirs)  # leaves a spare normal number
    pair.ours.set_state(pair.theirs.get_state().numpy().tobytes())
    for shape in ((4,), (20,), (3,)):
        expected = torch.randn(shape, generator=pair.theirs)
        pair.check(expected, "random_normal", shape, dtypes.float32, 0, 1)
    state = np.frombuffer(pair.ours.get_state(), np.uint8).copy()
    back = torch.Generator().set_state(torch.from_numpy(state))
    assert torch.equal(torch.rand(9, generator=back), torch.rand(9, generator=pair.theirs))
