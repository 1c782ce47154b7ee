"""The Numba backend conforms to the protocol; the suite covers all of it and finds faults."""

import numpy as np
import pytest

from torchlite import backends
from torchlite.backends.composites import Composites
from torchlite.backends.numpy import NumpyBackend
from torchlite.backends.protocol import SPECS
from torchlite.backends.registry import get
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


def wrong(out):
    """Other numbers of the same dtype."""
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(out), out + np.ones((), out.dtype), np.zeros((), out.dtype))


def at(where):
    """Wrong at the places that `where` tells, a function of the argument."""

    def plant(call, x, *rest):
        out = call(x, *rest)
        return np.where(np.broadcast_to(where(np.asarray(x)), np.shape(out)), wrong(out), out)

    return plant


def all_if(condition):
    """Wrong everywhere, for arguments of which `condition` is true."""

    def plant(call, x, *rest):
        out = call(x, *rest)
        return wrong(out) if condition(np.asarray(x)) else out

    return plant


def last(x):
    places = np.arange(x.size).reshape(x.shape)
    return places == x.size - 1


def loses_the_dtype(call, x, *rest):
    out = call(x, *rest)
    return out.astype(np.float64 if out.dtype != np.float64 else np.float32)


def writes_to_its_argument(call, x, *rest):
    out = call(x.copy(), *rest)
    if x.flags.writeable:
        x[...] = 7
    return out


def wrong_for_empty(call, x, *rest):
    out = call(x, *rest)
    return np.zeros((*out.shape, 1), out.dtype) if x.size == 0 else out


def wrong_axis(call, x, axis, *rest):
    return call(x, (axis + 1) % x.ndim if isinstance(axis, int) and x.ndim else axis, *rest)


def fails_on_numbers(call, a, b):
    return call(a, b) if np.ndim(b) or hasattr(b, "dtype") else call(a, b + 1)


def reads_memory_in_order(call, x, *rest):
    """As if the array were row-major: elements of a transposed one come in the wrong order."""
    return call(x.ravel(order="K")[: x.size].reshape(x.shape), *rest)


ELEMENTWISE_FAULTS = {
    "at NaN": at(np.isnan),
    "at negative numbers": at(lambda x: x < 0),
    "at positive numbers": at(lambda x: x > 0),
    "at -0.0": at(lambda x: (x == 0) & np.signbit(x)),
    "at 0.0": at(lambda x: (x == 0) & ~np.signbit(x)),
    "at infinity": at(np.isposinf),
    "at -infinity": at(np.isneginf),
    "at numbers of the size of 60": at(lambda x: np.isfinite(x) & (abs(x) > 50)),
    "at the last element": at(last),
    "in arrays that are not contiguous": all_if(lambda x: not x.flags.c_contiguous),
    "in arrays with stride 0": all_if(lambda x: x.size > 1 and 0 in x.strides),
    "in arrays of one element": all_if(lambda x: x.size == 1),
    "without dimensions": all_if(lambda x: x.ndim == 0),
    "in three dimensions": all_if(lambda x: x.ndim == 3),
    "in large arrays": all_if(lambda x: x.size > 60_000),
    "in arrays with a few hundred elements": all_if(lambda x: 100 < x.size < 3000),
    "in float16": all_if(lambda x: x.dtype == np.float16),
    "in float32": all_if(lambda x: x.dtype == np.float32),
    "in float64": all_if(lambda x: x.dtype == np.float64),
    "in large transposed float64 arrays": all_if(
        lambda x: x.size > 1000 and x.dtype == np.float64 and x.flags.f_contiguous and x.ndim > 1
    ),
    "dtype": loses_the_dtype,
    "argument": writes_to_its_argument,
    "empty arrays": wrong_for_empty,
    "memory order": reads_memory_in_order,
}  # fmt: skip
OTHER_FAULTS = {
    "axis": (wrong_axis, "sum amax mean cumsum softmax sort argmax"),
    "number": (fails_on_numbers, "add sub mul div maximum lt"),
    "dtype": (loses_the_dtype, "sum amax cumsum softmax add mul matmul"),
    "argument": (writes_to_its_argument, "sum amax cumsum softmax neg matmul"),
    "int32": (all_if(lambda x: x.dtype == np.int32), "add mul neg abs sum"),
    "uint8": (all_if(lambda x: x.dtype == np.uint8), "add mul sum"),
    "complex64": (all_if(lambda x: x.dtype == np.complex64), "add mul neg sum exp"),
    "negative": (at(lambda x: x < 0), "abs sign floor sqrt exp"),
    "strided": (all_if(lambda x: not x.flags.c_contiguous), "sum matmul cumsum softmax"),
    "large": (all_if(lambda x: x.size > 4000), "sum amax softmax add neg"),
    "float64": (all_if(lambda x: x.dtype == np.float64), "sum matmul softmax convolution"),
}
PLANTED = [(method, fault) for fault, (_, m) in OTHER_FAULTS.items() for method in m.split()]


def assert_found(method, plant):
    right = getattr(get("numpy"), method)

    class Faulty(NumpyBackend):
        name = "faulty"

    setattr(Faulty, method, lambda self, *args: plant(right, *args))
    backends.register("faulty", Faulty)
    (case,) = backend_suite("faulty", [method])
    with pytest.raises(AssertionError, match=f"^{method}: "):
        case()


@pytest.mark.parametrize("fault", ELEMENTWISE_FAULTS)
@pytest.mark.parametrize("method", ["relu", "sigmoid", "silu", "erf", "clamp"])
def test_the_suite_finds_faults_of_elementwise_methods(method, fault):
    assert_found(method, ELEMENTWISE_FAULTS[fault])


@pytest.mark.parametrize(("method", "fault"), PLANTED)
def test_the_suite_finds_faults(method, fault):
    assert_found(method, OTHER_FAULTS[fault][0])


def test_the_suite_draws_the_same_every_time():
    seen = []

    class Recording(NumpyBackend):
        name = "recording"

        def relu(self, x):
            seen.append((x.shape, x.strides, str(x.dtype), x.tobytes()))
            return super().relu(x)

    backends.register("recording", Recording)
    (case,) = backend_suite("recording", ["relu"])
    case()
    first = seen.copy()
    seen.clear()
    case()
    assert seen == first
