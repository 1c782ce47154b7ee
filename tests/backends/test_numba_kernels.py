"""The Numba backend against the NumPy reference, in float64 where that tells more."""

import math
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from torchlite.backends import get
from torchlite.backends.composites import Composites

numba = pytest.importorskip("numba")

from torchlite_numba import launch, scalar  # noqa: E402

reference, fast = get("numpy"), get("numba")
KINDS = [np.float32, np.float64]
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, -1e-45, 1e-38, 88.5, 88.73,
           -87.5, -100.0, -103.9, -104.5, 3e38, -3e38, 0.92, -0.92, 20.0, 21.0, 1e-8]  # fmt: skip
NUMBERS = {"negative_slope": 0.1, "alpha": 1.3, "scale": 1.1, "input_scale": 0.9, "low": -0.5,
           "high": 0.7, "beta": 1.5, "threshold": 20.0}  # fmt: skip
GELUS = {"_gelu": "none", "_gelu_backward": "none", "_gelu_tanh": "tanh",
         "_gelu_tanh_backward": "tanh"}  # fmt: skip
TABLE = {**scalar.CHEAP, **scalar.COSTLY, **scalar.LARGE}
LARGE = launch.CHEAP_FROM + 3


def sample(n, kind, seed=0):
    """n numbers with the awkward ones in front."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([SPECIAL, rng.normal(0, 3, n), rng.uniform(-110, 110, n)])[:n]
    with np.errstate(over="ignore"):
        return x.astype(kind)


def call(backend, name, layout, n, kind, computed_in=None):
    """Method `name` of the table on arrays of n elements that `layout` has arranged."""
    signature = TABLE[name][0].split(", ")
    x, g = sample(n, kind), np.random.default_rng(1).normal(size=n).astype(kind)
    arrays = {"x": x, "out": np.tanh(x), "g": g}
    arrays = {w: v.astype(computed_in or kind) for w, v in arrays.items()} | {"mask": g > 0}
    args = [layout(arrays[w]) if w in arrays else NUMBERS[w] for w in signature]
    if name in GELUS:
        name, args = name.replace("_gelu_tanh", "gelu").lstrip("_"), [*args, GELUS[name]]
    if name == "_mse_slope":
        return backend.mul(backend.sub(*args[:2]), args[2]) if backend is reference else (
            backend._mse_slope(*args))  # fmt: skip
    return getattr(backend, name)(*args)


def close(actual, expected, kind=np.float32, scale=1.0):
    rtol, atol = (3e-6, 2e-6) if kind is np.float32 else (1e-12, 1e-12)
    assert np.asarray(actual).dtype == kind
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol, atol * scale)


def as_near_as_the_reference(name, layout, n, kind):
    """Near the reference's result, or nearer to the exact one where its own digits cancel."""
    actual = call(fast, name, layout, n, kind)
    expected = call(reference, name, layout, n, kind)
    if kind is np.float32:
        with np.errstate(over="ignore"):
            exact = call(reference, name, layout, n, kind, np.float64).astype(kind)
        expected = np.where(np.isclose(actual, exact, 3e-6, 2e-6), exact, expected)
    close(actual, expected, kind)


LAYOUTS = {
    "plain": lambda x: x,
    "matrix": lambda x: x[: len(x) // 2 * 2].reshape(2, -1),
    "strided": lambda x: np.repeat(x, 2)[::2],
    "transposed": lambda x: x[: len(x) // 2 * 2].reshape(2, -1).T,
    "broadcast": lambda x: np.broadcast_to(x[5], x.shape),
    "no dimensions": lambda x: x[11],
    "one element": lambda x: np.array(x[3]),
    "empty": lambda x: x[:0],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", TABLE)
def test_elementwise_kernel_equals_the_reference(name, layout, kind):
    as_near_as_the_reference(name, LAYOUTS[layout], 300, kind)


@pytest.mark.parametrize("name", TABLE)
def test_elementwise_kernel_equals_the_reference_when_threads_share_the_work(name):
    as_near_as_the_reference(name, lambda x: x, LARGE, np.float32)


@pytest.mark.parametrize("name", ["relu_backward", "sigmoid_backward", "dropout"])
def test_a_gradient_may_be_broadcast(name):
    x = sample(40, np.float32).reshape(8, 5)
    other = x > 0 if name == "dropout" else x
    g = np.broadcast_to(np.float32(0.5), (8, 5))
    extra = (2.0,) if name == "dropout" else ()
    actual = getattr(fast, name)(g, other, *extra)
    close(actual, getattr(reference, name)(g, other, *extra))


@pytest.mark.parametrize("bounds", [(None, 0.5), (-0.5, None), (None, None), (1.0, -1.0),
                                    (math.nan, 1.0), (0.0, math.nan)])  # fmt: skip
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
def test_clamp_takes_any_bounds(bounds, kind):
    if kind is np.int64:
        bounds = [None if b is None or b != b else int(b) for b in bounds]
        x, g = np.arange(-3, 4), np.ones(7, np.int64)
    else:
        x, g = sample(50, kind), np.ones(50, kind)
    close(fast.clamp(x, *bounds), reference.clamp(x, *bounds), kind)
    close(fast.clamp_backward(g, x, *bounds), reference.clamp_backward(g, x, *bounds), kind)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "erf", "gelu"])
def test_float16_is_left_to_the_reference(name):
    x = np.array([-2.0, 0.0, 1.5], np.float16)
    extra = ("none",) if name == "gelu" else ()
    actual, expected = getattr(fast, name)(x, *extra), getattr(reference, name)(x, *extra)
    np.testing.assert_array_equal(actual, expected, strict=True)


@pytest.mark.parametrize("name", ["relu", "elu", "erf", "silu", "sigmoid"])
def test_zeros_keep_the_sign_that_the_reference_gives_them(name):
    extra = (1.0, 1.0, 1.0) if name == "elu" else ()
    x = np.array([0.0, -0.0], np.float32)
    actual, expected = getattr(fast, name)(x, *extra), getattr(reference, name)(x, *extra)
    if name != "relu":  # max(-0., 0) may be either
        np.testing.assert_array_equal(np.signbit(actual), np.signbit(expected))
    np.testing.assert_array_equal(actual, expected)


# --- reductions ----------------------------------------------------------------------------------

SHAPES = [(), (1,), (0,), (3, 0), (5,), (1500,), (32, 10), (300, 600), (7, 1, 9), (12, 40, 30),
          (2, 50_000), (1, 40_000), (40_001,)]  # fmt: skip


def axes_of(shape):
    return [None, *range(len(shape)), *([(0, 1), (1, 0)] if len(shape) > 1 else []),
            *([(0, 2), (1, 2)] if len(shape) > 2 else [])]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "amax", "amin", "var"])
def test_reduction_equals_the_reference(name, shape, kind):
    x = np.asarray(np.random.default_rng(0).normal(1, 0.01, shape), kind)
    for axis in axes_of(shape):
        reduced = shape if axis is None else np.take(shape, axis)
        if name in ("amax", "amin") and 0 in np.atleast_1d(reduced):
            continue
        correction = (1,) if name == "var" else ()
        for keepdims in (False, True):
            actual = getattr(fast, name)(x, axis, *correction, keepdims)
            expected = getattr(reference, name)(x.astype(float), axis, *correction, keepdims)
            close(actual, expected, kind, scale=10 if name == "prod" else 0.1)
            strided = np.repeat(x, 2).reshape(*shape, 2)[..., 0]
            actual = getattr(fast, name)(strided, axis, *correction, keepdims)
            expected = getattr(reference, name)(strided, axis, *correction, keepdims)
            close(actual, expected, kind)


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin"])
def test_reductions_keep_nan_and_infinity(name, axis):
    x = np.ones((200, 50), np.float32)
    x[3, 4], x[5, 6], x[5, 7], x[8, 9] = math.nan, math.inf, -math.inf, -math.inf
    close(getattr(fast, name)(x, axis, False), getattr(reference, name)(x, axis, False))


def test_a_sum_beyond_float32_is_infinite_and_silent():
    assert fast.sum(np.full(50_000, 3e38, np.float32), None, False) == math.inf
    assert math.isnan(fast.sum(np.repeat([math.inf, -math.inf], 30_000), None, False))


# --- softmax and cross entropy -------------------------------------------------------------------


def rows(shape, seed=0):
    x = np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)
    if x.size > 40 and x.ndim > 1:
        x[0, ..., 1], x[1, ..., 2], x[2] = math.inf, math.nan, -math.inf
        x[3, ..., 1:] = -math.inf
    return x


@pytest.mark.parametrize("shape", [(6, 10), (1, 1), (5,), (0, 4), (4, 3, 17), (400, 200)], ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_and_its_gradient_equal_the_reference(name, shape):
    x, g = rows(shape), np.random.default_rng(1).normal(size=shape).astype(np.float32)
    for axis in {0, len(shape) - 1}:
        if not shape[axis]:
            continue
        out = getattr(reference, name)(x, axis)
        close(getattr(fast, name)(x, axis), out)
        backward = f"{name}_backward"
        expected = getattr(reference, backward)(g, out, axis)
        close(getattr(fast, backward)(g, out, axis), expected)
        ones = np.broadcast_to(np.float32(1), shape)
        close(getattr(fast, backward)(ones, out, axis),
              getattr(reference, backward)(ones, out, axis), scale=5)  # fmt: skip


@pytest.mark.parametrize("shape", [(6, 10), (1, 1), (700, 100)], ids=str)
def test_cross_entropy_and_its_gradient_equal_the_reference(shape):
    x = rows(shape)
    target = np.random.default_rng(2).integers(0, shape[1], shape[0])
    for actual, expected in zip(fast.cross_entropy(x, target), reference.cross_entropy(x, target)):
        close(actual, expected)
    probabilities = reference.softmax(x, 1)
    for g in (rows(shape[:1], 3), np.broadcast_to(np.float32(0.1), shape[:1])):
        expected = reference.cross_entropy_backward(g, probabilities, target)
        close(fast.cross_entropy_backward(g, probabilities, target), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (0,), (32, 1), (LARGE,), (20_000,)], ids=str)
def test_mean_squared_error_and_its_gradient_equal_the_reference(shape, kind):
    rng = np.random.default_rng(0)
    x, y = (np.asarray(rng.normal(size=shape), kind) for _ in range(2))
    for a, b in ((x, y), (x.T, y.T), (x, np.repeat(y, 2)[::2].reshape(shape))):
        close(fast.mse_mean(a, b), reference.mse_mean(a, b), kind)
        if shape != (0,):
            expected = reference.mse_mean_backward(kind(0.5), a, b)
            close(fast.mse_mean_backward(np.array(0.5, kind), a, b), expected, kind)
    assert fast.mse_mean(x * 0 + kind(math.inf), y) == math.inf or shape == (0,)


@pytest.mark.parametrize("kind", [np.float16, *KINDS])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (40, 5)], ids=str)
def test_the_gradient_of_an_embedding_adds_up_repeated_rows_in_order(shape, kind):
    rng = np.random.default_rng(0)
    index, g = np.asarray(rng.integers(0, 6, shape)), rng.normal(size=(*shape, 3)).astype(kind)
    for rows in (g, np.repeat(g, 2, -1)[..., ::2], np.broadcast_to(g[..., :1], g.shape)):
        actual = fast.embedding_backward(rows, index, 6)
        expected = reference.embedding_backward(rows, index, 6)
        np.testing.assert_array_equal(actual, expected, strict=True)


# --- products ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(4,), (0, 3), (3, 2), (5, 30), (2, 3, 4), (600, 16)], ids=str)
@pytest.mark.parametrize("outputs", [1, 7, 500])
def test_linear_and_its_gradients_equal_the_reference(shape, outputs, kind):
    rng = np.random.default_rng(0)
    x, w = (rng.normal(size=s).astype(kind) for s in (shape, (outputs, shape[-1])))
    b, g = (rng.normal(size=s).astype(kind) for s in ((outputs,), (*shape[:-1], outputs)))
    for weight in (w, np.asfortranarray(w)):
        for bias in (b, np.repeat(b, 2)[::2], None):
            expected = reference.linear(x, weight, bias)
            close(fast.linear(x, weight, bias), expected, kind, scale=100)
    for actual, expected in zip(
        fast.linear_backward(g, x, w, (True, True, True)),
        reference.linear_backward(g, x, w, (True, True, True)),
    ):
        close(actual, expected, kind, scale=100)
    assert fast.linear_backward(g, x, w, (False, False, False)) == (None, None, None)


PRODUCTS = [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)),
            ((6, 2, 3, 4), (2, 4, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 2))]  # fmt: skip


@pytest.mark.parametrize("a, b", PRODUCTS)
def test_matmul_equals_the_reference(a, b):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=a).astype(np.float32), rng.normal(size=b).astype(np.float32)
    close(fast.matmul(x, y), reference.matmul(x, y))
    mirrored = x[..., ::-1].swapaxes(-1, -2).copy().swapaxes(-1, -2)
    close(fast.matmul(mirrored, y), reference.matmul(mirrored, y))


# --- optimizers ----------------------------------------------------------------------------------


def states(kind, count, shapes):
    rng = np.random.default_rng(0)
    return [[np.asarray(rng.random(s), kind) for s in shapes] for _ in range(count)]


def copies(lists):
    return [[x.copy("K") for x in arrays] for arrays in lists]


FLAGS = st.booleans()


@given(kind=st.sampled_from(KINDS), momentum=st.sampled_from([0.0, 0.9]),
       decay=st.sampled_from([0.0, 0.1]), nesterov=FLAGS, maximize=FLAGS, first=FLAGS)  # fmt: skip
def test_sgd_rounds_as_the_composite(kind, momentum, decay, nesterov, maximize, first):
    mine = states(kind, 3, [(3, 5), (), (0,), (LARGE,), (4, 4)])
    mine[0][-1] = np.asfortranarray(mine[0][-1])
    theirs = copies(mine)
    for (params, grads, buffers), step in (
        (mine, fast.sgd_step), (theirs, lambda *a: Composites.sgd_step(reference, *a))
    ):  # fmt: skip
        step(params, grads, buffers if momentum else None, 0.1, momentum, 0.3, decay, nesterov,
             maximize, first)  # fmt: skip
    for a, b in zip(chain(*mine), chain(*theirs)):
        np.testing.assert_array_equal(a, b)


@given(kind=st.sampled_from(KINDS), decay=st.sampled_from([0.0, 0.1]), decoupled=FLAGS,
       maximize=FLAGS, amsgrad=FLAGS, step=st.integers(1, 1000))  # fmt: skip
def test_adam_rounds_as_the_composite(kind, decay, decoupled, maximize, amsgrad, step):
    mine = states(kind, 5, [(3, 5), (), (0,), (LARGE,), (4, 4)])
    mine[1][-1] = np.asfortranarray(mine[1][-1])
    theirs = copies(mine)
    for (params, grads, means, squares, tops), update in (
        (mine, fast.adam_step), (theirs, lambda *a: Composites.adam_step(reference, *a))
    ):  # fmt: skip
        update(params, grads, means, squares, tops if amsgrad else None, step, 0.01, 0.9, 0.999,
               1e-8, decay, decoupled, maximize)  # fmt: skip
    for a, b in zip(chain(*mine), chain(*theirs)):
        np.testing.assert_array_equal(a, b)


def test_a_gradient_of_another_type_updates_as_the_reference_does():
    mine, theirs = np.ones(3, np.float32), np.ones(3, np.float32)
    g = np.array([1.0, 2.0, 3.0])
    fast.sgd_step([mine], [g], None, 0.1, 0.0, 0.0, 0.0, False, False, True)
    reference.sgd_step([theirs], [g], None, 0.1, 0.0, 0.0, 0.0, False, False, True)
    np.testing.assert_array_equal(mine, theirs)


@given(x=hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0)))
def test_inputs_stay_unchanged(x):
    before = x.copy()
    fast.relu(x), fast.sigmoid(x), fast.sum(x, None, False), fast.softmax_backward(x, x, x.ndim - 1)
    np.testing.assert_array_equal(x, before)


# --- images: several blocks of images, and several threads ----------------------------------------


def images(*shape, kind=np.float32, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation"),
    [((28, 28), (3, 3), (1, 1), (0, 0), (1, 1)), ((30, 17), (5, 2), (2, 3), (2, 1), (1, 2)),
     ((500,), (7,), (2,), (3,), (1,)), ((14, 14), (1, 1), (1, 1), (0, 0), (1, 1))],
)  # fmt: skip
def test_convolutions_of_many_images(kind, size, kernel, stride, padding, dilation):
    x, weight, bias = images(24, 8, *size, kind=kind), images(16, 8, *kernel), images(16)
    weight, bias = weight.astype(kind), bias.astype(kind)
    steps = zip(size, kernel, stride, padding, dilation)
    counts = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in steps)
    g, rest = images(24, 16, *counts, kind=kind), (stride, padding, dilation, 1)
    for name, args in (
        ("convolution", (x, weight, bias, counts, *rest)),
        ("convolution_transposed", (g, weight, None, size, *rest)),
        ("convolution_weight", (g, x, kernel, *rest)),
    ):
        expected = getattr(reference, name)(*args)
        bound = np.finfo(kind).eps * 100 * np.abs(expected).max()
        np.testing.assert_allclose(getattr(fast, name)(*args), expected, rtol=0, atol=bound)


def test_pooling_of_many_planes():
    x = images(8, 16, 60, 60)
    x[0, 0, :4, :4], x[1, 1, 0, 0] = -np.inf, np.nan
    args = ((30, 30), (3, 2), (2, 2), (1, 1), (1, 1))
    (values, places), (best, chosen) = (b.max_pool(x, *args) for b in (reference, fast))
    np.testing.assert_array_equal(best, values)
    np.testing.assert_array_equal(chosen, places)
    g = images(8, 16, 30, 30)
    for name, operands in (
        ("max_pool_backward", (g, places, x.shape)),
        ("pool_sum", (images(8, 16, 60, 60), *args[:4])),
        ("pool_sum_backward", (g, x.shape, *args[1:4])),
    ):
        expected = getattr(reference, name)(*operands)
        np.testing.assert_allclose(getattr(fast, name)(*operands), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_normalization_of_many_planes_and_rows(training, shift):
    x, g, weight, bias = images(16, 12, 20, 20), images(16, 12, 20, 20), images(12), images(12)
    x, needs = (x + shift).astype(np.float32), (True,) * 3
    exact = x.astype(np.float64)
    mean, var = exact.mean((0, 2, 3)), exact.var((0, 2, 3))
    wide = [v.astype(np.float64) for v in (weight, bias)]
    narrow = [v.astype(np.float32) for v in (mean, var)]
    np.testing.assert_allclose(fast.batch_moments(x), (mean, var), rtol=1e-5)
    results = [
        fast.batch_norm(x, weight, bias, *narrow, training, 1e-5),
        *fast.batch_norm_backward(g, x, weight, *narrow, training, 1e-5, needs),
        fast.layer_norm(x, weight[:, None, None] + x[0] * 0, None, 3, 1e-5),
        *fast.layer_norm_backward(g, x, None, 1, 1e-5, needs),
    ]
    g = g.astype(np.float64)
    expected = [
        reference.batch_norm(exact, *wide, mean, var, training, 1e-5),
        *reference.batch_norm_backward(g, exact, wide[0], mean, var, training, 1e-5, needs),
        reference.layer_norm(exact, wide[0][:, None, None] + exact[0] * 0, None, 3, 1e-5),
        *reference.layer_norm_backward(g, exact, None, 1, 1e-5, needs),
    ]
    for got, right in zip(results, expected, strict=True):
        near = (1e-5 + shift * 5e-7) * max(1.0, np.abs(right).max())  # digits of x itself
        np.testing.assert_allclose(got, right, rtol=0, atol=near)
