"""The gradient of every operation, and the gradient of that, against differences in float64."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ops.differences import Scalar, check_gradients
from tests.ops.inputs import fewer
from tests.ops.samples import RANDOM, SAMPLES, Inputs
from torchlite import backends
from torchlite.ops.core.family import operations

BACKENDS = ("numpy", "numba")
WITHOUT = {"floor_divide", "heaviside"}  # PyTorch has no gradient of them either
CHECKED = [name for name in SAMPLES if name in operations and name not in RANDOM | WITHOUT]


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_and_its_gradient_match_differences(backend, name):
    if backend == "numba":
        pytest.importorskip("numba")

    @fewer(3)
    @given(st.data())
    def check(data):
        args, kwargs = SAMPLES[name](Inputs(data))
        function = Scalar(operations[name], args, kwargs)
        if all(x.dtype.kind == "f" for x in function.inputs):
            check_gradients(function, function.inputs, order=2)

    with backends.use(backend):
        check()
