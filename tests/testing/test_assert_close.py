"""`assert_close`: what it lets pass, and what it says where it does not."""

import math
import re

import pytest

import torchlite as torch
from torchlite.testing import assert_close

tensor, nan, inf = torch.tensor, math.nan, math.inf


@pytest.mark.parametrize(
    ("actual", "expected", "options"),
    [
        (tensor([1.0, 2.0]), tensor([1.0, 2.000001]), {}),
        (tensor([1.0, inf]), tensor([1.0, inf]), {}),
        (tensor([1.0]), tensor([1.4]), {"rtol": 0, "atol": 0.5}),
        (tensor([1, 4]), tensor([2, 5]), {"rtol": 0, "atol": 1}),
        (tensor([nan]), tensor([nan]), {"equal_nan": True}),
        (tensor([1.0]), tensor([1.0], dtype=torch.float64), {"check_dtype": False}),
        (torch.ones(2, requires_grad=True), torch.ones(2), {}),
        (torch.zeros(0, 3), torch.zeros(0, 3), {}),
        (torch.zeros(2, 3), torch.zeros(3, 2).t(), {}),
        (1.0, 1.00000001, {}),
        (1, 1.0, {"check_dtype": False}),
        (nan, nan, {"equal_nan": True}),
        (inf, inf, {}),
        (None, None, {}),
        ({"a": [tensor([1.0]), 2]}, {"a": (tensor([1.0]), 2)}, {}),
    ],
)
def test_close(actual, expected, options):
    assert_close(actual, expected, **options)


@pytest.mark.parametrize(
    ("actual", "expected", "text"),
    [
        (tensor([1.0]), tensor(1.0), "attribute 'shape' do not match: torch.Size([1]) != torch"),
        (tensor([1.0]), tensor([1]), "'dtype' do not match: torch.float32 != torch.int64."),
        (tensor([nan]), tensor([nan]), "Tensor-likes are not close!"),
        (tensor([inf]), tensor([-inf]), "Greatest absolute difference: inf at index (0,)"),
        (tensor([1, 2]), tensor([1, 3]), "Tensor-likes are not equal!"),
        (tensor([True]), tensor([False]), "Mismatched elements: 1 / 1 (100.0%)"),
        (tensor(1.0), tensor(2.0), "Expected 2.0 but got 1.0."),
        (1, 2, "Scalars are not equal!\n\nExpected 2 but got 1.\nAbsolute difference: 1\n"),
        (1.0, 1.1, "Scalars are not close!"),
        (1, 1.0, "The (d)types do not match: <class 'int'> != <class 'float'>."),
        (0.0, nan, "Expected nan but got 0.0."),
        (None, 1.0, "None mismatch: None is not 1.0"),
        ([1], [1, 2], "The length of the sequences mismatch: 1 != 2"),
        ({"a": 1}, {"b": 1}, "Missing keys in the actual mapping: ['b']"),
        ({"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}, "failure occurred for item ['a'][1]['b']"),
    ],
)
def test_not_close(actual, expected, text):
    with pytest.raises(AssertionError, match=re.escape(text)):
        assert_close(actual, expected)


def test_the_error_tells_how_much_differs_and_where():
    actual, expected = tensor([[1.0, 2.0], [8.0, 1.0]]), tensor([[1.0, 4.0], [8.0, 0.25]])
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    assert str(caught.value) == (
        "Tensor-likes are not close!\n\n"
        "Mismatched elements: 2 / 4 (50.0%)\n"
        "Greatest absolute difference: 2.0 at index (0, 1) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 3.0 at index (1, 1) (up to 1.3e-06 allowed)"
    )


@pytest.mark.parametrize(
    ("dtype", "apart"), [(torch.float16, 1e-3), (torch.float32, 4e-6), (torch.float64, 1e-7)]
)
def test_the_tolerance_fits_the_dtype(dtype, apart):
    one = torch.ones(3, dtype=dtype)
    assert_close(one, one + apart)
    with pytest.raises(AssertionError):
        assert_close(one, one + 20 * apart)


def test_strides_matter_when_asked_for():
    with pytest.raises(AssertionError, match=r"attribute 'stride\(\)' do not match"):
        assert_close(torch.zeros(2, 3), torch.zeros(3, 2).t(), check_stride=True)


@pytest.mark.parametrize(
    ("msg", "text"), [("other words", "^other words$"), (lambda m: "Step 3\n" + m, "^Step 3\nSca")]
)
def test_msg_replaces_or_extends_the_text(msg, text):
    with pytest.raises(AssertionError, match=text):
        assert_close(1.0, 2.0, msg=msg)


@pytest.mark.parametrize(("given", "missing"), [("rtol", "atol"), ("atol", "rtol")])
def test_both_tolerances_or_none(given, missing):
    with pytest.raises(ValueError, match=f"but got no {missing}"):
        assert_close(1.0, 1.0, **{given: 0.1})


@pytest.mark.parametrize("pair", [("a", "a"), (1.0, tensor(1.0)), (object(), object())])
def test_what_cannot_be_compared_is_refused(pair):
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs of type"):
        assert_close(*pair)


def test_subclasses_are_refused_when_asked_for():
    assert_close(torch.nn.Parameter(torch.ones(1)), torch.ones(1))
    with pytest.raises(TypeError, match="Parameter"):
        assert_close(torch.nn.Parameter(torch.ones(1)), torch.ones(1), allow_subclasses=False)
