"""Values of the operations that view, join and rearrange."""

import itertools

import numpy as np

from tests.ops.references_of_elementwise import from_pairs, pairs, same


def slices(x, dim, *bounds):
    """The parts of `x` that (start, end) bound in a dimension."""
    parts = np.moveaxis(x, dim, 0)
    return [np.moveaxis(parts[start:end], 0, dim) for start, end in bounds]


def slice_dim(x, dim, start, end, step):
    return np.moveaxis(np.moveaxis(x, dim, 0)[start:end:step], 0, dim)


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


def squeeze(x, dim):
    dims = np.arange(x.ndim)[np.array(dim)].reshape(-1)
    return x.reshape([n for i, n in enumerate(x.shape) if n > 1 or i not in dims])


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
    "squeeze": squeeze,
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

VALUES = {**VIEWS, **JOINING, **COPIES}
