"""bfloat16 and autocast against real PyTorch: conversions, promotion, streams, training, files."""

import io
import itertools

import numpy as np
import pytest

import torchlite as tl
import torchlite.nn
import torchlite.optim

torch = pytest.importorskip("torch")
pytest.importorskip("ml_dtypes")
LIBRARIES = (tl, torch)
RNG = np.random.default_rng(0)
EPS = 2.0**-7


def both(call):
    return [call(lib) for lib in LIBRARIES]


def bits(x):
    return x.view(torch.int16 if isinstance(x, torch.Tensor) else tl.int16).numpy()


def assert_same_bits(call):
    mine, theirs = both(call)
    np.testing.assert_array_equal(bits(mine), bits(theirs))


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, powers", [
    ("float64", (-140, 20)), ("float32", (-140, 20)), ("float16", (-20, 10)), ("int64", (0, 60)),
    ("int16", (0, 12)), ("bool", (0, 1)),
])  # fmt: skip
def test_conversions_round_alike(kind, powers):
    x = (RNG.uniform(-4, 4, 5000) * 2.0 ** RNG.integers(*powers, 5000)).astype(kind)
    assert_same_bits(lambda lib: lib.from_numpy(x).bfloat16())
    for back in ("float64", "float16"):
        mine, theirs = both(lambda lib, b=back: lib.from_numpy(x).bfloat16().to(getattr(lib, b)))
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_limits():
    mine, theirs = both(lambda lib: lib.finfo(lib.bfloat16))
    for name in ("eps", "max", "min", "tiny", "smallest_normal", "resolution", "bits"):
        assert getattr(mine, name) == getattr(theirs, name)


OTHERS = ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64", "complex64"]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("shapes", list(itertools.product([(), (2,)], repeat=2)), ids=str)
def test_promotion(other, shapes):
    def dtype(lib):
        x = lib.ones(shapes[0], dtype=lib.bfloat16)
        return str((x * lib.ones(shapes[1], dtype=getattr(lib, other))).dtype)

    mine, theirs = both(dtype)
    assert mine == theirs


@pytest.mark.parametrize("number", [True, 3, 2.5, 1j])
def test_promotion_with_numbers(number):
    mine, theirs = both(lambda lib: str((lib.ones(2, dtype=lib.bfloat16) * number).dtype))
    assert mine == theirs


@pytest.mark.parametrize("name", ["log1p", "sqrt", "tanh", "sigmoid", "erf", "cos", "neg",
                                  "reciprocal", "floor", "abs", "square"])  # fmt: skip
def test_elementwise_results_are_equal_to_the_bit(name):
    x = RNG.uniform(0.01, 8, 2000).astype("f4")
    assert_same_bits(lambda lib: getattr(lib, name)(lib.from_numpy(x).bfloat16()))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "nextafter"])
def test_binary_results_are_equal_to_the_bit(name):
    x, y = RNG.standard_normal((2, 2000)).astype("f4")
    assert_same_bits(
        lambda lib: getattr(lib, name)(*(lib.from_numpy(a).bfloat16() for a in (x, y)))
    )


@pytest.mark.parametrize("count", [5, 16, 37, 1000])
@pytest.mark.parametrize("name", ["rand", "randn"])
def test_random_streams(name, count):
    def draw(lib):
        lib.manual_seed(7)
        return getattr(lib, name)(count, dtype=lib.bfloat16)

    assert_same_bits(draw)


@pytest.mark.parametrize("name", ["random_", "exponential_", "cauchy_", "log_normal_"])
def test_random_fills(name):
    def draw(lib):
        lib.manual_seed(7)
        return getattr(lib.empty(100, dtype=lib.bfloat16), name)()

    assert_same_bits(draw)


def test_text():
    x = (RNG.standard_normal((3, 4)) * 10.0 ** RNG.integers(-3, 4, (3, 4))).astype("f4")
    mine, theirs = both(lambda lib: repr(lib.from_numpy(x).bfloat16()))
    assert mine == theirs


# --- the way there and back -----------------------------------------------------------------------


def test_files_both_ways():
    x = RNG.standard_normal((4, 3)).astype("f4")
    for source, target in (LIBRARIES, LIBRARIES[::-1]):
        tensor = source.from_numpy(x).bfloat16()
        file = io.BytesIO()
        source.save({"x": tensor, "view": tensor.t()[1:]}, file)
        file.seek(0)
        loaded = target.load(file)
        np.testing.assert_array_equal(bits(loaded["x"]), bits(tensor))
        assert loaded["view"].stride() == (1, 3) and loaded["view"].dtype is target.bfloat16


def test_dlpack_both_ways():
    for source, target in (LIBRARIES, LIBRARIES[::-1]):
        x = source.arange(6, dtype=source.bfloat16).reshape(2, 3).t()
        y = target.from_dlpack(x)
        y[0, 1] = 9
        assert y.dtype is target.bfloat16 and x[0, 1].item() == 9
        np.testing.assert_array_equal(bits(x.contiguous()), bits(y.contiguous()))


# --- layers and training --------------------------------------------------------------------------


def network(lib, *widths):
    """A perceptron with the same weights in both libraries."""
    rng = np.random.default_rng(1)
    layers = []
    for n, m in itertools.pairwise(widths):
        layer = lib.nn.Linear(n, m)
        with lib.no_grad():
            for p in layer.parameters():
                p.copy_(lib.from_numpy(rng.standard_normal(tuple(p.shape)).astype("f4") / n**0.5))
        layers += [layer, lib.nn.ReLU()]
    return lib.nn.Sequential(*layers[:-1])


def batch(lib):
    rng = np.random.default_rng(2)
    x = lib.from_numpy(rng.standard_normal((32, 8)).astype("f4"))
    return x, lib.from_numpy(rng.integers(0, 4, 32))


def losses(lib, low_parameters, optimizer, **options):
    """Of some steps: parameters in bfloat16, or in float32 inside autocast."""
    net, (x, y) = network(lib, 8, 16, 4), batch(lib)
    if low_parameters:
        net, x = net.bfloat16(), x.bfloat16()
    steps = getattr(lib.optim, optimizer)(net.parameters(), **options)
    found = []
    for _ in range(20):
        steps.zero_grad()
        with lib.autocast("cpu", enabled=not low_parameters):
            loss = lib.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        steps.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("low_parameters", [False, True])
@pytest.mark.parametrize("optimizer, options", [
    ("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {"lr": 0.01}), ("AdamW", {"lr": 0.01}),
])  # fmt: skip
def test_training(low_parameters, optimizer, options):
    mine, theirs = both(lambda lib: losses(lib, low_parameters, optimizer, **options))
    np.testing.assert_allclose(mine, theirs, rtol=8 * EPS)
    assert mine[-1] < 0.9 * mine[0]


CALLS = {
    "matmul": lambda lib, x: x @ x,
    "mv": lambda lib, x: lib.mv(x, x[0]),
    "einsum": lambda lib, x: lib.einsum("ij,jk->ik", x, x),
    "linear": lambda lib, x: lib.nn.functional.linear(x, x, x[0]),
    "conv1d": lambda lib, x: lib.nn.functional.conv1d(x[None], x[:, :, None]),
    "attention": lambda lib, x: lib.nn.functional.scaled_dot_product_attention(x, x, x),
    "prelu": lambda lib, x: lib.nn.functional.prelu(x, x[0, :1]),
    "addmm": lambda lib, x: lib.addmm(x, x, x),
    "softmax": lambda lib, x: x.softmax(0),
    "layer_norm": lambda lib, x: lib.nn.functional.layer_norm(x, (4,)),
    "sum": lambda lib, x: x.sum(),
    "prod": lambda lib, x: x.prod(),
    "mse_loss": lambda lib, x: lib.nn.functional.mse_loss(x, x),
    "smooth_l1_loss": lambda lib, x: lib.nn.functional.smooth_l1_loss(x, x),
    "cross_entropy": lambda lib, x: lib.nn.functional.cross_entropy(x, lib.tensor([0, 1, 2, 3])),
    "norm": lambda lib, x: lib.linalg.norm(x),
    "svdvals": lambda lib, x: lib.linalg.svdvals(x),
    "cat": lambda lib, x: lib.cat((x, x.float())),
    "pad": lambda lib, x: lib.nn.functional.pad(x, (1, 1), "replicate"),
}


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", CALLS)
def test_autocast_chooses_the_same_dtypes(name, kind):
    x = RNG.standard_normal((4, 4)).astype("f4")

    def run(lib):
        with lib.autocast("cpu"):
            return CALLS[name](lib, lib.from_numpy(x).to(getattr(lib, kind)))

    mine, theirs = both(run)
    assert str(mine.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(mine.float().numpy(), theirs.float().numpy(), rtol=4 * EPS,
                               atol=4 * EPS)  # fmt: skip


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_autocast_of_recurrent_layers(name):
    def run(lib):
        lib.manual_seed(0)
        layer = getattr(lib.nn, name)(4, 3)
        with lib.autocast("cpu"):
            y, _ = layer(lib.ones(5, 2, 4))
        y.float().sum().backward()
        return [y.detach(), layer.weight_ih_l0.grad]

    for mine, theirs in zip(*both(run)):
        assert str(mine.dtype) == str(theirs.dtype)
        np.testing.assert_allclose(mine.float().numpy(), theirs.float().numpy(), atol=4 * EPS)


# --- numbers that do not fit ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "complex64", "int32", "uint8"])
def test_a_number_that_does_not_fit_is_refused(kind):
    def message(lib, call):
        with pytest.raises(RuntimeError) as caught:
            call(lib, getattr(lib, kind))
        return str(caught.value)

    for call in (lambda lib, k: lib.full((2,), 1e39, dtype=k),
                 lambda lib, k: lib.ones(2, dtype=k).fill_(1e39)):  # fmt: skip
        mine, theirs = both(lambda lib, c=call: message(lib, c))
        assert mine == theirs


def test_infinity_fits():
    for lib in LIBRARIES:
        assert lib.full((1,), float("inf"), dtype=lib.bfloat16).isinf().all()
        assert lib.tensor([1e39]).isinf().all()


@pytest.mark.parametrize("call", [
    lambda lib: lib.ones(2) - True, lambda lib: True - lib.ones(2),
    lambda lib: lib.ones(2) - lib.tensor([True, False]), lambda lib: lib.tensor([True]) - 1,
    lambda lib: lib.tensor([True]) - lib.tensor([True]),
])  # fmt: skip
def test_bools_are_not_subtracted(call):
    texts = []
    for lib in LIBRARIES:
        with pytest.raises(RuntimeError) as caught:
            call(lib)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
