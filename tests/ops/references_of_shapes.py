"""Values of the operations that view, join, rearrange and index."""

import itertools

import numpy as np

from tests.ops.references_of_elementwise import from_pairs, pairs, same


def slices(x, dim, *bounds):
    """The parts of `x` that (start, end) bound in a dimension."""
    parts = np.moveaxis(x, dim, 0)
    return [np.moveaxis(parts[start:end], 0, dim) for start, end in bounds]


# --- views ----------------------------------------------------------------------------------------


def transpose(x, *dims):
    return np.swapaxes(x, *dims)


def t(x):
    return x.T


def atleast_3d(x):
    return x[..., None] if x.ndim == 2 else np.atleast_3d(x)


def split(x, size, dim=0):
    return slices(x, dim, *((i, i + size) for i in range(0, x.shape[dim], size)))


def split_with_sizes(x, sizes, dim):
    ends = [*itertools.accumulate(sizes)]
    return slices(x, dim, *((end - size, end) for end, size in zip(ends, sizes)))


def unbind(x, dim):
    return [*np.moveaxis(x, dim, 0)]


def narrow(x, dim, start, length):
    return slices(x, dim, (start, start + length))[0]


def as_strided_places(size, stride, offset=0):
    """Which element of the memory stands where."""
    steps = (np.arange(n) * step for n, step in zip(size, stride))
    return offset + np.add.outer(*steps)


def as_strided(x, size, stride, offset):
    return x.ravel()[as_strided_places(size, stride, offset)]


def unflatten(x, dim, sizes):
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def diag_embed(x, offset):
    n = x.shape[-1]
    out = np.zeros((*x.shape[:-1], n + abs(offset), n + abs(offset)))
    for i in range(n):
        out[..., i + max(-offset, 0), i + max(offset, 0)] = x[..., i]
    return out


def sum_to_size(x, size):
    """The sum over the dimensions that broadcasting from `size` would add."""
    lead = x.ndim - len(size)
    x = x.sum(tuple(range(lead)))
    return x.sum(tuple(i for i, n in enumerate(size) if n == 1), keepdims=True)


def chunk(x, chunks, dim):
    return split(x, -(-x.shape[dim] // chunks), dim)


_VIEWS = {
    "transpose": transpose,
    "permute": np.transpose,
    "t": t,
    "squeeze": lambda x, dim: x.reshape([
        n for i, n in enumerate(x.shape)
        if n > 1 or i not in np.arange(x.ndim)[np.atleast_1d(np.array(dim))]
    ]),
    "unsqueeze": np.expand_dims,
    "select": lambda x, dim, index: np.take(x, index, dim),
    "narrow": narrow,
    "unbind": unbind,
    "split_with_sizes": split_with_sizes,
    "diagonal": np.diagonal,
    "as_strided": as_strided,
}  # fmt: skip
VIEWS = {
    **_VIEWS,
    **dict.fromkeys(("swapaxes", "swapdims"), transpose),
    **dict.fromkeys(("movedim", "moveaxis"), np.moveaxis),
    **{name: getattr(np, name) for name in (
        "tril triu atleast_1d atleast_2d fliplr flipud reshape broadcast_to flip roll rot90 diag "
        "diagflat trace"
    ).split()},
    "atleast_3d": atleast_3d,
    "hsplit": np.hsplit,
    "vsplit": np.vsplit,
    "dsplit": np.dsplit,
    "tensor_split": np.array_split,
    "tril_indices": lambda n, m, offset: np.stack(np.tril_indices(n, offset, m)),
    "triu_indices": lambda n, m, offset: np.stack(np.triu_indices(n, offset, m)),
    "adjoint": lambda x: np.swapaxes(x, -1, -2),
    "broadcast_tensors": np.broadcast_arrays,
    "flatten": np.ravel,
    "unflatten": unflatten,
    "split": split,
    "chunk": chunk,
    "diag_embed": diag_embed,
    "sum_to_size": sum_to_size,
    "vander": lambda x, increasing: np.vander(x, increasing=increasing),
}  # fmt: skip


# --- joining --------------------------------------------------------------------------------------


def block_diag(*matrices):
    out = np.zeros(np.sum([x.shape for x in matrices], 0))
    row = column = 0
    for x in matrices:
        out[row : row + x.shape[0], column : column + x.shape[1]] = x
        row, column = row + x.shape[0], column + x.shape[1]
    return out


def combinations(x, r, with_replacement):
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return np.array([*choose(x, r)])


JOINING = {
    **dict.fromkeys(("cat", "concat", "concatenate"), np.concatenate),
    **dict.fromkeys(("vstack", "row_stack"), np.vstack),
    **{name: getattr(np, name) for name in "hstack dstack column_stack stack tile".split()},
    "block_diag": block_diag,
    "repeat_interleave": lambda x, count, dim: np.repeat(x, count, dim),
    "meshgrid": np.meshgrid,
    "cartesian_prod": lambda *xs: np.array([*itertools.product(*xs)]),
    "combinations": combinations,
}


# --- indexing -------------------------------------------------------------------------------------


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


def slice_dim(x, dim, start, end, step):
    return np.moveaxis(np.moveaxis(x, dim, 0)[start:end:step], 0, dim)


INDEXING = {
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


# --- copies ---------------------------------------------------------------------------------------


def unfold(x, dim, size, step):
    """Of one dimension."""
    return np.stack([x[i : i + size] for i in range(0, len(x) - size + 1, step)])


COPIES = {
    **{f"{name}_copy": function for name, function in _VIEWS.items()},
    **dict.fromkeys(("alias_copy", "detach_copy"), same),
    "expand_copy": np.broadcast_to,
    "view_copy": np.reshape,
    "unfold_copy": unfold,
    "slice_copy": slice_dim,
    "split_copy": split,
    "view_as_complex_copy": from_pairs,
    "view_as_real_copy": pairs,
}

VALUES = {**VIEWS, **JOINING, **INDEXING, **COPIES}
