"""`torchlite.func` against `torch.func`: per-sample gradients, ensembles, Jacobians, randomness."""

import numpy as np
import pytest

import torchlite

torch = pytest.importorskip("torch")
LIBRARIES = (torchlite, torch)
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def both(function, *arrays):
    """``function(library, *tensors)`` with either library."""
    return [
        function(library, *[library.from_numpy(a.copy()) for a in arrays]) for library in LIBRARIES
    ]


def leaves(tree):
    if isinstance(tree, dict):
        tree = [tree[key] for key in sorted(tree)]
    return [x for part in tree for x in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]


def agree(function, *arrays, tolerance=2e-5):
    mine, real = (leaves(tree) for tree in both(function, *arrays))
    assert len(mine) == len(real)
    for a, b in zip(mine, real):
        assert tuple(a.shape) == tuple(b.shape) and repr(a.dtype) == repr(b.dtype)
        np.testing.assert_allclose(a.numpy(force=True), b.numpy(force=True), tolerance, tolerance)


def network(library, kind):
    """A network and its parameters, the same in both libraries."""
    nn = library.nn
    layers = {
        "mlp": lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)),
        "cnn": lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.GELU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, groups=2),
            nn.BatchNorm2d(4, track_running_stats=False), nn.Flatten(), nn.Linear(16, 3)),
        "transformer": lambda: nn.TransformerEncoderLayer(
            6, 2, 8, dropout=0.0, batch_first=True),
    }[kind]()  # fmt: skip
    params = {
        name: library.from_numpy(array(*p.shape, seed=i) * 0.3)
        for i, (name, p) in enumerate(layers.named_parameters())
    }
    return layers, params


@pytest.mark.parametrize(("kind", "shape"), [
    ("mlp", (5, 6)), ("cnn", (5, 1, 8, 8)), ("transformer", (5, 4, 6)),
])  # fmt: skip
def test_per_sample_gradients(kind, shape):
    def run(library, x):
        net, params = network(library, kind)
        func = library.func

        def loss(params, x):
            return func.functional_call(net, params, (x[None],)).square().sum()

        return func.vmap(func.grad_and_value(loss), in_dims=(None, 0))(params, x)

    agree(run, array(*shape), tolerance=1e-4)


@pytest.mark.parametrize(("kind", "shape"), [("mlp", (5, 6)), ("cnn", (5, 1, 8, 8))])
@pytest.mark.parametrize("own_inputs", [False, True])
def test_ensembles(kind, shape, own_inputs):
    def run(library, x):
        net, params = network(library, kind)
        scales = library.tensor([0.5, 1.0, 2.0])
        stacked = {k: library.stack([p * s for s in scales]) for k, p in params.items()}
        call = lambda p, x: library.func.functional_call(net, p, (x,))  # noqa: E731
        inputs = library.stack([x * s for s in scales]) if own_inputs else x
        return library.func.vmap(call, in_dims=(0, 0 if own_inputs else None))(stacked, inputs)

    agree(run, array(*shape), tolerance=1e-4)


@pytest.mark.parametrize("name", ["jacrev", "jacfwd", "hessian"])
def test_jacobians(name):
    def run(library, x, w):
        transform = getattr(library.func, name)
        f = lambda x, w: ((x @ w).tanh() * x.sum()).sin()  # noqa: E731
        if name == "hessian":
            return transform(lambda x, w: f(x, w).sum(), argnums=(0, 1))(x, w)
        return transform(f, argnums=(0, 1))(x, w), library.func.vmap(transform(f), (0, None))(
            library.stack([x, x * 2]), w
        )

    agree(run, array(3), array(3, 2, seed=1))


def test_jacobians_in_parts():
    def run(library, x):
        return library.func.jacrev(lambda x: x.cumprod(0), chunk_size=2)(x)

    agree(run, array(5))


def test_vectorized_jacobians_of_autograd():
    def run(library, x):
        functional = library.autograd.functional
        f = lambda x: (x.sin(), x.outer(x).sum(0))  # noqa: E731
        return (functional.jacobian(f, x, vectorize=True),
                functional.hessian(lambda x: x.prod(), x, vectorize=True))  # fmt: skip

    agree(run, array(4))


def test_transforms_compose():
    def run(library, x, w):
        func = library.func
        loss = lambda w, x: (w * x).exp().sum()  # noqa: E731
        total = lambda w: func.vmap(loss, (None, 0))(w, x).square().sum()  # noqa: E731
        hvp = lambda w, v: func.jvp(func.grad(total), (w,), (v,))[1]  # noqa: E731
        return [
            func.grad(total)(w),
            func.grad(lambda w: func.grad(total)(w).square().sum())(w),
            func.vmap(hvp, (None, 0))(w, x),
            func.vmap(func.vmap(func.grad(loss), (None, 0)), (0, None))(x, x),
            func.jvp(lambda w: func.vmap(loss, (None, 0))(w, x), (w,), (w,)),
            func.vmap(lambda x: func.vjp(lambda w: w * x, w)[1](x)[0])(x),
        ]

    agree(run, array(3, 4) * 0.3, array(4, seed=1) * 0.3)


@pytest.mark.parametrize("randomness", ["same", "different"])
@pytest.mark.parametrize("draw", [
    lambda lib, a: lib.rand(2), lambda lib, a: lib.randn(3, 7), lambda lib, a: lib.randperm(4),
    lambda lib, a: lib.rand_like(a), lambda lib, a: lib.randint(0, 9, (3,)),
    lambda lib, a: (a * lib.rand(4), lib.rand(4)),
])  # fmt: skip
def test_random_numbers(draw, randomness):
    def run(library, x):
        library.manual_seed(3)
        return library.func.vmap(lambda a: draw(library, a), randomness=randomness)(x)

    agree(run, array(3, 4))


@pytest.mark.parametrize("bad", [
    lambda lib, x: lib.func.vmap(lambda a: a.sum().item())(x),
    lambda lib, x: lib.func.vmap(lambda a: a + lib.rand(4))(x),
    lambda lib, x: lib.func.vmap(lambda a: lib.zeros(4).copy_(a))(x),
    lambda lib, x: lib.func.vmap(lambda a: a, out_dims=None)(x),
    lambda lib, x: lib.func.vmap(lambda a: 3)(x),
    lambda lib, x: lib.func.vmap(lib.sum, in_dims=3)(x),
    lambda lib, x: lib.func.vmap(lib.sum, out_dims=1)(x),
    lambda lib, x: lib.func.vmap(lib.add)(x, x[:2]),
    lambda lib, x: lib.func.vmap(lambda a: a.numpy())(x),
    lambda lib, x: lib.func.vmap(lambda a: a.bernoulli(), randomness="same")(x * 0),
    lambda lib, x: lib.func.rearrange(x, "a b -> a"),
    lambda lib, x: lib.func.rearrange(x, "a b c -> c b a"),
    lambda lib, x: lib.func.rearrange(x, "a (b c -> a b c"),
])  # fmt: skip
def test_errors(bad):
    errors = []
    for library in LIBRARIES:
        with pytest.raises((RuntimeError, ValueError, IndexError)) as info:
            bad(library, library.from_numpy(array(3, 4)))
        errors.append(info.value)
    mine, real = errors
    assert type(mine) is type(real)
    assert str(mine).splitlines()[0][:60] == str(real).splitlines()[0][:60]


@pytest.mark.parametrize("pattern", [
    "a b c -> c b a", "a b c -> a (b c)", "... c -> c ...", "a ... -> a (...)", "a b c -> b 1 a c",
    "(a d) b c -> d b (c a)",
])  # fmt: skip
def test_rearrange(pattern):
    lengths = {"d": 2} if "d" in pattern else {}
    agree(lambda library, x: library.func.rearrange(x, pattern, **lengths), array(2, 3, 4))
