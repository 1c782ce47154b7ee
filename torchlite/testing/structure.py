"""Arguments of the methods that join, reduce, order and index, of layers and of optimizer steps."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from torchlite import dtypes
from torchlite.backends.protocol import Backend
from torchlite.backends.registry import get
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER
from torchlite.testing.drawing import TABLE, Arguments, Draws, Generator, Spread, arguments

REFERENCE = get("numpy")
_ALL = (BOOL, INTEGER, FLOAT, COMPLEX)


def _with_axis(d: Draws, *categories: int, smallest: int = 0, **options: Any) -> tuple[Spread, int]:
    x = d.array(d.shape(1, smallest), d.kind(*categories), **options)
    return x, d.axis(x.shape)


# --- joining and rearranging ----------------------------------------------------------------------


@arguments()
def diagonal(d: Draws) -> Arguments:
    x = d.array(d.shape(2), d.kind(*_ALL))
    return [x, d.integer(-2, 2), *d.one_of((0, 1), (1, 0))]


@arguments()
def flip(d: Draws) -> Arguments:
    x, axis = _with_axis(d, *_ALL)
    return [x, d.one_of((axis,), tuple(range(len(x.shape))))]


@arguments()
def roll(d: Draws) -> Arguments:
    x, axis = _with_axis(d, *_ALL)
    return [x, (d.integer(-5, 5),), (axis,)]


@arguments()
def concatenate(d: Draws) -> Arguments:
    kind, shape = d.kind(*_ALL), d.shape(1)
    axis = d.axis(shape)
    sizes = [d.integer(0, 4) for _ in range(d.integer(1, 3))]
    return [[d.array((*shape[:axis], n, *shape[axis + 1 :]), kind) for n in sizes], axis]


@arguments()
def stack(d: Draws) -> Arguments:
    kind, shape = d.kind(*_ALL), d.shape()
    arrays = [d.array(shape, kind) for _ in range(d.integer(1, 3))]
    return [arrays, d.integer(0, len(shape))]


@arguments()
def pad(d: Draws) -> Arguments:
    x = d.array(d.shape(1, large=False), d.kind(INTEGER, FLOAT))
    return [x, tuple((d.integer(0, 2), d.integer(0, 2)) for _ in x.shape), d.one_of(0, 7)]


@arguments("median")
def _median(d: Draws) -> Arguments:
    return [d.array(d.shape(1, 1), d.kind(FLOAT)), bool(d.integer(0, 1))]


@arguments("median_place")
def _median_place(d: Draws) -> Arguments:
    return [*_with_axis(d, FLOAT, smallest=1), bool(d.integer(0, 1))]


@arguments("mode_place")
def _mode_place(d: Draws) -> Arguments:
    return list(_with_axis(d, INTEGER, FLOAT, smallest=1))


@arguments("tril triu")
def _triangle(d: Draws) -> Arguments:
    return [d.array(d.shape(2), d.kind(*_ALL)), d.integer(-2, 2)]


# --- reductions, scans and order ------------------------------------------------------------------


@arguments("sum")
def _sum(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(INTEGER, FLOAT, COMPLEX))
    return [x, d.axes(x.shape), bool(d.integer(0, 1))]


@arguments()
def prod(d: Draws) -> Arguments:
    x = d.array(d.shape(large=False), d.kind(INTEGER, FLOAT, COMPLEX), 0, 3)
    return [x, d.axes(x.shape), bool(d.integer(0, 1))]


@arguments("any all")
def _truth(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(BOOL, INTEGER, FLOAT), 0, 2)
    return [x, d.axes(x.shape), bool(d.integer(0, 1))]


@arguments("amax amin")
def _extreme(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(BOOL, INTEGER, FLOAT))
    return [x, d.axes(x.shape), bool(d.integer(0, 1))]


@arguments("argmax argmin")
def _place_of_extreme(d: Draws) -> Arguments:
    x, axis = _with_axis(d, BOOL, INTEGER, FLOAT, smallest=1)
    return [x, d.one_of(axis, None), bool(d.integer(0, 1))]


@arguments()
def norm(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(FLOAT))
    return [x, d.one_of(2, 1, 3), d.axes(x.shape), bool(d.integer(0, 1))]


@arguments("mean logsumexp")
def _float_reduction(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(FLOAT))
    return [x, d.axes(x.shape), bool(d.integer(0, 1))]


@arguments("var std")
def _variance(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(FLOAT))
    return [x, d.axes(x.shape), d.one_of(0, 1, 2), bool(d.integer(0, 1))]


@arguments("softmax log_softmax")
def _softmax(d: Draws) -> Arguments:
    return list(_with_axis(d, FLOAT, smallest=1))


@arguments("softmax_backward log_softmax_backward")
def _softmax_backward(d: Draws) -> Arguments:
    out, axis = _with_axis(d, FLOAT, smallest=1, specials=False)
    return [d.array(out.shape, dtypes.of(out.source)), out, axis]


@arguments("cumsum cumprod")
def _scan(d: Draws) -> Arguments:
    x = d.array(d.shape(1, 1, large=d.method == "cumsum"), d.kind(INTEGER, FLOAT), 0, 3)
    return [x, d.axis(x.shape)]


@arguments("cummax cummin")
def _running_extreme(d: Draws) -> Arguments:
    return list(_with_axis(d, INTEGER, FLOAT, smallest=1))


@arguments()
def sort(d: Draws) -> Arguments:
    return [*_with_axis(d, INTEGER, FLOAT), bool(d.integer(0, 1))]


@arguments()
def searchsorted(d: Draws) -> Arguments:
    kind = d.kind(INTEGER, FLOAT)
    row = d.array((d.integer(0, 9),), kind, specials=False)
    row.source.sort()
    return [Spread(row.source, lambda x: x), d.array(d.shape(), kind), bool(d.integer(0, 1))]


@arguments()
def unique(d: Draws) -> Arguments:
    x, axis = _with_axis(d, INTEGER, FLOAT, specials=False)
    return [x, d.one_of(None, axis)]


@arguments()
def nonzero(d: Draws) -> Arguments:
    return [d.array(d.shape(1), d.kind(*_ALL), 0, 2)]


@arguments()
def bincount(d: Draws) -> Arguments:
    shape = (d.integer(0, 9),)
    weights = d.array(shape, d.one_of(dtypes.float32, dtypes.float64))
    return [d.index(shape, 5), d.one_of(None, weights), d.integer(0, 8)]


# --- indexing -------------------------------------------------------------------------------------


@arguments()
def take(d: Draws) -> Arguments:
    x, axis = _with_axis(d, *_ALL, smallest=1)
    return [x, d.index((d.integer(0, 6),), x.shape[axis]), axis]


def _gathered(d: Draws, *categories: int) -> tuple[Spread, Spread, int]:
    x, axis = _with_axis(d, *categories, smallest=1, specials=False)
    shape = tuple(d.integer(0, 6) if i == axis else min(n, 50) for i, n in enumerate(x.shape))
    return x, d.index(shape, x.shape[axis]), axis


@arguments()
def gather(d: Draws) -> Arguments:
    return list(_gathered(d, *_ALL))


@arguments()
def pick(d: Draws) -> Arguments:
    x, axis = _with_axis(d, *_ALL, smallest=1)
    return [x, d.index((*x.shape[:axis], *x.shape[axis + 1 :]), x.shape[axis]), axis]


@arguments("scatter_add")
def _scatter_add(d: Draws) -> Arguments:
    x, index, axis = _gathered(d, INTEGER, FLOAT)
    return [x, index, d.array(index.shape, dtypes.of(x.source), specials=False), axis]


@arguments()
def scatter(d: Draws) -> Arguments:
    """One source for each place, or a number: which of several wins is nowhere said."""
    x, index, axis = _gathered(d, INTEGER, FLOAT)
    return [x, index, d.one_of(0, 3), axis]


@arguments()
def scatter_reduce(d: Draws) -> Arguments:
    reduce = d.one_of("sum", "prod", "mean", "amax", "amin")
    return [*_scatter_add(d), reduce, bool(d.integer(0, 1))]


def _advanced(d: Draws, shape: tuple[int, ...]) -> tuple:
    """An index array or a whole slice for each of some leading axes."""
    places = (d.integer(0, 4),)
    parts = [d.index(places, size) if d.integer(0, 2) else slice(None) for size in shape]
    if any(isinstance(part, Spread) for part in parts):
        return tuple(parts)
    return (d.index(places, shape[0]),)


@arguments()
def index_get(d: Draws) -> Arguments:
    x = d.array(d.shape(1, 1), d.kind(*_ALL))
    return [x, _advanced(d, x.shape)]


@arguments()
def index_put(d: Draws) -> Arguments:
    """A number, so that it does not matter which of several writes to a place is the last."""
    x = d.array(d.shape(1, 1), d.kind(INTEGER, FLOAT))
    return [x, _advanced(d, x.shape), d.one_of(0, 3), bool(d.integer(0, 1))]


@arguments()
def in_range(d: Draws) -> Arguments:
    return [d.array(d.shape(), dtypes.int64, -1, 5), d.integer(3, 6)]


@arguments()
def embedding(d: Draws) -> Arguments:
    count = d.integer(1, 5)
    weight = d.array((count, d.integer(0, 5)), d.kind(FLOAT))
    index = d.index(d.shape(large=False), count)
    return [weight, index, d.one_of(-1, 0, count - 1), bool(d.integer(0, 1))]


@arguments()
def embedding_backward(d: Draws) -> Arguments:
    shape, count = d.shape(large=False), d.integer(1, 5)
    g = d.array((*shape, d.integer(0, 5)), d.kind(FLOAT), specials=False)
    return [g, d.index(shape, count), count]


# --- products and layers --------------------------------------------------------------------------


@arguments()
def matmul(d: Draws) -> Arguments:
    kind = d.kind(INTEGER, FLOAT, COMPLEX)
    n, m, k = (d.one_of(0, 1, 3, 5, 40) for _ in range(3))
    stacks = d.one_of(((), ()), ((2,), (2,)), ((), (3,)), ((2, 1), (3,)))
    shapes = ((*stacks[0], n, k), (*stacks[1], k, m))
    return [d.array(shape, kind, specials=False) for shape in shapes]


def _matrices(d: Draws) -> Spread:
    """Square matrices with a heavy diagonal, positive definite."""
    n, kind = d.integer(1, 4), d.one_of(dtypes.float32, dtypes.float64)
    x = d.array((*d.one_of((), (2,)), n, n), kind, specials=False)
    seen = x.layout(x.source)
    rows = seen + seen.swapaxes(-1, -2)
    for i in range(n):
        rows[..., i, i] = 9 * n + i
    return Spread(rows, lambda array: array)


@arguments("det slogdet inv eig eigvals svdvals geqrf lu_factor")
def _one_matrix(d: Draws) -> Arguments:
    return [_matrices(d)]


@arguments("matrix_exp")
def _small_matrix(d: Draws) -> Arguments:
    x = _matrices(d)
    return [Spread(x.source / 50, x.layout)]


@arguments("cholesky eigh eigvalsh svd ldl_factor")
def _matrix_and_flag(d: Draws) -> Arguments:
    return [_matrices(d), bool(d.integer(0, 1)) if d.method != "ldl_factor" else True]


@arguments()
def qr(d: Draws) -> Arguments:
    return [_matrices(d), d.one_of("reduced", "complete")]


def _right_side(d: Draws, x: Spread) -> Spread:
    return d.array((*x.shape[:-1], 2), dtypes.of(x.source), specials=False)


@arguments()
def solve(d: Draws) -> Arguments:
    x = _matrices(d)
    return [x, _right_side(d, x)]


@arguments()
def solve_triangular(d: Draws) -> Arguments:
    return [*solve(d), bool(d.integer(0, 1)), False]


@arguments()
def cholesky_solve(d: Draws) -> Arguments:
    return [*reversed(solve(d)), bool(d.integer(0, 1))]


@arguments()
def pinv(d: Draws) -> Arguments:
    x = _matrices(d)
    tolerance = d.array(x.shape[:-2], dtypes.of(x.source), specials=False)
    tolerance.source[...] = 1e-6
    return [x, tolerance, bool(d.integer(0, 1))]


@arguments()
def ldl_solve(d: Draws) -> Arguments:
    """Of a diagonal matrix, which is its own factor."""
    x = _matrices(d)
    n = x.shape[-1]
    ld = x.source * REFERENCE.eye(n, n, dtypes.of(x.source))
    every = REFERENCE.full(x.shape[:-1], 0, dtypes.int32)
    pivots = every + REFERENCE.arange(1, n + 1, 1, dtypes.int32)
    return [Spread(ld, x.layout), Spread(pivots, x.layout), _right_side(d, x), True]


@arguments()
def fft(d: Draws) -> Arguments:
    x, axis = _with_axis(d, COMPLEX, smallest=1)
    return [x, (axis,), bool(d.integer(0, 1)), d.one_of("1", "1/sqrt(n)", "1/n")]


@arguments()
def rfft(d: Draws) -> Arguments:
    kind = d.one_of(dtypes.float32, dtypes.float64)
    x = d.array(d.shape(1, 1), kind, specials=False)
    return [x, d.axis(x.shape), d.one_of("1", "1/sqrt(n)", "1/n")]


@arguments()
def irfft(d: Draws) -> Arguments:
    x, axis = _with_axis(d, COMPLEX, smallest=1)
    return [x, 2 * x.shape[axis] - 1, axis, d.one_of("1", "1/sqrt(n)", "1/n")]


def _layer(d: Draws) -> tuple[tuple, int, int, dtypes.dtype]:
    lead = d.one_of((1,), (5,), (70,), (0,), (2, 3))
    return lead, d.one_of(1, 4, 33), d.one_of(1, 3, 17), d.one_of(dtypes.float32, dtypes.float64)


@arguments("linear linear_relu")
def _linear(d: Draws) -> Arguments:
    lead, inputs, outputs, kind = _layer(d)
    bias = d.array((outputs,), kind, specials=False)
    shapes = ((*lead, inputs), (outputs, inputs))
    return [*(d.array(s, kind, specials=False) for s in shapes), d.one_of(bias, None)]


@arguments()
def linear_backward(d: Draws) -> Arguments:
    lead, inputs, outputs, kind = _layer(d)
    shapes = ((*lead, outputs), (*lead, inputs), (outputs, inputs))
    needs = tuple(bool(d.integer(0, 1)) for _ in range(3))
    return [*(d.array(s, kind, specials=False) for s in shapes), needs]


def _classes(d: Draws) -> tuple[Spread, Spread]:
    rows, count = d.one_of(1, 3, 300), d.one_of(1, 4, 10, 100)
    x = d.array((rows, count), d.one_of(dtypes.float32, dtypes.float64), specials=False)
    return x, d.index((rows,), count)


@arguments("cross_entropy cross_entropy_mean")
def _cross_entropy(d: Draws) -> Arguments:
    return list(_classes(d))


@arguments("cross_entropy_backward cross_entropy_mean_backward")
def _cross_entropy_backward(d: Draws) -> Arguments:
    x, target = _classes(d)
    shape = () if d.method == "cross_entropy_mean_backward" else target.shape
    return [d.array(shape, dtypes.of(x.source), specials=False), x, target]


def _pair(d: Draws) -> list[Spread]:
    shape, kind = d.shape(1, 1), d.one_of(dtypes.float32, dtypes.float64)
    return [d.array(shape, kind, specials=False) for _ in range(2)]


@arguments()
def mse_mean(d: Draws) -> Arguments:
    return list(_pair(d))


@arguments()
def mse_mean_backward(d: Draws) -> Arguments:
    x, target = _pair(d)
    return [d.array((), dtypes.of(x.source)), x, target]


@arguments()
def bce(d: Draws) -> Arguments:
    x, target = _pair(d)
    for source in (x.source, target.source):
        source[...] = abs(source) % 1
    return [x, target]


# --- steps of optimizers --------------------------------------------------------------------------


def _lists(d: Draws, count: int) -> list[list[Spread]]:
    """`count` lists of arrays of the same shapes, all positive, to be written to."""
    kind = d.one_of(dtypes.float32, dtypes.float64)
    shapes = [d.shape() for _ in range(d.integer(1, 3))]
    lists = [
        [d.array(s, kind, specials=False, writable=True) for s in shapes] for _ in range(count)
    ]
    for x in (x for one in lists for x in one):
        x.source[...] = abs(x.source)
    return lists


@arguments()
def sgd_step(d: Draws) -> Arguments:
    params, grads, buffers = _lists(d, 3)
    momentum = d.one_of(0.0, 0.9)
    numbers = [0.1, momentum, d.one_of(0.0, 0.5), d.one_of(0.0, 0.01)]
    flags = [bool(d.integer(0, 1)) for _ in range(3)]
    return [params, grads, buffers if momentum else None, *numbers, *flags]


@arguments()
def adam_step(d: Draws) -> Arguments:
    params, grads, means, squares, largest = _lists(d, 5)
    numbers = [d.integer(1, 100), 0.01, 0.9, 0.999, 1e-8, d.one_of(0.0, 0.01)]
    flags = [bool(d.integer(0, 1)) for _ in range(2)]
    return [params, grads, means, squares, d.one_of(None, largest), *numbers, *flags]


#: What the numbers of the other steps may be; 0.01 for names not listed.
_NUMBERS = {
    "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "alpha": 0.99, "momentum": 0.9, "mu": 0.5,
    "shrink": 0.5, "grow": 1.2, "least": 1e-6, "most": 50.0, "eps": 1e-6,
}  # fmt: skip


@arguments(
    "adadelta_step adagrad_step adamax_step asgd_step nadam_step radam_step rmsprop_step rprop_step"
)
def _step(d: Draws) -> Arguments:
    """By the names and types of the parameters."""
    parameters = list(inspect.signature(getattr(Backend, d.method)).parameters.values())[1:]
    lists = iter(_lists(d, sum(p.annotation.startswith("list") for p in parameters)))
    return [_parameter(d, p.name, p.annotation, lists) for p in parameters]


def _parameter(d: Draws, name: str, annotation: str, lists: Iterator[list[Spread]]) -> Any:
    if annotation.startswith("list"):
        arrays = next(lists)
        return d.one_of(arrays, None) if annotation.endswith("None") else arrays
    if annotation == "bool":
        return bool(d.integer(0, 1))
    return d.integer(1, 100) if annotation == "int" else _NUMBERS.get(name, 0.01)


@arguments()
def muon_step(d: Draws) -> Arguments:
    kind, shapes = dtypes.float32, [(3, 4), (5, 2)][: d.integer(1, 2)]
    lists = [[d.array(s, kind, specials=False, writable=True) for s in shapes] for _ in range(3)]
    rates = [0.01] * len(shapes)
    return [*lists, rates, 0.99, 0.9, bool(d.integer(0, 1)), (3.4445, -4.775, 2.0315), 5, 1e-7]


@arguments()
def adafactor_step(d: Draws) -> Arguments:
    """Of one matrix, or of one vector, which has no columns."""
    kind, vector = d.one_of(dtypes.float32, dtypes.float64), bool(d.integer(0, 1))
    shapes = ((4,), (4,), (4,)) if vector else ((3, 4), (3, 4), (3, 1), (1, 4))
    lists = [[d.array(s, kind, specials=False, writable=True)] for s in shapes]
    for (x,) in lists[2:]:
        x.source[...] = abs(x.source) + 0.1
    lists += [None] if vector else []  # type: ignore[list-item]
    return [*lists, d.integer(1, 100), 0.01, -0.8, d.one_of(None, 1e-6), 1e-3, 1.0, 0.01, False]


# --- random numbers -------------------------------------------------------------------------------


def _random(**options: Callable[[Draws], Any]) -> Callable[[Draws], Arguments]:
    def draw(d: Draws) -> Arguments:
        return [Generator(d.integer(0, 2**32 - 1)), *(option(d) for option in options.values())]

    return draw


def _float(d: Draws) -> dtypes.dtype:
    return d.one_of(dtypes.float32, dtypes.float64)


TABLE.update({
    "generator": lambda d: [d.integer(0, 2**64 - 1)],
    "random_uniform": _random(
        shape=Draws.shape, dtype=_float, low=lambda d: d.one_of(0.0, -1.0), high=lambda d: 1.0
    ),
    "random_normal": _random(
        shape=Draws.shape, dtype=_float, mean=lambda d: d.one_of(0.0, 2.0), std=lambda d: 1.5
    ),
    "random_integers": _random(
        shape=Draws.shape, dtype=lambda d: d.one_of(dtypes.int64, dtypes.int32),
        low=lambda d: d.integer(-9, 0), high=lambda d: d.integer(1, 2**30),
    ),
    "random_bits": _random(shape=Draws.shape, dtype=lambda d: d.one_of(dtypes.int64, dtypes.int32)),
    "random_permutation": _random(n=lambda d: d.one_of(0, 1, 5, 3000)),
    "random_bernoulli": _random(p=lambda d: d.one_of(0.0, 0.3, 1.0), shape=Draws.shape),
    "random_exponential": _random(shape=Draws.shape, dtype=_float, rate=lambda d: 0.5),
})  # fmt: skip

