"""Samples of products, layers and losses."""

import numpy as np

from tests.ops.calls import call, each


def _product(*shapes):
    """Matrices of sizes n, m, k and stacks of s of them, each size 0 to 3."""

    def sample(d):
        sizes = {letter: d.integer(0, 3) for letter in "nmks"}
        return call(*(d.floats(tuple(sizes[letter] for letter in shape)) for shape in shapes))

    return sample


def _classes(d):
    return d.floats((3, 4)), d.index((3,), 4)


def _cross_entropy(d):
    x, target = _classes(d)
    options = [{}, {"label_smoothing": 0.2}, {"reduction": "sum"}, {"ignore_index": 1}]
    return call(x, target, **d.one_of(*options))


def _loss(low=-3.0, high=3.0):
    def sample(d):
        shape = d.shape(smallest=1)
        reduction = d.one_of("mean", "sum", "none")
        return call(d.floats(shape, low, high), d.floats(shape, 0.1, 0.9), reduction=reduction)

    return sample


def _matmul(d):
    shapes = [((2,), (2,)), ((3, 2), (2,)), ((2,), (2, 3)), ((3, 2), (2, 3)), ((2, 3, 2), (2, 1)),
              ((2, 1, 3, 2), (4, 2, 3)), ((0, 2), (2, 3)), ((2, 0), (0, 3))]  # fmt: skip
    return call(*map(d.floats, d.one_of(*shapes)))


LAYERS = {
    "matmul": _matmul,
    "mm": _product("nk", "km"),
    "bmm": _product("snk", "skm"),
    "mv": _product("nk", "k"),
    "dot": _product("n", "n"),
    "outer": _product("n", "m"),
    "addmm": _product("nm", "nk", "km"),
    "addmv": _product("n", "nk", "k"),
    "addr": _product("nm", "n", "m"),
    "baddbmm": _product("snm", "snk", "skm"),
    "addbmm": _product("nm", "snk", "skm"),
    "linear": lambda d: call(
        d.floats(d.one_of((2,), (3, 2), (2, 3, 2))), d.floats((4, 2)), d.floats((4,))
    ),
    "bilinear": lambda d: call(*map(d.floats, ((3, 2), (3, 4), (5, 2, 4), (5,)))),
    "embedding": lambda d: call(d.index(d.shape(), 4), d.floats((4, 3))),
    "one_hot": lambda d: call(d.index(d.shape(), 3), 4),
    "cross_entropy": _cross_entropy,
    "nll_loss": lambda d: call(*_classes(d), reduction=d.one_of("mean", "sum", "none")),
    "mse_loss": _loss(),
    "l1_loss": _loss(1.2, 3),
    "binary_cross_entropy": _loss(0.1, 0.9),
    "binary_cross_entropy_with_logits": _loss(),
}  # fmt: skip


def _signs(d, shape):
    """1.0 or -1.0: targets of losses."""
    return np.where(d.bools(shape), 1, -1)


def _ranked(d):
    x = d.distinct((4,))
    return call(x, x[::-1] + 0.05, _signs(d, (4,)), margin=0.02)


def _distance(*shapes, low=2.0, high=5.0):
    """Tensors that are nowhere equal: the slope of a distance changes there."""
    return lambda d: call(d.floats(shapes[0], -1, 1), *(d.floats(s, low, high) for s in shapes[1:]))


def _triplet(d):
    """The negative is far enough from the margin."""
    return call(d.floats((2, 3), -1, 1), d.floats((2, 3), 6, 7), d.floats((2, 3), 2, 3))


LOSSES = {
    **each({
        "cosine_similarity pairwise_distance": _distance((2, 3), (2, 3)),
        "triplet_margin_loss triplet_margin_with_distance_loss": _triplet,
        "multilabel_soft_margin_loss": lambda d: call(d.floats((2, 3)), d.floats((2, 3), 0, 1)),
        "soft_margin_loss": lambda d: call(d.floats((4,)), _signs(d, (4,))),
    }),
    "cdist": _distance((2, 3), (4, 3)),
    "pdist": lambda d: call(d.distinct((4, 2)), d.one_of(1, 2, 3)),
    "cross": lambda d: call(d.floats((2, 3)), d.floats((2, 3)), dim=-1),
    "margin_ranking_loss": _ranked,
    "hinge_embedding_loss": lambda d: call(d.floats((4,), -3, 0.8), _signs(d, (4,))),
    "cosine_embedding_loss": lambda d: call(d.floats((2, 3)), d.floats((2, 3)), np.ones(2, int)),
    "multi_margin_loss": lambda d: call(d.distinct((3, 4)), d.index((3,), 4), margin=0.5),
    "multilabel_margin_loss": lambda d: call(d.distinct((3,)), np.array([1, 0, -1])),
}  # fmt: skip

SAMPLES = {**LAYERS, **LOSSES}
