"""Arguments for methods that join, reduce, sort and index arrays."""

from __future__ import annotations

from torchlite import dtypes
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER
from torchlite.testing.drawing import Arguments, Draws, Spread, arguments, fixed

_ALL = (BOOL, INTEGER, FLOAT, COMPLEX)


# --- joining and rearranging ----------------------------------------------------------------------


@arguments()
def diagonal(d: Draws) -> Arguments:
    x = d.array(d.shape(2), d.kind(*_ALL))
    return [x, d.integer(-2, 2), *d.one_of((0, 1), (1, 0))]


@arguments()
def flip(d: Draws) -> Arguments:
    x, axis = d.with_axis(*_ALL)
    return [x, d.one_of((axis,), tuple(range(len(x.shape))))]


@arguments()
def roll(d: Draws) -> Arguments:
    x, axis = d.with_axis(*_ALL)
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
    return [d.array(d.shape(1, 1), d.kind(FLOAT)), d.flag()]


@arguments("median_place")
def _median_place(d: Draws) -> Arguments:
    return [*d.with_axis(FLOAT, smallest=1), d.flag()]


@arguments("mode_place")
def _mode_place(d: Draws) -> Arguments:
    return list(d.with_axis(INTEGER, FLOAT, smallest=1))


@arguments("tril triu")
def _triangle(d: Draws) -> Arguments:
    return [d.array(d.shape(2), d.kind(*_ALL)), d.integer(-2, 2)]


# --- reductions, scans and sorting ----------------------------------------------------------------


@arguments("sum")
def _sum(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(INTEGER, FLOAT, COMPLEX))
    return [x, d.axes(x.shape), d.flag()]


@arguments()
def prod(d: Draws) -> Arguments:
    x = d.array(d.shape(large=False), d.kind(INTEGER, FLOAT, COMPLEX), 0, 3)
    return [x, d.axes(x.shape), d.flag()]


@arguments("any all")
def _truth(d: Draws) -> Arguments:
    x = d.array(d.shape(), d.kind(BOOL, INTEGER, FLOAT), 0, 2)
    return [x, d.axes(x.shape), d.flag()]


@arguments("amax amin")
def _extreme(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(BOOL, INTEGER, FLOAT))
    return [x, d.axes(x.shape), d.flag()]


@arguments("argmax argmin")
def _place_of_extreme(d: Draws) -> Arguments:
    x, axis = d.with_axis(BOOL, INTEGER, FLOAT, smallest=1)
    return [x, d.one_of(axis, None), d.flag()]


@arguments()
def norm(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(FLOAT))
    return [x, d.one_of(2, 1, 3), d.axes(x.shape), d.flag()]


@arguments("mean logsumexp")
def _float_reduction(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(FLOAT))
    return [x, d.axes(x.shape), d.flag()]


@arguments("var std")
def _variance(d: Draws) -> Arguments:
    x = d.array(d.shape(0, 1), d.kind(FLOAT))
    return [x, d.axes(x.shape), d.one_of(0, 1, 2), d.flag()]


@arguments("softmax log_softmax")
def _softmax(d: Draws) -> Arguments:
    return list(d.with_axis(FLOAT, smallest=1))


@arguments("softmax_backward log_softmax_backward")
def _softmax_backward(d: Draws) -> Arguments:
    out, axis = d.with_axis(FLOAT, smallest=1, specials=False)
    return [d.array(out.shape, dtypes.of(out.source)), out, axis]


@arguments("cumsum cumprod")
def _scan(d: Draws) -> Arguments:
    x = d.array(d.shape(1, 1, large=d.method == "cumsum"), d.kind(INTEGER, FLOAT), 0, 3)
    return [x, d.axis(x.shape)]


@arguments("cummax cummin")
def _running_extreme(d: Draws) -> Arguments:
    return list(d.with_axis(INTEGER, FLOAT, smallest=1))


@arguments()
def sort(d: Draws) -> Arguments:
    return [*d.with_axis(INTEGER, FLOAT), d.flag()]


@arguments()
def searchsorted(d: Draws) -> Arguments:
    kind = d.kind(INTEGER, FLOAT)
    row = d.array((d.integer(0, 9),), kind, specials=False)
    row.source.sort()
    return [fixed(row.source), d.array(d.shape(), kind), d.flag()]


@arguments()
def unique(d: Draws) -> Arguments:
    x, axis = d.with_axis(INTEGER, FLOAT, specials=False)
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
    x, axis = d.with_axis(*_ALL, smallest=1)
    return [x, d.index((d.integer(0, 6),), x.shape[axis]), axis]


def _gathered(d: Draws, *categories: int) -> tuple[Spread, Spread, int]:
    x, axis = d.with_axis(*categories, smallest=1, specials=False)
    shape = tuple(d.integer(0, 6) if i == axis else min(n, 50) for i, n in enumerate(x.shape))
    return x, d.index(shape, x.shape[axis]), axis


@arguments()
def gather(d: Draws) -> Arguments:
    return list(_gathered(d, *_ALL))


@arguments()
def pick(d: Draws) -> Arguments:
    x, axis = d.with_axis(*_ALL, smallest=1)
    return [x, d.index((*x.shape[:axis], *x.shape[axis + 1 :]), x.shape[axis]), axis]


@arguments("scatter_add")
def _scatter_add(d: Draws) -> Arguments:
    x, index, axis = _gathered(d, INTEGER, FLOAT)
    return [x, index, d.array(index.shape, dtypes.of(x.source), specials=False), axis]


@arguments()
def scatter(d: Draws) -> Arguments:
    """A scalar source: with repeated indices, which source element wins is unspecified."""
    x, index, axis = _gathered(d, INTEGER, FLOAT)
    return [x, index, d.one_of(0, 3), axis]


@arguments()
def scatter_reduce(d: Draws) -> Arguments:
    reduce = d.one_of("sum", "prod", "mean", "amax", "amin")
    return [*_scatter_add(d), reduce, d.flag()]


def _advanced(d: Draws, shape: tuple[int, ...]) -> tuple:
    """An index array or a full slice for each of some leading axes."""
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
    """A scalar value, so that the order of repeated writes to an element does not matter."""
    x = d.array(d.shape(1, 1), d.kind(INTEGER, FLOAT))
    return [x, _advanced(d, x.shape), d.one_of(0, 3), d.flag()]


@arguments()
def in_range(d: Draws) -> Arguments:
    return [d.array(d.shape(), dtypes.int64, -1, 5), d.integer(3, 6)]


@arguments()
def alike(d: Draws) -> Arguments:
    return [d.array(d.shape(), d.kind(INTEGER, FLOAT)), d.array(d.shape(), dtypes.float32)]


@arguments()
def extremes(d: Draws) -> Arguments:
    return [d.array(d.shape(smallest=1), d.kind(INTEGER, FLOAT))]


@arguments()
def any_true(d: Draws) -> Arguments:
    return [d.array(d.shape(), dtypes.bool_)]


@arguments()
def embedding(d: Draws) -> Arguments:
    count = d.integer(1, 5)
    weight = d.array((count, d.integer(0, 5)), d.kind(FLOAT))
    index = d.index(d.shape(large=False), count)
    return [weight, index, d.one_of(-1, 0, count - 1), d.flag()]


@arguments()
def embedding_backward(d: Draws) -> Arguments:
    shape, count = d.shape(large=False), d.integer(1, 5)
    g = d.array((*shape, d.integer(0, 5)), d.kind(FLOAT), specials=False)
    return [g, d.index(shape, count), count]
