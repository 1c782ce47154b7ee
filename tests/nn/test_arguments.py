"""Checks of the arguments of layers."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.nn import functional as F


def test_keywords_of_factories():
    given = {"device": "cpu", "factory_kwargs": {"dtype": torch.float64}}
    assert nn.factory_kwargs(given) == {"device": "cpu", "dtype": torch.float64}
    assert nn.factory_kwargs(None) == {}
    with pytest.raises(TypeError, match="unexpected"):
        nn.factory_kwargs({"size": 1})
    with pytest.raises(TypeError, match="twice"):
        nn.factory_kwargs(given | {"dtype": torch.float32})


def test_an_int_or_a_pair():
    F.assert_int_or_pair(1, "size", "")
    F.assert_int_or_pair([1, 2], "size", "")
    with pytest.raises(AssertionError, match="size is wrong"):
        F.assert_int_or_pair([1], "size", "{} is wrong")
