"""The conformance suite for backends: compares each method with the NumPy reference.

An argument is drawn once and built twice, for the reference and for the backend under test, since a
method may write to it. Results, and all arrays after the call, must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torchlite import dtypes
from torchlite.backends.protocol import SPECS, Backend
from torchlite.backends.registry import get
from torchlite.backends.spec import ELEMENTWISE
from torchlite.testing import (  # noqa: F401  these fill TABLE
    arguments,
    images,
    layers,
    matrices,
    recurrence,
    streams,
    structure,
    updates,
)
from torchlite.testing.drawing import PLAN, REFERENCE, TABLE, Corner, Draws, Late

_EPS = {dtypes.float16: 2.0**-10, dtypes.bfloat16: 2.0**-7, dtypes.float32: 2.0**-23}


class Case:
    """The test of one backend method. Call it: raises AssertionError with a failing example."""

    def __init__(self, backend: Backend, method: str, draw: Callable) -> None:
        self.backend, self.method, self.draw = backend, method, draw

    def __str__(self) -> str:
        return self.method

    def __call__(self) -> None:
        both = (REFERENCE, self.backend)
        kinds = [kind for kind in dtypes.DTYPES if all(_has(xp, kind) for xp in both)]

        for number in PLAN:
            self.check(self.draw(Corner(number, kinds, self.method)))

        slow = [HealthCheck.too_slow]  # kernels may compile in any example

        @settings(derandomize=_derandomized(), deadline=None, suppress_health_check=slow)
        @given(st.data())
        def conforms(data: Any) -> None:
            def integer(low: int, high: int) -> int:
                return data.draw(st.integers(low, high))

            self.check(self.draw(Draws(integer, kinds, self.method)))

        conforms()

    def check(self, drawn: Sequence[Any]) -> None:
        """Compare the method with the reference on one list of arguments."""
        try:
            self.check_call(drawn)
        except AssertionError as error:
            raise AssertionError(f"{error}\nThe arguments: {drawn}") from None

    def check_call(self, drawn: Sequence[Any]) -> None:
        mine, theirs = (_build(drawn, xp) for xp in (self.backend, REFERENCE))
        result = getattr(self.backend, self.method)(*mine)
        expected = getattr(REFERENCE, self.method)(*theirs)
        if SPECS[self.method].determined:
            self.compare(result, expected, "the result")
        self.compare(mine, theirs, "an argument after the call")

    def compare(self, actual: Any, expected: Any, what: str) -> None:
        if isinstance(expected, (tuple, list)):
            assert len(actual) == len(expected), f"{self.method}: {what} has {len(actual)} parts"
            for a, e in zip(actual, expected):
                self.compare(a, e, what)
        elif hasattr(expected, "dtype"):
            self.compare_arrays(actual, REFERENCE.asarray(expected), what)
        elif isinstance(expected, (bool, int, float, complex)):
            assert type(actual) is type(expected), f"{self.method}: {what} is a {type(actual)}"
            assert actual == expected or actual != actual, f"{self.method}: {actual} != {expected}"

    def compare_arrays(self, actual: Any, expected: Any, what: str) -> None:
        actual = self.backend.asarray(actual)
        kind = dtypes.of(expected)
        assert dtypes.of(actual) is kind, f"{self.method}: {what} has dtype {dtypes.of(actual)}"
        assert tuple(actual.shape) == expected.shape, (
            f"{self.method}: {what} has shape {tuple(actual.shape)}, expected {expected.shape}"
        )
        actual = self.backend.to_numpy(actual)
        close = _close(actual, expected, kind, SPECS[self.method].accumulates)
        assert close.all(), (
            f"{self.method}: {what} differs from the reference in {(~close).sum()} of "
            f"{close.size} elements: {actual[~close][:3]}, expected {expected[~close][:3]}"
        )


def _derandomized() -> bool:
    """A profile that the user has loaded decides; otherwise every run draws the same."""
    profile = settings()
    return profile.derandomize or settings.default is settings.get_profile("default")


def _has(backend: Backend, kind: dtypes.dtype) -> bool:
    try:
        backend.empty((1,), kind)
    except (TypeError, ImportError):  # ImportError: bfloat16 without ml_dtypes
        return False
    return True


def _build(drawn: Any, xp: Backend) -> Any:
    if isinstance(drawn, Late):
        return drawn.build(xp)
    if isinstance(drawn, (list, tuple)):
        return type(drawn)(_build(x, xp) for x in drawn)
    return drawn


def _close(actual: Any, expected: Any, kind: dtypes.dtype, summed: bool) -> Any:
    """Where the arrays agree: exactly, both NaN, or up to rounding."""
    xp = REFERENCE
    same = xp.asarray(xp.eq(actual, expected))
    if kind.category < dtypes.FLOAT:
        return same
    rtol = 64 * _EPS.get(kind.to_real(), 2.0**-52)
    wide = dtypes.complex128 if kind.category == dtypes.COMPLEX else dtypes.float64
    a, e = xp.astype(actual, wide), xp.astype(expected, wide)
    finite = xp.asarray(xp.logical_and(xp.isfinite(a), xp.isfinite(e)))
    size = xp.where(finite, xp.abs(e), 0.0)
    largest = float(xp.amax(size, None, False)) if e.size else 0.0
    bound = xp.add(xp.mul(size, rtol), rtol * (max(1.0, largest) if summed else 1.0))
    near = xp.logical_and(finite, xp.le(xp.abs(xp.sub(a, e)), bound))
    both_nan = xp.logical_and(xp.isnan(a), xp.isnan(e))
    return xp.asarray(xp.logical_or(xp.logical_or(same, near), both_nan))


def cases(backend: str, methods: Sequence[str] | None = None) -> list[Case]:
    """One case for each method: see `torchlite.testing.backend_suite`."""
    names = sorted(SPECS) if methods is None else methods
    return [Case(get(backend), name, _arguments(name)) for name in names]


def _arguments(method: str) -> Callable:
    """The function that draws the arguments of `method`."""
    if method in TABLE:
        return TABLE[method]
    spec = SPECS.get(method)
    if spec is None or spec.kind != ELEMENTWISE or len(spec.operands) != len(spec.parameters):
        return _unknown
    return arguments.unary if len(spec.operands) == 1 else arguments.binary


def _unknown(draws: Draws) -> list:
    raise KeyError(f"torchlite.testing has no arguments for the method {draws.method!r}")


__all__ = ["Case", "cases"]
