"""The streams of random numbers: PyTorch's for the same seed, from every backend."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from torchlite import backends, dtypes
from torchlite.backends.numpy import random as reference
from torchlite.dtypes import float16, float32, float64

FLOATS = st.sampled_from([float16, float32, float64])
SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9)
SEEDS = st.integers(0, 2**64 - 1)
LONG = 70_000  # so many words that the numba backend runs the engine itself


@pytest.fixture(scope="module", params=["numpy", "numba"])
def xp(request):
    if request.param == "numba":
        pytest.importorskip("numba")
    return backends.get(request.param)


@pytest.fixture(scope="module")
def numba():
    pytest.importorskip("numba")
    return backends.get("numba")


# --- PyTorch's numbers for two seeds -------------------------------------------------------------

VECTORS = {  # call -> what it begins (or, at -2, ends) with after manual_seed(0) and (1234)
    "rand(3)": (
        lambda xp, g: xp.random_uniform(g, (3,), float32, 0, 1),
        [0.49625658988952637, 0.7682217955589294, 0.08847743272781372],
        [0.028979241847991943, 0.4018985629081726, 0.25984418392181396],
    ),
    "rand(2) of float64": (
        lambda xp, g: xp.random_uniform(g, (2,), float64, 0, 1),
        [0.9700530018065531, 0.707819864399788],
        [0.2318341720884639, 0.07875386135027063],
    ),
    "randn(3)": (
        lambda xp, g: xp.random_normal(g, (3,), float32, 0, 1),
        [1.5409960746765137, -0.293428897857666, -2.1787893772125244],
        [0.0461304634809494, 0.4024028182029724, -1.0115290880203247],
    ),
    "randn(16)[:3]": (
        lambda xp, g: xp.random_normal(g, (16,), float32, 0, 1)[:3],
        [-1.1258398294448853, -1.152360200881958, -0.2505785822868347],
        [-0.1117185652256012, -0.49659010767936707, 0.16307370364665985],
    ),
    "randn(17)[-2:]": (
        lambda xp, g: xp.random_normal(g, (17,), float32, 0, 1)[-2:],
        [-0.843676745891571, 0.9318265914916992],
        [1.215756893157959, -2.5273351669311523],
    ),
    "randint(10, (8,))": (
        lambda xp, g: xp.random_integers(g, (8,), dtypes.int64, 0, 10),
        [4, 9, 3, 0, 3, 9, 7, 3],
        [5, 1, 6, 5, 6, 4, 2, 5],
    ),
    "randperm(8)": (
        lambda xp, g: xp.random_permutation(g, 8),
        [4, 0, 7, 3, 2, 5, 1, 6],
        [7, 5, 2, 3, 4, 6, 1, 0],
    ),
    "what dropout(p=0.5) keeps": (
        lambda xp, g: xp.random_bernoulli(g, 0.5, (12,)),
        [0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1],
    ),
}


@pytest.mark.parametrize("call", VECTORS)
def test_numbers_are_those_of_pytorch(xp, call):
    draw, *expected = VECTORS[call]
    for seed, numbers in zip((0, 1234), expected):
        actual = draw(xp, xp.generator(seed))
        np.testing.assert_array_equal(actual, np.array(numbers, actual.dtype))


# --- the numba backend against the reference -----------------------------------------------------


def draws(xp, g, shape, dtype):
    """One of everything."""
    p = np.full(shape, 0.3, np.dtype(dtype.name))
    n = math.prod(shape)
    return [
        xp.random_uniform(g, shape, dtype, 0, 1),
        xp.random_uniform(g, shape, dtype, -0.3, 0.77),
        xp.random_normal(g, shape, dtype, 0, 1),
        xp.random_normal(g, shape, dtype, 0.3, 0.02),
        xp.random_bernoulli(g, 0.3, shape),
        xp.random_bernoulli(g, p, shape),
        xp.random_exponential(g, shape, dtype, 0.7),
        xp.random_integers(g, shape, dtypes.int64, -5, 5),
        xp.random_integers(g, shape, dtypes.int64, -(2**62), 2**62),
        xp.random_bits(g, shape, dtype),
        xp.random_permutation(g, n),
    ]


def assert_same_draws(actual, expected):
    for a, e in zip(actual, expected):
        assert (a.dtype, a.shape) == (e.dtype, e.shape)
        assert a.tobytes() == e.tobytes()


@given(seed=SEEDS, shape=SHAPES, dtype=FLOATS)
def test_backends_draw_the_same_bits_and_leave_the_same_state(numba, seed, shape, dtype):
    numpy = backends.get("numpy")
    g, h = numba.generator(seed), numpy.generator(seed)
    assert_same_draws(draws(numba, g, shape, dtype), draws(numpy, h, shape, dtype))
    assert g.get_state() == h.get_state()


@pytest.mark.parametrize("dtype", [float32, float64])
@pytest.mark.parametrize("n", [LONG, LONG + 5])
def test_backends_draw_the_same_bits_in_long_draws(numba, n, dtype):
    numpy = backends.get("numpy")
    g, h = numba.generator(3), numpy.generator(3)
    assert_same_draws(draws(numba, g, (n,), dtype), draws(numpy, h, (n,), dtype))
    assert g.get_state() == h.get_state()


def test_a_stream_goes_on_when_the_backend_is_switched(numba):
    numpy = backends.get("numpy")
    g, h = numba.generator(3), numpy.generator(3)
    mixed = [xp.random_normal(g, (5,), float32, 0, 1) for xp in (numba, numpy, numba)]
    plain = [numpy.random_normal(h, (5,), float32, 0, 1) for _ in range(3)]
    assert_same_draws(mixed, plain)


# --- what any draw promises ----------------------------------------------------------------------


@given(seed=SEEDS, shape=SHAPES, dtype=FLOATS)
def test_shape_dtype_and_range(xp, seed, shape, dtype):
    g = xp.generator(seed)
    x = xp.random_uniform(g, shape, dtype, 2, 2.001)
    assert x.shape == shape
    assert x.dtype == np.dtype(dtype.name)
    assert np.all((np.float16(2) <= x) & (x < 2.001))
    n = xp.random_integers(g, shape, dtypes.int32, -3, 4)
    assert n.shape == shape
    assert n.dtype == np.int32
    assert np.all((n >= -3) & (n < 4))
    assert np.all(xp.random_exponential(g, shape, dtype, 2.0) >= 0)
    assert sorted(xp.random_permutation(g, len(n.ravel())).tolist()) == list(range(n.size))


def test_threads_that_share_a_generator_get_different_numbers(xp):
    shared, alone, threads = xp.generator(2), xp.generator(2), 4

    def draw(_):
        return xp.random_uniform(shared, (LONG,), float64, 0, 1)

    with ThreadPoolExecutor(threads) as pool:
        together = np.concatenate(list(pool.map(draw, range(threads))))
    expected = xp.random_uniform(alone, (threads * LONG,), float64, 0, 1)
    np.testing.assert_array_equal(np.sort(together), np.sort(expected))


def test_a_dtype_that_a_backend_lacks_draws_nothing(xp):
    g = xp.generator(0)
    before = g.get_state()
    for draw in (xp.random_uniform, xp.random_normal, xp.random_integers):
        with pytest.raises(TypeError, match="complex32"):
            draw(g, (20,), dtypes.complex32, 0, 1)
    assert g.get_state() == before


def test_an_empty_draw_draws_nothing(xp):
    g = xp.generator(0)
    before = g.get_state()
    for x in draws(xp, g, (0, 3), float32):
        assert x.size == 0
    assert g.get_state() == before


def test_the_greatest_probability_is_certain_and_zero_impossible(xp):
    g = xp.generator(0)
    assert xp.random_bernoulli(g, 1.0, (1000,)).all()
    assert not xp.random_bernoulli(g, 0.0, (1000,)).any()


@pytest.mark.parametrize("dtype", [float16, float32, float64])
def test_numbers_too_great_for_the_dtype_are_infinite_without_a_warning(xp, dtype):
    greatest = float(np.finfo(dtype.name).max)
    g = xp.generator(0)
    for n in (5, 40):
        assert np.isinf(xp.random_normal(g, (n,), dtype, greatest, greatest)).any()
        assert np.isfinite(xp.random_uniform(g, (n,), dtype, -greatest / 2, greatest / 2)).all()
    assert np.isinf(xp.random_exponential(g, (9,), float16, 1e-6)).any()


def test_long_permutations_are_made_inside_out(xp, monkeypatch):
    words = xp.generator(7).words64(20)
    expected = []
    for i, word in enumerate(words.tolist()):
        place = word % (i + 1)
        expected.append(0)
        expected[i], expected[place] = expected[place], i
    monkeypatch.setattr(reference, "WIDE_PERMUTATION", 20)
    assert xp.random_permutation(xp.generator(7), 20).tolist() == expected


@given(
    a=st.floats(-1e9, 1e9, width=32), b=st.floats(-1e9, 1e9, width=32),
    c=st.floats(-1e9, 1e9, width=32),
)  # fmt: skip
def test_multiply_add_of_float32_is_rounded_once(a, b, c):
    exact = exact_multiply_add(a, b, c)
    actual = reference.fma32(np.array([a], np.float32), np.float32(b), np.float32(c))[0]
    assert_nearest(actual, exact, np.float32)


@given(*[st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-30)] * 3)
def test_multiply_add_of_float64_is_rounded_once(a, b, c):
    actual = reference.fma64(np.array([a]), b, c)[0]
    assert_nearest(actual, exact_multiply_add(a, b, c), np.float64)


def test_multiply_add_is_right_where_rounding_twice_is_wrong():
    a, b = np.array([1 + 2.0**-23], np.float32), np.float32(1 - 2.0**-24)
    c = np.float32(2.0**-60)
    assert_nearest(reference.fma32(a, b, c)[0], exact_multiply_add(a[0], b, c), np.float32)
    halfway = np.array([1.0], np.float32), np.float32(2.0**-24 + 2.0**-47), np.float32(1)
    assert reference.fma32(*halfway)[0] == np.float32(1 + 2.0**-23)


def exact_multiply_add(a, b, c):
    return Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))


def assert_nearest(x, exact, kind):
    tiny = Fraction(float(np.finfo(kind).tiny))
    if abs(exact) < tiny:
        return  # below the normal numbers rounding is coarser
    error = abs(Fraction(float(x)) - exact)
    for neighbour in (np.nextafter(x, kind(np.inf)), np.nextafter(x, kind(-np.inf))):
        other = abs(Fraction(float(neighbour)) - exact)
        assert error < other or (error == other and x.view(f"i{x.itemsize}") & 1 == 0)


# --- the state -----------------------------------------------------------------------------------


@given(seed=SEEDS, drawn=st.integers(0, 1300), normals=st.integers(0, 3))
def test_a_state_that_is_put_back_repeats_what_followed(xp, seed, drawn, normals):
    g, other = xp.generator(seed), xp.generator(0)
    xp.random_uniform(g, (drawn,), float32, 0, 1)
    xp.random_normal(g, (normals,), float32, 0, 1)
    state = g.get_state()
    assert len(state) == 5056
    other.set_state(state)
    assert other.get_state() == state
    assert other.initial_seed == seed
    assert_same_draws(draws(xp, g, (5,), float32), draws(xp, other, (5,), float32))


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda state: state[:-1], "CPUGeneratorImplState of size 5056 but found .* 5055"),
        (lambda state: bytes(5056), "Invalid mt19937 state"),
        (lambda state: state[:8] + b"\xff\xff" + state[10:], "Invalid mt19937 state"),
    ],
)
def test_a_bad_state_is_refused_and_changes_nothing(xp, spoil, message):
    g = xp.generator(5)
    before = g.get_state()
    with pytest.raises(RuntimeError, match=message):
        g.set_state(spoil(before))
    assert g.get_state() == before


def test_only_the_low_32_bits_of_a_seed_choose_the_stream(xp):
    g, h = xp.generator(7), xp.generator(7 + 2**40)
    assert g.initial_seed != h.initial_seed
    assert_same_draws(draws(xp, g, (20,), float32), draws(xp, h, (20,), float32))


def test_seeding_forgets_the_spare_normal_number(xp):
    g = xp.generator(1)
    first = xp.random_normal(g, (1,), float32, 0, 1)
    g.seed(1)
    assert xp.random_normal(g, (1,), float32, 0, 1) == first
