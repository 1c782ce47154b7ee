"""The values of every operation, on each backend, against references that need no PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import torchlite as torch
from tests.ops.differences import mapped
from tests.ops.inputs import fewer
from tests.ops.references import CHECKS, VALUES
from tests.ops.samples import DRAWS, SAMPLES, Inputs
from tests.ops.samples_of_edges import EDGES
from torchlite import backends
from torchlite.ops.core.family import operations

VALUES = VALUES | {name: s.value for name, s in SAMPLES.items() if hasattr(s, "value")}
BACKENDS = ("numpy", "numba")
#: Of an operation or, with a star, of its edges.
CALLS = {**SAMPLES, **DRAWS, **{f"{name}*": sample for name, sample in EDGES.items()}}
#: Kernels that are rational approximations, whose authors promise no more digits.
RTOL = {}


def test_every_operation_has_one_reference():
    assert sorted(operations.keys() ^ (VALUES.keys() | CHECKS.keys())) == []
    assert sorted(VALUES.keys() & CHECKS.keys()) == []


def arrays(result):
    """The arrays of a result, in order; numbers and flags are arrays, too."""
    if isinstance(result, (list, tuple)):
        return [leaf for part in result for leaf in arrays(part)]
    return [result.numpy() if isinstance(result, torch.Tensor) else np.asarray(result)]


def unwrapped(args):
    """Copies of the arguments: a reference must not see what the operation might have changed."""
    plain = [x.numpy() if isinstance(x, torch.Tensor) else x for x in args]
    return mapped(np.copy, plain)


def assert_equal(got, want, rtol):
    assert len(got) == len(want)
    for x, y in zip(got, want):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("call", sorted(CALLS))
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_value_is_that_of_the_reference(backend, call):
    if backend == "numba":
        pytest.importorskip("numba")
    name = call.rstrip("*")

    @settings(fewer(2), derandomize=True)
    @given(st.data())
    def check(data):
        args, kwargs = CALLS[call](Inputs(data))
        plain = unwrapped(args)
        tensors = mapped(torch.from_numpy, args), mapped(torch.from_numpy, kwargs)
        got = arrays(operations[name](*tensors[0], **tensors[1]))
        if name in CHECKS:
            CHECKS[name](got, *plain, **kwargs)
        else:
            assert_equal(got, arrays(VALUES[name](*plain, **kwargs)), RTOL.get(name, 1e-9))

    with backends.use(backend):
        check()
