"""Values of products, layers and losses."""

import numpy as np

from tests.ops.references_of_elementwise import log_sigmoid, relu
from tests.ops.references_of_reductions import log_softmax


def linear(x, weight, bias):
    return np.einsum("...i,oi->...o", x, weight) + bias


LAYERS = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv"), np.matmul),
    "dot": lambda x, y: np.sum(x * y),
    "outer": lambda x, y: x[:, None] * y,
    "addmm": lambda c, x, y: c + np.einsum("nk,km->nm", x, y),
    "addmv": lambda c, x, y: c + np.einsum("nk,k->n", x, y),
    "addr": lambda c, x, y: c + np.einsum("n,m->nm", x, y),
    "baddbmm": lambda c, x, y: c + np.einsum("snk,skm->snm", x, y),
    "addbmm": lambda c, x, y: c + np.einsum("snk,skm->nm", x, y),
    "linear": linear,
    "bilinear": lambda x, y, w, bias: np.einsum("ni,oij,nj->no", x, w, y) + bias,
    "embedding": lambda index, weight: weight[index],
    "one_hot": lambda index, classes: np.equal.outer(index, np.arange(classes)).astype(int),
}


# --- losses ---------------------------------------------------------------------------------------


def reduced(loss, reduction="mean"):
    return {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](loss)


def of_each(loss):
    """A loss of pairs of numbers, reduced."""
    return lambda x, y, reduction="mean": reduced(loss(x, y), reduction)


def nll_loss(x, target, weight=None, reduction="mean", ignore_index=-100):
    weight = np.ones(x.shape[1]) if weight is None else weight
    weights = np.where(target == ignore_index, 0, weight[target])
    losses = -weights * [row[i] for row, i in zip(x, target)]
    with np.errstate(invalid="ignore"):  # if none counts
        return losses.sum() / weights.sum() if reduction == "mean" else reduced(losses, reduction)


def cross_entropy(x, target, label_smoothing=0.0, **options):
    logs = log_softmax(x, 1)
    smooth = np.broadcast_to(logs.mean(1, keepdims=True), logs.shape)
    return nll_loss((1 - label_smoothing) * logs + label_smoothing * smooth, target, **options)


def binary_cross_entropy(p, y):
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def with_logits(x, y):
    return -y * log_sigmoid(x) - (1 - y) * log_sigmoid(-x)


def cosine(x, y):
    return np.sum(x * y, -1) / np.sqrt(np.sum(x * x, -1) * np.sum(y * y, -1))


def cosine_embedding(x, y, sign, margin=0.0):
    near = cosine(x, y)
    return np.where(sign == 1, 1 - near, relu(near - margin)).mean()


def distance(x, y, eps=1e-6):
    return np.sqrt(np.sum((x - y + eps) ** 2, -1))


def triplet(anchor, positive, negative):
    return relu(1 + distance(anchor, positive) - distance(anchor, negative)).mean()


def pdist(x, p):
    i, j = np.triu_indices(len(x), 1)
    return np.sum(np.abs(x[i] - x[j]) ** p, -1) ** (1 / p)


def multi_margin(x, target, margin):
    rows = (sum(relu(margin - row[y] + row[i]) for i in range(len(row)) if i != y)
            for row, y in zip(x, target))  # fmt: skip
    return np.mean([*rows]) / x.shape[1]


def multilabel_margin(x, target):
    """The labels of a row end at the first -1."""
    wanted = [*target][: [*target, -1].index(-1)]
    others = [i for i in range(len(x)) if i not in wanted]
    return sum(relu(1 - x[y] + x[i]) for y in wanted for i in others) / len(x)


LOSSES = {
    "cross_entropy": cross_entropy,
    "nll_loss": nll_loss,
    "mse_loss": of_each(lambda x, y: (x - y) ** 2),
    "l1_loss": of_each(lambda x, y: np.abs(x - y)),
    "binary_cross_entropy": of_each(binary_cross_entropy),
    "binary_cross_entropy_with_logits": of_each(with_logits),
    "multilabel_soft_margin_loss": of_each(with_logits),
    "soft_margin_loss": of_each(lambda x, y: np.log1p(np.exp(-x * y))),
    "hinge_embedding_loss": of_each(lambda x, y: np.where(y == 1, x, relu(1 - x))),
    "cosine_similarity": cosine,
    "pairwise_distance": distance,
    **dict.fromkeys(("triplet_margin_loss", "triplet_margin_with_distance_loss"), triplet),
    "cdist": lambda x, y: distance(x[:, None], y, 0),
    "pdist": pdist,
    "cross": lambda x, y, dim: np.cross(x, y, axis=dim),
    "margin_ranking_loss": lambda x, y, sign, margin: relu(margin - sign * (x - y)).mean(),
    "cosine_embedding_loss": cosine_embedding,
    "multi_margin_loss": multi_margin,
    "multilabel_margin_loss": multilabel_margin,
}

VALUES = {**LAYERS, **LOSSES}
