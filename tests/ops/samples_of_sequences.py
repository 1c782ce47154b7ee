"""Samples of normalisation and attention."""

import numpy as np

from tests.ops.calls import call


def _affine(d, shape):
    """A weight and a bias, or neither."""
    return {"weight": d.floats(shape), "bias": d.floats(shape)} if d.flag() else {}


def _batch_norm(d):
    x = d.distinct((3, 2, 2))
    if d.flag():
        return call(x, None, None, training=True, **_affine(d, (2,)))
    return call(x, np.array([0.5, -0.5], "f4"), np.array([1.5, 0.5], "f4"), **_affine(d, (2,)))


def _attention(d):
    lead = d.one_of((), (2,), (2, 1))
    q, k, v = (d.floats((*lead, *shape)) for shape in ((3, 2), (4, 2), (4, 3)))
    options = [{}, {"is_causal": True}, {"attn_mask": d.bools((3, 4))},
               {"attn_mask": d.floats((3, 4))}, {"scale": 0.3}]  # fmt: skip
    return call(q, k, v, **d.one_of(*options))


SAMPLES = {
    "layer_norm": lambda d: call(d.distinct((3, 2, 2)), (2, 2), **_affine(d, (2, 2))),
    "rms_norm": lambda d: call(d.distinct((3, 4)), (4,), d.floats((4,)), eps=d.one_of(1e-3, None)),
    "group_norm": lambda d: call(d.distinct((2, 4, 3)), d.one_of(1, 2, 4), **_affine(d, (4,))),
    "batch_norm": _batch_norm,
    "instance_norm": lambda d: call(d.distinct((2, 2, 3)), **_affine(d, (2,))),
    "local_response_norm": lambda d: call(d.floats((2, 4, 2)), d.one_of(2, 3), alpha=0.5),
    "normalize": lambda d: call(d.floats((2, 3), 0.5, 3), p=d.one_of(1, 2, 3), dim=d.one_of(0, 1)),
    "scaled_dot_product_attention": _attention,
}
