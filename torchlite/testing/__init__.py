"""Testing tools: tensor comparison, and a conformance suite for backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torchlite.testing.comparison import assert_close

if TYPE_CHECKING:
    from torchlite.testing.suite import Case


def backend_suite(backend: str, methods: Sequence[str] | None = None) -> list[Case]:
    """Tests that `backend` conforms to the protocol: call each of them.

    Each compares one method with the NumPy reference, on random arrays that hypothesis draws: all
    dtypes the backend supports, empty and 0-d arrays, transposed, strided and broadcast ones, NaN
    and infinity. Requires hypothesis, whose current profile sets the number of examples.

    Args:
        backend: The name it is registered under.
        methods: The names of the methods to test. Default: all.
    Example: ``for case in backend_suite("mine"): case()``, or with pytest
        ``@pytest.mark.parametrize("case", backend_suite("mine"), ids=str)``.
    """
    from torchlite.testing.suite import cases

    return cases(backend, methods)


__all__ = ["assert_close", "backend_suite"]
