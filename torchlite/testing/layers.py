"""Arguments for layers: affine maps, losses, normalization, attention, recurrence."""

from __future__ import annotations

from torchlite import dtypes
from torchlite.testing.drawing import REFERENCE, Arguments, Draws, Spread, arguments, fixed


def _kind(d: Draws) -> dtypes.dtype:
    return d.one_of(dtypes.float32, dtypes.float64)


def _needs(d: Draws, count: int) -> tuple[bool, ...]:
    """Which arguments need a gradient."""
    return tuple(d.flag() for _ in range(count))


# --- affine maps and losses -----------------------------------------------------------------------


def _layer(d: Draws) -> tuple[tuple, int, int, dtypes.dtype]:
    lead = d.one_of((1,), (5,), (70,), (0,), (2, 3))
    return lead, d.one_of(1, 4, 33), d.one_of(1, 3, 17), _kind(d)


@arguments()
def linear(d: Draws) -> Arguments:
    lead, inputs, outputs, kind = _layer(d)
    x, weight, bias = d.plain(kind, (*lead, inputs), (outputs, inputs), (outputs,))
    return [x, weight, d.one_of(bias, None)]


@arguments()
def linear_backward(d: Draws) -> Arguments:
    lead, inputs, outputs, kind = _layer(d)
    return [*d.plain(kind, (*lead, outputs), (*lead, inputs), (outputs, inputs)), _needs(d, 3)]


def _classes(d: Draws) -> tuple[Spread, Spread]:
    rows, count = d.one_of(1, 3, 300), d.one_of(1, 4, 10, 100)
    (x,) = d.plain(_kind(d), (rows, count))
    return x, d.index((rows,), count)


@arguments("cross_entropy cross_entropy_mean")
def _cross_entropy(d: Draws) -> Arguments:
    return list(_classes(d))


@arguments("cross_entropy_backward cross_entropy_mean_backward")
def _cross_entropy_backward(d: Draws) -> Arguments:
    x, target = _classes(d)
    shape = () if d.method == "cross_entropy_mean_backward" else target.shape
    return [*d.plain(dtypes.of(x.source), shape), x, target]


@arguments()
def mse_mean(d: Draws) -> Arguments:
    shape = d.shape(1, 1)
    return list(d.plain(_kind(d), shape, shape))


@arguments()
def mse_mean_backward(d: Draws) -> Arguments:
    x, target = mse_mean(d)
    return [d.array((), dtypes.of(x.source)), x, target]


@arguments()
def bce(d: Draws) -> Arguments:
    x, target = mse_mean(d)
    for source in (x.source, target.source):
        source[...] = abs(source) % 1
    return [x, target]


# --- normalization --------------------------------------------------------------------------------


def _with_gradient(d: Draws, x: Spread, rest: Arguments, needs: int) -> Arguments:
    """The arguments of a ``*_backward``: x's gradient, x, `rest` and `needs` flags."""
    return [*d.plain(dtypes.of(x.source), x.shape), x, *rest, _needs(d, needs)]


def _varied(d: Draws, kind: dtypes.dtype, shape: tuple[int, ...]) -> Spread:
    """Not broadcast: the variance of repeated numbers is a rounding error, which is magnified."""
    return d.array(shape, kind, specials=False, writable=True)


def _normalized(d: Draws) -> tuple[Spread, Spread | None, Spread | None, int]:
    """An array with at least two elements in its last dimensions, and their weight and bias."""
    kind, dims = _kind(d), d.integer(1, 2)
    shape = (*d.one_of((), (3,), (2, 5), (40,)), *d.one_of((2, 3), (5, 33))[-dims:])
    x = _varied(d, kind, shape)
    weight, bias = d.plain(kind, shape[-dims:], shape[-dims:])
    return x, d.one_of(weight, None), d.one_of(bias, None), dims


@arguments("layer_norm layer_norm_backward rms_norm rms_norm_backward")
def _norm_of_last(d: Draws) -> Arguments:
    x, weight, bias, dims = _normalized(d)
    if d.method.endswith("backward"):
        return _with_gradient(d, x, [weight, dims, 1e-5], 3 if d.method[0] == "l" else 2)
    return [x, weight, *([bias] if d.method == "layer_norm" else []), dims, 1e-5]


def _images(d: Draws) -> tuple[Spread, Spread | None, Spread | None]:
    """x (N, C, *), weight and bias (C,), with at least two elements in each channel."""
    channels = d.one_of(2, 4, 6)
    x, weight, bias = d.plain(
        _kind(d), (d.integer(2, 3), channels, *d.one_of((), (3,), (4, 5))), (channels,), (channels,)
    )
    return x, d.one_of(weight, None), d.one_of(bias, None)


@arguments("group_norm group_norm_backward")
def _group_norm(d: Draws) -> Arguments:
    channels = d.one_of(2, 4, 6)
    shape = (d.integer(1, 3), channels, *d.one_of((3,), (4, 5)))
    kind = _kind(d)
    x = _varied(d, kind, shape)
    weight, bias = d.plain(kind, (channels,), (channels,))
    groups, weight = d.one_of(1, 2, channels), d.one_of(weight, None)
    if d.method == "group_norm":
        return [x, weight, d.one_of(bias, None), groups, 1e-5]
    return _with_gradient(d, x, [weight, groups, 1e-5], 3)


@arguments()
def batch_moments(d: Draws) -> Arguments:
    return [_images(d)[0]]


@arguments("batch_norm batch_norm_backward")
def _batch_norm(d: Draws) -> Arguments:
    """In training, mean and var are the moments of x."""
    x, weight, bias = _images(d)
    training, kind = d.flag(), dtypes.of(x.source)
    if training:
        mean, var = map(fixed, REFERENCE.batch_moments(x.layout(x.source)))
    else:
        mean, var = d.plain(kind, (x.shape[1],), (x.shape[1],))
        var.source[...] = abs(var.source) + 0.5
    if d.method == "batch_norm":
        return [x, weight, bias, mean, var, training, 1e-5]
    return _with_gradient(d, x, [weight, mean, var, training, 1e-5], 3)


# --- attention ------------------------------------------------------------------------------------


def _attention(d: Draws) -> list[Spread]:
    """q, k, v and the gradient of the result."""
    lead, rows, columns = d.one_of((), (2,), (2, 3)), d.integer(1, 5), d.one_of(1, 4, 70)
    size, width = d.integer(1, 4), d.integer(1, 3)
    shapes = (rows, size), (columns, size), (columns, width), (rows, width)
    return d.plain(_kind(d), *((*lead, *shape) for shape in shapes))


def _mask(d: Draws, q: Spread, k: Spread) -> Spread | None:
    kind = d.one_of(None, dtypes.bool_, dtypes.of(q.source))
    shape = (*q.shape[:-1], k.shape[-2])
    return None if kind is None else d.array(shape, kind, specials=False)


@arguments()
def attention_weights(d: Draws) -> Arguments:
    q, k, _, _ = _attention(d)
    return [q, k, _mask(d, q, k), d.flag(), 0.5]


@arguments()
def attention_weights_backward(d: Draws) -> Arguments:
    q, k, *options = attention_weights(d)
    seen = (x.layout(x.source) if isinstance(x, Spread) else x for x in (q, k, *options))
    weights = fixed(REFERENCE.attention_weights(*seen))
    return _with_gradient(d, weights, [q, k, options[-1]], 3)


@arguments()
def scaled_dot_product_attention(d: Draws) -> Arguments:
    q, k, v, _ = _attention(d)
    return [q, k, v, _mask(d, q, k), d.flag(), 0.5]


@arguments()
def scaled_dot_product_attention_backward(d: Draws) -> Arguments:
    q, k, v, g = _attention(d)
    return [g, q, k, v, _mask(d, q, k), d.flag(), 0.5, _needs(d, 4)]
