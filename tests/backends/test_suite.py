"""The Numba backend, and the reference itself, conform to the protocol."""

import pytest

from torchlite.testing import backend_suite


@pytest.mark.parametrize("case", backend_suite("numpy"), ids=str)
def test_the_reference_conforms(case):
    case()


def test_the_numba_backend_conforms(subtests):
    pytest.importorskip("numba")
