"""Calls with values but without slopes: ties, zeros, NaN; large numbers, complex ones.

Only the tests of values draw from this table; most of its operations are in the others, too.
"""

import numpy as np

from tests.ops.calls import call, each

_INF, _NAN = np.inf, np.nan


def _mixed(*values, count=1, least=0):
    """Operands, about half of whose elements are some of `values`."""
    return lambda d: call(*(d.mixed(s, *values) for s in _shapes(d, count, least)))


def _shapes(d, count, least=0):
    return [d.shape(least, smallest=1)] if count == 1 else d.shapes(count)


def _large(low=-1000, high=1000, **options):
    return lambda d: call(d.floats(d.shape(), low, high), **options)


def _complex(d, shape):
    return d.floats(shape) + 1j * d.floats(shape)


def _of_complex(count=1, **options):
    return lambda d: call(
        *(np.asarray(_complex(d, shape)) for shape in _shapes(d, count)), **options
    )


def _with_dim(draw, **options):
    def sample(d):
        x = draw(d)
        return call(x, dim=d.dim(x), **{key: d.one_of(*v) for key, v in options.items()})

    return sample


def _few(d):
    """Few different numbers: ties."""
    return np.round(d.floats(d.shape(1, smallest=1)))


def _ties(d):
    return call(*(np.asarray(np.round(d.floats(shape))) for shape in d.shapes(2)))


def _near(d):
    x = d.floats((2, 2))
    return call(x, x + d.floats((2, 2), -1, 1) * d.one_of(0, 1e-10, 1e-3))


def _gaps(d):
    """NaN in two places, no row or column of which has them alone."""
    x = d.distinct((3, 4)).copy()
    x[0, 1] = x[2, 3] = _NAN
    return x


def _evaluated_batch_norm(d):
    channels = (d.floats((2,)), d.floats((2,), 0.5, 2), d.floats((2,)), d.floats((2,)))
    return call(d.floats((3, 2, 2)), *channels, training=False)


def _weighted(d):
    target = d.index((3,), 4)
    return call(d.floats((3, 4)), target, weight=d.floats((4,), 0.1, 1), reduction=d.one_of(
        "mean", "sum", "none"
    ))  # fmt: skip


EDGES = {
    **each({
        "isnan isinf isposinf isneginf isfinite isreal signbit nan_to_num":
            _mixed(_NAN, _INF, -_INF, 0.0, -0.0),
        "logical_not argwhere nonzero sign sgn abs relu count_nonzero angle": _mixed(0.0, -0.0),
        "entr nansum": _mixed(_NAN, 0.0),
        "maximum minimum fmax fmin xlogy xlog1py": _mixed(_NAN, 0.0, count=2),
        "logaddexp logaddexp2": _mixed(_INF, -_INF, count=2),
        "heaviside copysign logical_and logical_or logical_xor": _mixed(0.0, count=2),
        "eq ne gt ge lt le": _ties,
        "isclose allclose equal": _near,
        "sigmoid logsigmoid silu mish tanh softsign gelu": _large(),
        "softplus": _large(beta=2.0, threshold=20.0),
        "log_ndtr ndtr": _large(-30, 30),
        "erfcx": _large(-5, 25),
        "round": _large(-9, 9, decimals=1),
        "div": lambda d: call(d.floats((2, 3)), d.floats((3,), away=(0,)),
                              rounding_mode=d.one_of("floor", "trunc")),
        # order
        "cummax cummin mode argmax argmin": _with_dim(_few),
        "sort argsort": _with_dim(_few, descending=(False, True), stable=(True,)),
        "searchsorted": lambda d: call(np.sort(d.ints((5,))), d.ints(d.shape()), right=d.flag()),
        "bucketize": lambda d: call(d.ints(d.shape()), np.sort(d.ints((5,))), right=d.flag()),
        "unique": lambda d: call(d.ints(d.shape()), return_inverse=True, return_counts=True),
        "nanmean nanmedian": lambda d: call(_gaps(d)),
        "nanquantile": lambda d: call(_gaps(d), 0.3, dim=d.one_of(0, 1), interpolation="linear"),
        # what would overflow if it were written as it is defined
        "logsumexp softmax log_softmax logcumsumexp":
            _with_dim(lambda d: d.floats(d.shape(1, smallest=1), -1000, 1000)),
        # complex numbers
        "exp log sqrt sin cos tan sinh cosh tanh asin atan asinh atanh square neg reciprocal "
        "real imag conj conj_physical resolve_conj isreal abs angle sgn sum prod mean":
            _of_complex(),
        "add sub mul div eq": _of_complex(2),
        "cumsum cumprod": _with_dim(lambda d: _complex(d, (2, 3))),
        "matmul mm": lambda d: call(_complex(d, (2, 3)), _complex(d, (3, 4))),
        "det inverse": lambda d: call(_complex(d, (3, 3)) + 4 * np.eye(3)),
        # the other branch
        "cross_entropy nll_loss": _weighted,
    }),
    "renorm": lambda d: call(d.floats((4, 3), 0, 2), d.one_of(1, 2), d.one_of(0, 1), 1.5),
    "cosine_embedding_loss": lambda d: call(
        d.floats((3, 2)), d.floats((3, 2)), np.where(d.bools((3,)), 1, -1), margin=0.1
    ),
    "batch_norm": _evaluated_batch_norm,
    "bincount": lambda d: call(d.index((5,), 4), d.floats((5,)), minlength=d.integer(0, 6)),
    "histc": lambda d: call(d.floats((7,)), bins=4, min=-1, max=1),
}  # fmt: skip
