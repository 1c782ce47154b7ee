"""Samples of factorizations and solutions of linear systems."""

import numpy as np

import torchlite as torch
from tests.ops.calls import call, each


def _heavy(d, n=3):
    """Far from singular."""
    return d.floats((n, n), -1, 1) + 4 * np.diag([1.0, 1.5, 2.0])


def _factor(d, upper=False):
    """A triangular matrix; PyTorch's gradient at a Cholesky factor is that of any matrix, hence
    no array, whose gradient would be compared with differences."""
    triangle = np.triu if upper else np.tril
    return torch.from_numpy(np.asarray(triangle(_heavy(d))))


def _with_upper(*makers):
    def sample(d):
        upper = d.flag()
        return call(*(make(d, upper) for make in makers), upper)

    return sample


def _positive(d, upper=False):
    x = _heavy(d)
    return torch.from_numpy(np.asarray(x @ x.T))


def _right_side(d, upper=False):
    return d.floats((3, 2))


def _factored(d):
    """L below U in one matrix, and pivots."""
    return _heavy(d), np.array([d.integer(1, 3), d.integer(2, 3), 3], np.int32)


def _reflectors(d, count):
    return d.floats((4, 3), -1, 1), d.floats((count,), 0.2, 1)


SAMPLES = {
    **each({
        "qr geqrf": lambda d: call(d.one_of(_heavy(d), _heavy(d)[:, :2], _heavy(d)[:2])),
        "svd lu": lambda d: call(d.one_of(_heavy(d), _heavy(d)[:, :2], _heavy(d)[:2])),
        "svd_lowrank": lambda d: call(_heavy(d), q=3),
    }),
    "cholesky": _with_upper(_positive),
    "cholesky_solve": _with_upper(_right_side, _factor),
    "cholesky_inverse": _with_upper(_factor),
    "lu_solve": lambda d: call(_right_side(d), *_factored(d)),
    "lu_unpack": lambda d: call(*_factored(d)),
    "orgqr": lambda d: call(*_reflectors(d, d.integer(1, 3))),
    "ormqr": lambda d: call(*_reflectors(d, 3), d.floats((4, 4)), d.flag(), d.flag()),
    "pca_lowrank": lambda d: call(np.concatenate((_heavy(d), -_heavy(d))), q=3),
    "triangular_solve": lambda d: call(_right_side(d), _heavy(d), d.flag(), d.flag()),
}  # fmt: skip
