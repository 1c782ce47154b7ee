"""Operations that few programs need: segments, hashes, pairs of rows, a few eigenvalues."""

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


def test_a_hash_is_the_exclusive_or_of_the_bits():
    assert torch.hash_tensor(torch.tensor([5, 3, 9])).item() == 5 ^ 3 ^ 9
    assert torch.hash_tensor(torch.tensor([1.0, 2.0])).item() == 0x3FF0 << 48 ^ 0x4000 << 48
    x = torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8)
    assert x.hash_tensor(1, keepdim=True).tolist() == [[3], [7]]
    assert x.hash_tensor(0).dtype is torch.uint64
    with pytest.raises(RuntimeError, match="Unknown hash_tensor mode"):
        torch.hash_tensor(x, mode=1)
    with pytest.raises(RuntimeError, match="reduction dim"):
        torch.hash_tensor(x[:0])


def test_distances_of_the_pairs_of_rows():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    assert_close(torch.pdist(x), torch.tensor([5.0, 1.0, 18**0.5]))
    assert torch.pdist(x, 0).tolist() == [2, 1, 2]
    assert torch.pdist(x[:1]).shape == (0,)
    for wrong, words in ((x[0], "2D"), (x.long(), "floating-point")):
        with pytest.raises(RuntimeError, match=words):
            torch.pdist(wrong)
    with pytest.raises(RuntimeError, match="non-negative"):
        torch.pdist(x, -1)


def test_convolution_with_time_first():
    x, weight, bias = torch.rand(5, 2, 3), torch.rand(2, 3, 4), torch.rand(4)
    expected = torch.conv1d(x.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=1)
    assert_close(torch.conv_tbc(x, weight, bias, 1), expected.permute(2, 0, 1))
    for arguments in ((x[0], weight, bias), (x, weight[0], bias), (x, weight, weight),
                      (x, weight[:, :2], bias), (x, weight, bias[:3])):  # fmt: skip
        with pytest.raises(RuntimeError, match="[Ii]nput|Weight|Bias"):
            torch.conv_tbc(*arguments)


def test_a_few_eigenvalues():
    a = torch.diag(torch.arange(1.0, 10.0))
    values, vectors = torch.lobpcg(a, k=2)
    assert_close(values, torch.tensor([9.0, 8.0]))
    assert_close(vectors.abs(), torch.eye(9)[:, [8, 7]])
    assert_close(torch.lobpcg(a, k=2, largest=False)[0], torch.tensor([1.0, 2.0]))
    values, vectors = torch.lobpcg(a, X=torch.ones(9, 3), B=4 * torch.eye(9))
    assert_close(values, torch.tensor([9.0, 8.0, 7.0]) / 4)
    assert_close(vectors.mT @ vectors * 4, torch.eye(3))
    with pytest.raises(ValueError, match="not applicable"):
        torch.lobpcg(a, k=4)
