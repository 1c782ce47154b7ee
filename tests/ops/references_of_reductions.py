"""Values of reductions, scans, orders and statistics."""

import itertools

import numpy as np


def along(function):
    """NumPy's reduction with PyTorch's names for its options, also of a number."""

    def reference(x, dim=None, keepdim=False):
        if not x.ndim:
            return function(x[None], axis=0, keepdims=False)
        return function(x, axis=dim, keepdims=keepdim)

    return reference


def logsumexp(x, axis, keepdims=False):
    return np.logaddexp.reduce(x, axis, keepdims=keepdims)


def xor(x, axis, keepdims):
    return np.bitwise_xor.reduce(x.astype(np.uint64), axis, keepdims=keepdims)


def ordered(x, dim, descending=False, stable=True):
    """The elements in order, and where they stood."""
    order = np.argsort(-x if descending else x, dim, stable=stable)
    return np.take_along_axis(x, order, dim), order


def of_rank(rank):
    """The element of the rank ``rank(n)`` among n, and its place; of all of them, no place."""

    def reference(x, dim=None, keepdim=False):
        if dim is None:
            return np.sort(x.ravel())[rank(np.sum(~np.isnan(x)))]  # NaN come last
        at = rank(x.shape[dim])
        found = [np.take(y, [at], dim) for y in ordered(x, dim)]
        return found if keepdim else [np.squeeze(y, dim) for y in found]

    return reference


def scanned(accumulate):
    """The extremes so far, and where they stand: all elements differ."""

    def reference(x, dim):
        best = accumulate(x, dim)
        place = np.indices(x.shape)[dim]
        return best, np.maximum.accumulate(np.where(x == best, place, 0), dim)

    return reference


def log_softmax(x, dim):
    return x - logsumexp(x, dim, keepdims=True)


def softmax(x, dim):
    return np.exp(log_softmax(x, dim))


def moment(*functions):
    def reference(x, dim, keepdim, correction):
        return [
            f(x, axis=dim, keepdims=keepdim, **({} if f is np.mean else {"ddof": correction}))
            for f in functions
        ]

    return reference


def norm(x, p):
    return np.sum(np.abs(x) ** p) ** (1 / p)


def norm_except_dim(x, dim):
    return np.sqrt(np.sum(x**2, None if dim == -1 else 1 - dim, keepdims=dim != -1))


def renorm(x, p, dim, maxnorm):
    rows = np.moveaxis(x, dim, 0)
    lengths = [norm(row, p) for row in rows]
    shrunk = [row * (maxnorm / (n + 1e-7) if n > maxnorm else 1) for row, n in zip(rows, lengths)]
    return np.moveaxis(np.stack(shrunk), 0, dim)


def segment_reduce(x, reduce, lengths, initial):
    ends = np.cumsum(lengths)
    combine = {"max": np.maximum, "min": np.minimum, "prod": np.multiply}.get(reduce, np.add)
    rows = []
    for start, end in zip(ends - lengths, ends):
        row = combine.reduce(x[start:end], 0, initial=initial)
        rows.append(row / (end - start) if reduce == "mean" and end > start else row)
    return np.stack(rows)


def quantile(function):
    return lambda x, q, dim, interpolation: function(x, q, axis=dim, method=interpolation)


def cumulative_trapezoid(y, dx, dim):
    y = np.moveaxis(y, dim, -1)
    return np.moveaxis(np.cumsum((y[..., 1:] + y[..., :-1]) / 2 * dx, -1), -1, dim)


def trapezoid(y, dx, dim):
    return np.take(cumulative_trapezoid(y, dx, dim), -1, dim)


def topk(x, k, dim, largest):
    return [np.take(y, range(k), dim) for y in ordered(x, dim, descending=largest)]


def unique_consecutive(x):
    return np.array([value for value, _ in itertools.groupby(x.ravel())], x.dtype)


def search(sequence, values, right):
    """How many numbers of a sequence stand before each of `values`."""
    compare = np.less_equal if right else np.less
    return np.sum(compare(sequence, values[..., None]), -1)


def histc(x, bins, min, max):
    return np.histogram(x, bins, (min, max))[0].astype(float)


def check_mode(result, x, dim, keepdim=False):
    """The smallest of the most frequent elements, and a place where it stands."""
    values, places = (y if keepdim else np.expand_dims(y, dim) for y in result)
    assert np.array_equal(np.take_along_axis(x, places, dim), values)
    for row, (value,) in zip(np.moveaxis(x, dim, -1).reshape(-1, x.shape[dim]),
                             np.moveaxis(values, dim, -1).reshape(-1, 1)):  # fmt: skip
        different, counts = np.unique(row, return_counts=True)
        assert value == different[np.argmax(counts)]


largest, smallest = of_rank(lambda n: n - 1), of_rank(lambda n: 0)
median = of_rank(lambda n: (n - 1) // 2)

VALUES = {
    **{name: along(getattr(np, name)) for name in (
        "sum nansum mean nanmean prod any all amax amin argmax argmin".split()
    )},
    **dict.fromkeys(("median", "nanmedian"), median),
    "quantile": quantile(np.quantile),
    "nanquantile": quantile(np.nanquantile),
    **dict.fromkeys(("trapezoid", "trapz"), trapezoid),
    "cumulative_trapezoid": cumulative_trapezoid,
    "logsumexp": along(logsumexp),
    "hash_tensor": along(xor),
    "max": largest,
    "min": smallest,
    "kthvalue": lambda x, dim, keepdim, k: of_rank(lambda n: k - 1)(x, dim, keepdim),
    "var": moment(np.var),
    "std": moment(np.std),
    "var_mean": moment(np.var, np.mean),
    "std_mean": moment(np.std, np.mean),
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logcumsumexp": lambda x, dim: np.logaddexp.accumulate(x, dim),
    "cumsum": lambda x, dim: np.cumsum(x, dim),
    "cumprod": lambda x, dim: np.cumprod(x, dim),
    "cummax": scanned(np.maximum.accumulate),
    "cummin": scanned(np.minimum.accumulate),
    "sort": ordered,
    "argsort": lambda *args, **options: ordered(*args, **options)[1],
    "msort": lambda x: np.sort(x, 0),
    "topk": topk,
    "norm": norm,
    "dist": lambda x, y, p: norm(x - y, p),
    "norm_except_dim": norm_except_dim,
    "renorm": renorm,
    "segment_reduce": segment_reduce,
    "count_nonzero": np.count_nonzero,
    "aminmax": lambda x: (x.min(), x.max()),
    "unique": np.unique,
    "unique_consecutive": unique_consecutive,
    "searchsorted": search,
    "bucketize": lambda values, sequence, right: search(sequence, values, right),
    "bincount": np.bincount,
    "histc": histc,
    "diff": lambda x, n, dim: np.diff(x, n, dim),
    "cov": lambda x, correction: np.cov(x, ddof=correction),
    "corrcoef": np.corrcoef,
}  # fmt: skip
CHECKS = {"mode": check_mode}
