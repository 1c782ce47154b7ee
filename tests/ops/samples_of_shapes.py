"""Samples of the operations that view, join, rearrange and index."""

import numpy as np

from tests.ops.calls import call, each


def _any(d, least=0, **options):
    return d.floats(d.shape(least, **options))


def _with_dim(*rest, least=1, name="dim", **options):
    """A tensor, a dimension, further arguments."""

    def sample(d):
        x = d.floats(d.shape(least, smallest=1))
        return call(x, d.dim(x), *rest, **options)

    return sample


def _two_dims(d):
    x = _any(d, 1, smallest=d.one_of(1, 0))
    return call(x, d.dim(x), d.dim(x))


def _arrays(*shapes, **options):
    return lambda d: call([d.floats(shape) for shape in shapes], **options)


def _star(*shapes):
    return lambda d: call(*(d.floats(shape) for shape in shapes))


def _triangle(d):
    return call(_any(d, 2), d.integer(-2, 2))


def _matrix(*args, shape=(3, 4), **options):
    return lambda d: call(d.floats(shape), *args, **options)


def _permute(d):
    return call(d.floats((2, 3, 1)), d.one_of((2, 0, 1), (-1, 0, 1), (0, 1, 2)))


VIEWS = {
    **each({
        "transpose swapaxes swapdims movedim moveaxis": _two_dims,
        "tril triu": _triangle,
        "atleast_1d atleast_2d atleast_3d": lambda d: call(_any(d)),
        "fliplr flipud": lambda d: call(_any(d, 2)),
        "hsplit tensor_split": _matrix(2),
        "vsplit": _matrix(3),
        "tril_indices triu_indices": lambda d: call(
            d.one_of(3, 4, 0), d.one_of(4, 2, 0), d.integer(-1, 1)
        ),
    }),
    "dsplit": _matrix(2, shape=(1, 2, 4)),
    "reshape": lambda d: call(d.floats((2, 3)), d.one_of((3, 2), (-1,), (6,), (1, 2, 3))),
    "permute": _permute,
    "t": lambda d: call(_any(d, most=2)),
    "adjoint": lambda d: call(_any(d, 2)),
    "unsqueeze": _with_dim(),
    "squeeze": lambda d: call(d.floats((1, 3, 1)), d.one_of(0, 1, -1, (0, 2))),
    "broadcast_to": lambda d: call(d.floats(d.one_of((3,), (1, 3), (2, 1), ())), (2, 3)),
    "broadcast_tensors": _star((3,), (2, 1)),
    "flatten": lambda d: call(_any(d)),
    "unflatten": lambda d: call(d.floats((2, 6)), 1, d.one_of((2, 3), (-1, 2))),
    "select": _with_dim(0),
    "narrow": _with_dim(0, 1),
    "unbind": _with_dim(),
    "split": lambda d: call(d.floats((3, 4)), d.one_of(1, 2, 5), d.one_of(0, 1)),
    "split_with_sizes": lambda d: call(d.floats((3, 4)), [1, 3], 1),
    "chunk": lambda d: call(d.floats((3, 4)), d.integer(1, 5), d.one_of(0, 1)),
    "diagonal": lambda d: call(d.floats((3, 4)), d.integer(-2, 2)),
    "as_strided": lambda d: call(d.floats((3, 4)).copy(), (2, 2), d.one_of((1, 2), (1, 1)), 1),
    "flip": lambda d: call(d.floats((2, 3)), d.one_of((0,), (1,), (0, 1))),
    "roll": lambda d: call(d.floats((2, 3)), d.integer(-4, 4), d.one_of(0, 1)),
    "rot90": lambda d: call(d.floats((2, 3)), d.integer(-3, 3), (0, 1)),
    "diag": lambda d: call(d.floats(d.one_of((3,), (2, 3))), d.integer(-1, 1)),
    "diag_embed": lambda d: call(_any(d, 1), d.integer(-1, 1)),
    "diagflat": lambda d: call(_any(d), d.integer(-1, 1)),
    "trace": lambda d: call(d.floats((d.integer(0, 3), 3))),
    "sum_to_size": lambda d: call(d.floats((2, 3)), d.one_of((1, 3), (3,), (2, 1), (1,))),
    "vander": lambda d: call(d.floats((3,)), increasing=d.flag()),
}  # fmt: skip

JOINING = {
    **each({
        "cat concat concatenate": _arrays((1, 3), (0, 3), (2, 3)),
        "hstack dstack column_stack": _arrays((2, 3), (2, 3)),
        "vstack row_stack": _arrays((3,), (2, 3)),
    }),
    "stack": lambda d: call([d.floats((2, 3)) for _ in range(3)], d.integer(-3, 2)),
    "block_diag": _star((2, 3), (1, 1)),
    "tile": _matrix((2, 1)),
    "repeat_interleave": _matrix(2, dim=1),
    "meshgrid": lambda d: call(d.floats((2,)), d.floats((3,)), indexing=d.one_of("ij", "xy")),
    "cartesian_prod": _star((2,), (3,)),
    "combinations": lambda d: call(d.floats((4,)), d.integer(1, 3), d.flag()),
}  # fmt: skip


def _at(d, x=None, source=True):
    """A tensor, a dimension, an index of some of its places and a source of that shape."""
    x = d.floats((3, 4)) if x is None else x
    index = d.index((2, 3), 3)
    return (x, d.one_of(0, 1), index, d.floats((2, 3))) if source else (x, d.one_of(0, 1), index)


def _permuted(d):
    """As `_at`, with places that are all different: who writes last does not matter."""
    return d.floats((3, 4)), 0, d.one_of([2, 0], [1, 2])


def _index_source(d):
    x, dim, places = _permuted(d)
    return call(x, dim, np.array(places), d.floats((2, 4)))


def _scattered(d):
    x, _, _ = _permuted(d)
    return call(x, 0, np.array([[2, 0, 1], [1, 2, 0]]), d.floats((2, 3)))


def _reduce_scatter(d):
    args = _at(d)
    reduce = d.one_of("sum", "mean", "amax", "amin")
    return call(d.distinct((3, 4)), *args[1:3], d.distinct((2, 3)) + 0.05, reduce,
                include_self=d.flag())  # fmt: skip


def _index_reduce(d):
    x, dim, places = _permuted(d)
    reduce = d.one_of("mean", "amax", "amin")
    return call(x, dim, np.array(places), d.floats((2, 4), 4, 5), reduce)


INDEXING = {
    "gather": lambda d: call(*_at(d, source=False)),
    "take_along_dim": lambda d: call(d.floats((3, 4)), d.index((2, 4), 3), 0),
    "scatter": _scattered,
    "scatter_add": lambda d: call(*_at(d)),
    "scatter_reduce": _reduce_scatter,
    "index_select": lambda d: call(d.floats((3, 4)), d.one_of(0, 1), d.index((5,), 3)),
    "index_add": _index_source,
    "index_copy": _index_source,
    "index_fill": lambda d: call(d.floats((3, 4)), d.one_of(0, 1), d.index((2,), 3), 1.5),
    "index_reduce": _index_reduce,
    "masked_fill": lambda d: call(d.floats((3, 4)), d.bools((3, 4)), 1.5),
    "masked_select": lambda d: call(d.floats((3, 4)), d.bools((3, 4))),
    "masked_scatter": lambda d: call(d.floats((3, 4)), d.bools((3, 4)), d.floats((12,))),
    "take": lambda d: call(d.floats((3, 4)), d.index((2, 3), 12)),
    "put": lambda d: call(d.floats((3, 4)), np.array([1, 7]), d.floats((2,)), d.flag()),
    "index_put": lambda d: call(
        d.floats((3, 4)), (np.array([0, 2]), np.array([1, 1])), d.floats((2,)), accumulate=d.flag()
    ),
    "fill": lambda d: call(_any(d), 1.5),
    "nonzero_static": lambda d: call(d.ints((4,), 0, 2), size=3),
    "unravel_index": lambda d: call(d.index((3,), 12), (3, 4)),
    "select_scatter": lambda d: call(d.floats((3, 4)), d.floats((3,)), 1, 2),
    "slice_scatter": lambda d: call(d.floats((3, 4)), d.floats((3, 2)), 1, 0, 4, 2),
    "diagonal_scatter": lambda d: call(d.floats((3, 4)), d.floats((3,)), 1),
    "as_strided_scatter": lambda d: call(d.floats((3, 4)).copy(), d.floats((2, 2)), (2, 2), (1, 2)),
}  # fmt: skip

#: Views that copy; the first group are methods elsewhere.
COPIES = {
    "alias_copy": lambda d: call(_any(d)),
    "detach_copy": lambda d: call(_any(d)),
    "expand_copy": VIEWS["broadcast_to"],
    "view_copy": lambda d: call(d.floats((2, 3)).copy(), (3, 2)),
    "unfold_copy": lambda d: call(d.floats((5,)), 0, 3, d.one_of(1, 2)),
    "slice_copy": lambda d: call(d.floats((5,)), 0, 1, d.one_of(3, None), d.one_of(1, 2)),
    "split_copy": lambda d: call(d.floats((5,)), 2),
    "view_as_complex_copy": lambda d: call(d.floats((3, 2)).copy()),
    "view_as_real_copy": lambda d: call(d.floats((3,)) * (1 + 2j)),
    **{f"{name}_copy": VIEWS[name] for name in (
        "as_strided", "diagonal", "narrow", "permute", "select", "split_with_sizes", "squeeze", "t",
        "transpose", "unbind", "unsqueeze",
    )},
}  # fmt: skip

SAMPLES = {**VIEWS, **JOINING, **INDEXING, **COPIES}
