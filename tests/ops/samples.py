"""One table of samples: each public operation -> how to draw a call of it.

An entry takes `Inputs` and returns (args, kwargs); float arrays in them are what gradients are
checked for. A test asserts that no operation is missing.
"""

import numpy as np

from tests.ops import (
    samples_of_images,
    samples_of_layers,
    samples_of_linalg,
    samples_of_matrices,
    samples_of_sequences,
    samples_of_shapes,
    samples_of_special,
)
from tests.ops.calls import call, each
from tests.ops.inputs import Inputs

# --- elementwise ----------------------------------------------------------------------------------

_UNARY = {  # (low, high, away from) -> operations
    (-3, 3): "sin cos sinh cosh tanh atan asinh exp exp2 expm1 erf erfc neg positive square "
    "sigmoid logsigmoid silu mish softsign tanhshrink deg2rad rad2deg sinc clone real "
    "conj contiguous conj_physical isreal isposinf isneginf isnan isinf isfinite logical_not "
    "signbit frexp nan_to_num argwhere nonzero ravel i0 i0e i1 i1e ndtr log_ndtr resolve_conj "
    "resolve_neg erfcx",
    (0.2, 3): "log log2 log10 sqrt rsqrt lgamma digamma entr",
    (0.05, 0.9): "asin acos atanh erfinv logit log1p ndtri",
    (1.2, 3): "acosh",
    (-1.3, 1.3): "tan",
    (-3, 3, 0): "abs sign sgn reciprocal relu selu angle",
    (-3, 3, -3, -2, -1, 0, 1, 2, 3): "floor ceil trunc frac hardtanh relu6 hardsigmoid hardswish",
    (-3, 3, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5): "round hardshrink softshrink",
}


def _unary(low, high, *away):
    return lambda d: call(d.floats(d.shape(), low, high, away))


_BINARY = {  # domains of the two operands -> operations
    ((-3, 3), (-3, 3)): "add sub mul rsub eq ne isclose allclose",
    ((-3, 3), (-3, 3, 0)): "div ldexp",
    ((0.2, 3), (0.2, 3)): "pow atan2 hypot logaddexp logaddexp2 xlogy xlog1py float_power",
    ((-3, 3, 0), (-3, 3)): "heaviside nextafter copysign",
    ((0.2, 3), (-3, 3)): "polar",
    ((-3, 3), (-3, 3, 0, 1)): "complex",
}


def _binary(first, second):
    def draw(d):
        a, b = d.shapes(2)
        return call(d.floats(a, *first[:2], first[2:]), d.floats(b, *second[:2], second[2:]))

    return draw


def _separated(d):
    """Two operands that are nowhere equal."""
    x = d.distinct(d.shape())
    y = d.distinct(x.shape)
    return call(x, np.where(np.abs(x - y) < 0.1, y + 0.17, y))


def _remainder(d):
    """Away from multiples of the divisor, where the slope changes."""
    shape = d.shape()
    quotient = d.integer(-2, 2) + d.floats(shape, 0.2, 0.8)
    divisor = d.floats(shape, 0.5, 2) * d.one_of(1, -1)
    return call(np.asarray(quotient * divisor), np.asarray(divisor))


def _of_ints(low, high):
    return lambda d: call(*(d.ints(shape, low, high) for shape in d.shapes(2)))


def _where(d):
    a, b, c = d.shapes(3)
    return call(d.bools(a), d.floats(b), d.floats(c))


def _three(*lows):
    def draw(d):
        shapes = d.shapes(len(lows))
        return call(*(d.floats(shape, low, 3) for shape, low in zip(shapes, lows)))

    return draw


def _activation(low=-3, high=3, away=(), **options):
    """One operand, and a choice for each keyword."""
    return lambda d: call(
        d.floats(d.shape(), low, high, away), **{k: d.one_of(*v) for k, v in options.items()}
    )


ELEMENTWISE = {
    **each({names: _unary(*domain) for domain, names in _UNARY.items()}),
    **each({names: _binary(*domains) for domains, names in _BINARY.items()}),
    **each({
        "maximum minimum fmax fmin gt ge lt le": _separated,
        "remainder fmod floor_divide": _remainder,
        "igamma igammac zeta": lambda d: call(d.ints((2, 3), 2, 5), d.floats((2, 3), 0.5, 3)),
        "logical_and logical_or logical_xor": _of_ints(0, 2),
        "bitwise_and bitwise_or bitwise_xor gcd lcm": _of_ints(-3, 9),
        "bitwise_left_shift bitwise_right_shift": _of_ints(0, 5),
        "view_as_real imag": lambda d: call(np.asarray(d.floats(d.shape()) * (1 + 2j))),
    }),
    "bitwise_not": lambda d: call(d.ints(d.shape())),
    "equal": lambda d: call(d.floats((2, 3)), d.floats((2, 3))),
    "where": _where,
    "lerp": _three(-3, -3, -3),
    "addcmul": _three(-3, -3, -3),
    "addcdiv": _three(-3, -3, 0.3),
    "clamp": _activation(away=(-1, 1), min=(-1, None), max=(1, 1.0)),
    "clamp_min": _activation(away=(-1,), min=(-1,)),
    "clamp_max": _activation(away=(1,), max=(1,)),
    "polygamma": lambda d: call(1, d.floats(d.shape(), 0.5, 3)),
    "mvlgamma": _activation(1.5, 3, p=(1, 2)),
    "isin": lambda d: call(d.ints(d.shape()), d.ints((3,)), invert=d.flag()),
    "view_as_complex": lambda d: call(d.floats((*d.shape(smallest=1), 2)).copy()),
    # activations
    "leaky_relu": _activation(away=(0,), negative_slope=(0.01, 0.3)),
    "elu": _activation(away=(0,), alpha=(1.0, 0.5)),
    "celu": _activation(away=(0,), alpha=(1.0, 0.5)),
    "gelu": _activation(approximate=("none", "tanh")),
    "softplus": _activation(away=(1,), beta=(1.0, 2.0), threshold=(20.0, 2.0)),
    "threshold": _activation(away=(0.5,), threshold=(0.5,), value=(2.0, -1.0)),
    "dropout": lambda d: call(d.floats(d.shape()).copy(), p=d.one_of(0.0, 0.5)),
    "prelu": lambda d: call(d.floats((2, 3), away=(0,)), d.floats((d.one_of(1, 3),))),
    "glu": lambda d: call(d.floats((d.integer(0, 3), 4)), dim=d.one_of(-1, 1)),
}  # fmt: skip


# --- reductions, scans, order ---------------------------------------------------------------------


def _axes(d, x, optional=True):
    """Dimensions to reduce: None, one or several."""
    choices = [d.dim(x)]
    if optional:
        choices.append(None)
    if x.ndim > 1:
        choices.append((0, -1))
    return d.one_of(*choices)


def _reduced(draw=lambda d: d.floats(d.shape()), optional=True):
    def sample(d):
        x = draw(d)
        return call(x, dim=_axes(d, x, optional), keepdim=d.flag())

    return sample


def _one_dim(draw=lambda d: d.floats(d.shape(1, smallest=1)), keyword=True, **options):
    """A reduction or scan along one dimension."""

    def sample(d):
        x = draw(d)
        kwargs = {"keepdim": d.flag()} if keyword else {}
        return call(x, dim=d.dim(x), **kwargs, **{k: d.one_of(*v) for k, v in options.items()})

    return sample


def _full(d):
    return d.floats(d.shape(smallest=1))


def _ordered(d):
    return d.distinct(d.shape(1, smallest=1))


def _nonempty(d):
    return d.floats((d.integer(2, 4), d.integer(2, 4)))


def _maybe_all(draw):
    """All elements, or one dimension."""

    def sample(d):
        x = draw(d)
        return call(x, dim=d.dim(x), keepdim=d.flag()) if d.flag() else call(x)

    return sample


REDUCTIONS = {
    **each({
        "sum mean nansum nanmean": _reduced(_full),
        "any all": _maybe_all(lambda d: d.bools(d.shape(smallest=1))),
        "amax amin": _reduced(_ordered, optional=False),
        "max min median nanmedian": _maybe_all(_ordered),
        "argmax argmin": _one_dim(_ordered),
        "var std var_mean std_mean": lambda d: call(
            d.distinct((3, 4)), dim=d.one_of(0, (0, 1)), keepdim=d.flag(), correction=d.one_of(0, 1)
        ),
        "softmax log_softmax logcumsumexp cumsum": _one_dim(keyword=False),
        "cumprod": _one_dim(keyword=False),
        "cummax cummin": _one_dim(_ordered, keyword=False),
        "sort argsort": _one_dim(_ordered, keyword=False, descending=(False, True)),
        "kthvalue": _one_dim(_ordered, k=(1,)),
        "quantile nanquantile": lambda d: call(
            d.distinct((3, 4)), d.one_of(0.3, 0.85), dim=d.one_of(0, 1),
            interpolation=d.one_of("linear", "lower", "higher", "midpoint", "nearest"),
        ),
        "trapezoid trapz cumulative_trapezoid": lambda d: call(
            _nonempty(d), dx=0.5, dim=d.one_of(0, 1)
        ),
    }),
    "prod": _maybe_all(_full),
    "logsumexp": _reduced(_full, optional=False),
    "norm_except_dim": lambda d: call(d.floats((2, 3)), dim=d.one_of(-1, 0, 1)),
    "hash_tensor": _reduced(lambda d: d.ints(d.shape(smallest=1))),
    "segment_reduce": lambda d: call(
        d.distinct((5, 2)), d.one_of("sum", "mean", "max", "min", "prod"),
        lengths=np.array([2, 0, 3]), initial=d.one_of(1.05, 0.55),
    ),
    "count_nonzero": lambda d: call(d.ints(d.shape())),
    "aminmax": lambda d: call(_ordered(d)),
    "norm": lambda d: call(d.floats(d.shape(1, smallest=1), away=(0,)), p=d.one_of(1, 2, 3)),
    "dist": lambda d: call(d.floats((3,)), d.floats((3,), 4, 5), p=d.one_of(1, 2, 3)),
    "renorm": lambda d: call(d.floats((2, 3), 1, 3), 2, 0, 1.5),
    "msort": lambda d: call(_ordered(d)),
    "topk": lambda d: call(
        d.distinct((3, 4)), d.integer(1, 3), dim=d.one_of(0, 1), largest=d.flag()
    ),
    "mode": _one_dim(_ordered),
    "unique": lambda d: call(d.ints(d.shape())),
    "unique_consecutive": lambda d: call(d.ints(d.shape(1))),
    "searchsorted": lambda d: call(np.sort(d.floats((4,))), d.floats(d.shape()), right=d.flag()),
    "bucketize": lambda d: call(d.floats(d.shape()), np.sort(d.floats((4,))), right=d.flag()),
    "bincount": lambda d: call(d.index((5,), 4), minlength=d.integer(0, 6)),
    "histc": lambda d: call(d.floats((7,)), bins=4, min=-3, max=3),
    "diff": lambda d: call(_nonempty(d), n=1, dim=d.one_of(0, 1)),
    "cov": lambda d: call(_nonempty(d), correction=d.one_of(0, 1)),
    "corrcoef": lambda d: call(d.distinct((2, 4))),
}  # fmt: skip


_PARTS = (
    samples_of_images, samples_of_layers, samples_of_linalg, samples_of_matrices,
    samples_of_sequences, samples_of_shapes, samples_of_special,
)  # fmt: skip
SAMPLES = {**ELEMENTWISE, **REDUCTIONS}
for _part in _PARTS:
    SAMPLES.update(_part.SAMPLES)


def _chances(d, shape):
    """0 and 1 among them."""
    return np.asarray(np.clip(d.floats(shape, -0.3, 1.3), 0, 1))


def _some_zero(d, shape, high=2):
    return np.asarray(np.maximum(d.floats(shape, -1, high), 0))


def _multinomial(d):
    """Two weights at least are positive."""
    weights = _some_zero(d, (2, 5)) + np.array([1, 0, 0.5, 0, 0])
    return call(weights, d.integer(1, 2), d.flag())


def _binomial(d):
    count, prob = d.shapes(2)
    return call(d.ints(count, 0, 9).astype(float), _chances(d, prob))


#: Those that draw random numbers: their streams are tested elsewhere.
DRAWS = {
    "bernoulli": lambda d: call(_chances(d, d.shape())),
    "multinomial": _multinomial,
    "binomial": _binomial,
    "poisson": lambda d: call(_some_zero(d, d.shape(), 9)),
    "_standard_gamma": lambda d: call(d.floats(d.shape(), 0.2, 9)),
    "_sample_dirichlet": lambda d: call(d.floats(d.shape(1, smallest=1), 0.2, 9)),
}
RANDOM = set(DRAWS)

__all__ = ["DRAWS", "RANDOM", "SAMPLES", "Inputs"]
