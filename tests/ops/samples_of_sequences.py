"""Samples of normalisation and attention."""

from tests.ops.calls import call


def _affine(d, shape):
    """A weight and a bias, or neither."""
    return (d.floats(shape), d.floats(shape)) if d.flag() else ()


def _attention(d):
    lead = d.one_of((), (2,), (2, 1))
    q, k, v = (d.floats((*lead, *shape)) for shape in ((3, 2), (4, 2), (4, 3)))
    if d.flag():
        return call(q, k, v, d.one_of(d.bools((3, 4)), d.floats((3, 4))))
    return call(q, k, v, **d.one_of({}, {"is_causal": True}, {"scale": 0.3}))


SAMPLES = {
    "layer_norm": lambda d: call(d.distinct((3, 2, 2)), (2, 2), *_affine(d, (2, 2))),
    "rms_norm": lambda d: call(d.distinct((3, 4)), (4,), d.floats((4,)), eps=d.one_of(1e-3, None)),
    "group_norm": lambda d: call(d.distinct((2, 4, 3)), d.one_of(1, 2, 4), *_affine(d, (4,))),
    "batch_norm": lambda d: call(
        d.distinct((3, 2, 2)), None, None, *_affine(d, (2,)), training=True
    ),
    "instance_norm": lambda d: call(d.distinct((2, 2, 3)), None, None, *_affine(d, (2,))),
    "local_response_norm": lambda d: call(d.floats((2, 4, 2)), d.one_of(2, 3), alpha=0.5),
    "normalize": lambda d: call(d.floats((2, 3), 0.5, 3), p=d.one_of(1, 2, 3), dim=d.one_of(0, 1)),
    "scaled_dot_product_attention": _attention,
}
