"""Values of normalisation and attention."""

import math

import numpy as np

from tests.ops.references_of_reductions import softmax


def standardized(x, axes, eps=1e-5):
    mean, variance = (f(x, axes, keepdims=True) for f in (np.mean, np.var))
    return (x - mean) / np.sqrt(variance + eps)


def scaled(x, weight=1.0, bias=0.0):
    """``x * weight + bias``, one number for each channel."""
    weight, bias = (np.reshape(p, (-1, *[1] * (x.ndim - 2))) for p in (weight, bias))
    return x * weight + bias


def layer_norm(x, shape, weight=1.0, bias=0.0):
    return standardized(x, tuple(range(-len(shape), 0))) * weight + bias


def rms_norm(x, shape, weight, eps):
    eps = np.finfo(x.dtype).eps if eps is None else eps
    return x / np.sqrt(np.mean(x**2, -1, keepdims=True) + eps) * weight


def group_norm(x, groups, *affine):
    rows = x.reshape(len(x), groups, -1)
    return scaled(standardized(rows, -1).reshape(x.shape), *affine)


def batch_norm(x, mean, variance, *affine, training):
    if training:
        return scaled(standardized(x, (0, 2)), *affine)
    return scaled((x - mean[:, None]) / np.sqrt(variance[:, None] + 1e-5), *affine)


def instance_norm(x, mean, variance, *affine):
    return scaled(standardized(x, -1), *affine)


def local_response_norm(x, size, alpha, beta=0.75, k=1.0):
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        first = c - size // 2
        near = x[:, max(first, 0) : first + size] ** 2
        out[:, c] = x[:, c] / (k + alpha * near.sum(1) / size) ** beta
    return out


def normalize(x, p, dim):
    return x / np.sum(np.abs(x) ** p, dim, keepdims=True) ** (1 / p)


def attention(q, k, v, mask=None, is_causal=False, scale=None):
    scores = q @ np.swapaxes(k, -1, -2) * (scale or 1 / math.sqrt(q.shape[-1]))
    if is_causal:
        mask = np.tri(*scores.shape[-2:], dtype=bool)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    blind = np.all(scores == -np.inf, -1, keepdims=True)  # a row that sees nothing gives 0
    return np.where(blind, 0, softmax(np.where(blind, 0, scores), -1)) @ v


VALUES = {
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "local_response_norm": local_response_norm,
    "normalize": normalize,
    "scaled_dot_product_attention": attention,
}
