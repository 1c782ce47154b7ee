"""Values of the operations that read or write at the places of an index."""

import numpy as np

from tests.ops.references_of_shapes import as_strided_places, slice_dim


def gather(x, dim, index):
    out = np.empty(index.shape)
    for at in np.ndindex(index.shape):
        out[at] = x[moved(at, dim, index)]
    return out


def moved(at, dim, index):
    """The place `at` with what stands there in `index` in a dimension."""
    return (*at[:dim], index[at], *at[dim + 1 :])


def scattered(combine):
    """Each element of a source goes to the place that its index tells."""

    def reference(x, dim, index, source):
        out = x.copy()
        for at in np.ndindex(index.shape):
            place = moved(at, dim, index)
            out[place] = combine(out[place], source[at])
        return out

    return reference


def last(old, new):
    return new


def of_all(reduce, values):
    functions = {"sum": np.sum, "mean": np.mean, "amax": np.max, "amin": np.min}
    return functions[reduce](values)


def scatter_reduce(x, dim, index, source, reduce, include_self=True):
    found = {}
    for at in np.ndindex(index.shape):
        found.setdefault(moved(at, dim, index), []).append(source[at])
    out = x.copy()
    for place, values in found.items():
        out[place] = of_all(reduce, [x[place], *values] if include_self else values)
    return out


def of_rows(scatter):
    """An index of whole rows, made one of elements."""

    def reference(x, dim, index, source, *rest):
        index = np.broadcast_to(index.reshape([-1 if i == dim else 1 for i in range(x.ndim)]),
                                source.shape)  # fmt: skip
        return scatter(x, dim, index, source, *rest)

    return reference


def index_fill(x, dim, index, value):
    np.moveaxis(x, dim, 0)[index] = value
    return x


def masked_scatter(x, mask, source):
    x[mask] = source[: mask.sum()]
    return x


def put(x, index, source, accumulate=False):
    out = x.ravel()
    for i, value in zip(index, source):
        out[i] = value + (out[i] if accumulate else 0)
    return out.reshape(x.shape)


def index_put(x, index, source, accumulate):
    return put(x, np.ravel_multi_index(index, x.shape), source, accumulate)


def nonzero_static(x, size):
    places = [*np.argwhere(x), *[[-1]] * size]
    return np.array(places[:size])


def assigned(x, places, source):
    """`x` with `source` at flat places."""
    out = x.ravel()
    out[places] = source
    return out.reshape(x.shape)


def at_places(view):
    """The inverse of a view: find where its elements come from, and put the source there."""

    def reference(x, source, *args):
        return assigned(x, view(np.arange(x.size).reshape(x.shape), *args), source)

    return reference


VALUES = {
    "gather": gather,
    "take_along_dim": np.take_along_axis,
    "scatter": scattered(last),
    "scatter_add": scattered(np.add),
    "scatter_reduce": scatter_reduce,
    "index_select": lambda x, dim, index: np.take(x, index, dim),
    "index_add": of_rows(scattered(np.add)),
    "index_copy": of_rows(scattered(last)),
    "index_fill": index_fill,
    "index_reduce": of_rows(scatter_reduce),
    "masked_fill": lambda x, mask, value: np.where(mask, value, x),
    "masked_select": lambda x, mask: x[mask],
    "masked_scatter": masked_scatter,
    "take": np.take,
    "put": put,
    "index_put": index_put,
    "fill": np.full_like,
    "nonzero_static": nonzero_static,
    "unravel_index": np.unravel_index,
    "select_scatter": at_places(lambda x, dim, index: np.take(x, index, dim)),
    "slice_scatter": at_places(slice_dim),
    "diagonal_scatter": at_places(np.diagonal),
    "as_strided_scatter": lambda x, source, *view: assigned(x, as_strided_places(*view), source),
}
