"""`assert_close` against PyTorch's: the same things pass, the rest fails with the same text."""

import math
import re

import pytest

import torchlite

torch = pytest.importorskip("torch")


def pair(actual, expected, **options):
    """The arguments of a call, where lists are tensors; for either library."""

    def build(library, x):
        if isinstance(x, dict):
            return {name: build(library, value) for name, value in x.items()}
        return library.tensor(x) if isinstance(x, list) else x

    return lambda library: ((build(library, actual), build(library, expected)), options)


CASES = [
    pair([1.0, 2.0], [1.0, 2.0]),
    pair([1.0, 2.0], [1.0, 2.000001]),
    pair([1.0, 2.0], [1.0, 4.0]),
    pair([[1.0, 2.0], [0.0, 4.0]], [[1.0, 4.0], [1.0, 4.0]]),
    pair([1, 2], [1, 4]),
    pair([True, False], [True, True]),
    pair([1.0], [1]),
    pair([1.0], [1], check_dtype=False),
    pair([1.0], [[1.0]]),
    pair([math.nan], [math.nan]),
    pair([math.nan], [math.nan], equal_nan=True),
    pair([math.inf], [-math.inf]),
    pair([1.0], [1.5], rtol=0.0, atol=0.5),
    pair([1.0], [2.0], rtol=0, atol=0),
    pair([1.0], [0.0]),
    pair([1.0], [1.0], rtol=0.1),
    pair(1.0, 1.5),
    pair(1, 2),
    pair(1, 1.0),
    pair(1.0, 0.0),
    pair(math.nan, math.nan),
    pair(math.inf, math.inf),
    pair(1.0, 2.0, msg="other words"),
    pair((1.0, 2.0), (1.0, 2.5)),
    pair((1.0,), (1.0, 2.0)),
    pair({"a": (1, [1.0])}, {"a": (1, [2.0])}),
    pair({"a": 1}, {"b": 1}),
    pair(None, None),
    pair(None, 1.0),
    pair("a", "a"),
    pair(1.0, [1.0]),
]


def outcome(library, case):
    args, options = case(library)
    try:
        library.testing.assert_close(*args, **options)
    except (AssertionError, TypeError, ValueError) as error:
        text = re.sub(r"torch\w*\.(_tensor\.|core\.tensor\.)?Tensor", "Tensor", str(error))
        return type(error), text
    return None


@pytest.mark.parametrize("case", CASES)
def test_same_outcome_and_text(case):
    assert outcome(torchlite, case) == outcome(torch, case)
