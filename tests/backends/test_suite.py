"""The Numba backend conforms to the protocol; the suite covers all of it and finds faults."""

import numpy as np
import pytest

from torchlite import backends, dtypes
from torchlite.backends.composites import Composites
from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.protocol import SPECS
from torchlite.testing import backend_suite


@pytest.mark.parametrize("method", sorted(SPECS))
def test_the_numba_backend_conforms(method):
    pytest.importorskip("numba")
    (case,) = backend_suite("numba", [method])
    case()


#: Composites for which NumPy has more than the default body, and that body.
BODIES = {
    name: body
    for name in sorted(SPECS)
    if (body := getattr(Composites, name, None)) not in (None, getattr(NumpyBackend, name))
}


class DefaultBodies(NumpyBackend):
    name = "default bodies"


for _name, _body in BODIES.items():
    setattr(DefaultBodies, _name, _body)


@pytest.mark.parametrize("method", BODIES)
def test_the_default_bodies_conform(method):
    """They are what gradients of gradients are made of, and backends that have primitives only."""
    backends.register("default bodies", DefaultBodies)
    (case,) = backend_suite("default bodies", [method])
    case()


def test_the_suite_covers_every_method():
    covered = {str(case) for case in backend_suite("numpy")}
    assert covered == set(backends.registry.origins("numpy"))


class Faulty(NumpyBackend):
    name = "faulty"

    def relu(self, x):  # loses NaN
        return self.where(self.gt(x, 0), x, self.full((), 0, dtypes.of(x)))

    def sigmoid(self, x):  # wrong for strided arrays
        return super().sigmoid(x if x.flags.c_contiguous else self.copy(x) * 2)

    def neg(self, x):  # writes into its argument
        return np.negative(x, out=x)

    def sum(self, x, axis, keepdims):  # loses the dtype
        return super().sum(x, axis, keepdims) * 1.0


@pytest.mark.parametrize("method", ["relu", "sigmoid", "neg", "sum"])
def test_the_suite_finds_faults(method):
    backends.register("faulty", Faulty)
    (case,) = backend_suite("faulty", [method])
    with pytest.raises(AssertionError, match=f"^{method}: "):
        case()
