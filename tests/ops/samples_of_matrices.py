"""Samples of linear algebra: square matrices with a heavy diagonal, far from singular ones."""

import numpy as np

from tests.ops.calls import call, each


def _matrix(d, n=3):
    return d.floats((n, n), -1, 1) + 4 * np.eye(n)


SAMPLES = {
    **each({
        "det slogdet logdet inverse pinverse nuclear_norm": lambda d: call(_matrix(d)),
        "inner vdot": lambda d: call(d.floats((3,)), d.floats((3,))),
    }),
    "matrix_exp": lambda d: call(d.floats((3, 3), -1, 1)),
    "matrix_power": lambda d: call(d.floats((3, 3), -1, 1), d.integer(0, 4)),
    "frobenius_norm": lambda d: call(_matrix(d), d.one_of(1, (0, 1)), d.flag()),
    "ger": lambda d: call(d.floats((2,)), d.floats((3,))),
    "kron": lambda d: call(d.floats((2, 3)), d.floats((3, 2))),
    "chain_matmul": lambda d: call(d.floats((2, 3)), d.floats((3, 4)), d.floats((4, 1))),
    "einsum": lambda d: call("ij,jk->ik", d.floats((2, 3)), d.floats((3, 4))),
    "tensordot": lambda d: call(d.floats((2, 3)), d.floats((3, 4)), dims=1),
}  # fmt: skip
