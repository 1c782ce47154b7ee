"""Reductions of segments: by lengths or offsets, with initial values and gradients."""

import math

import pytest

import torchlite as torch
from torchlite.testing import assert_close

ROWS = torch.arange(12.0).reshape(6, 2)


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    "reduce, column",
    [
        ("sum", [2.0, 0.0, 28.0]),
        ("mean", [1.0, NAN, 7.0]),
        ("max", [2.0, -INF, 10.0]),
        ("min", [0.0, INF, 4.0]),
        ("prod", [0.0, 1.0, 1920.0]),
    ],
)
def test_segments_are_reduced(reduce, column):
    by_length = torch.segment_reduce(ROWS, reduce, lengths=torch.tensor([2, 0, 4]))
    assert_close(by_length[:, 0], torch.tensor(column), equal_nan=True)
    by_bounds = torch.segment_reduce(ROWS, reduce, offsets=torch.tensor([0, 2, 2, 6]))
    assert_close(by_bounds, by_length, equal_nan=True)


def test_an_initial_value_takes_part_in_each_segment():
    def reduced(reduce):
        lengths = torch.tensor([2, 0, 4])
        return torch.segment_reduce(ROWS[:, 0], reduce, lengths=lengths, initial=3.0).tolist()

    assert reduced("sum") == [5, 3, 31]
    assert reduced("mean") == [2.5, 3, 7.75]
    assert reduced("max") == [3, 3, 10]
    assert reduced("min") == [0, 3, 3]


def test_segments_may_leave_elements_out_and_differ_between_rows():
    part = torch.segment_reduce(ROWS, "sum", lengths=torch.tensor([1, 2]), unsafe=True)
    assert part.tolist() == [[0, 1], [6, 8]]
    assert torch.segment_reduce(ROWS[:, 0], "sum", offsets=torch.tensor([1, 3])).tolist() == [6]
    lengths = torch.tensor([[2, 0]] * 3 + [[1, 1]] * 3)
    rows = torch.segment_reduce(ROWS, "max", lengths=lengths, axis=1, initial=0.0)
    assert rows.tolist() == [[1, 0], [3, 0], [5, 0], [6, 7], [8, 9], [10, 11]]


def test_equal_extremes_of_a_segment_share_the_gradient():
    x = torch.ones(4, requires_grad=True)
    torch.segment_reduce(x, "max", lengths=torch.tensor([1, 3])).sum().backward()
    assert_close(x.grad, torch.tensor([1, 1 / 3, 1 / 3, 1 / 3]))


@pytest.mark.parametrize(
    "options, words",
    [
        ({}, "Either lengths or offsets"),
        ({"lengths": torch.tensor([2, 2])}, "to sum to"),
        ({"lengths": torch.tensor([8, -2])}, "negative value"),
        ({"lengths": torch.tensor([2]), "axis": 1}, "last dimension of lengths"),
        ({"lengths": torch.tensor([6]), "indices": torch.tensor([0])}, "not supported yet"),
    ],
)
def test_segments_that_do_not_fit(options, words):
    with pytest.raises(RuntimeError, match=words):
        torch.segment_reduce(ROWS, "sum", **options)
