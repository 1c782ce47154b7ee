"""Reductions and normalizations that leave elements out."""

import math

import pytest

import torchlite as torch
from torchlite import masked
from torchlite.testing import assert_close

X = torch.tensor([[3.0, -1.0, 2.0], [4.0, 5.0, -6.0]])
MASK = torch.tensor([[True, False, True], [False, False, False]])
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    "function, rows",
    [
        (masked.sum, [5.0, 0.0]),
        (masked.prod, [6.0, 1.0]),
        (masked.mean, [2.5, NAN]),
        (masked.median, [2.0, NAN]),
        (masked.var, [0.5, NAN]),
        (masked.std, [math.sqrt(0.5), NAN]),
        (masked.amax, [3.0, -INF]),
        (masked.amin, [2.0, INF]),
        (masked.argmax, [0.0, 0.0]),
        (masked.argmin, [2.0, 0.0]),
        (masked.logsumexp, [math.log(math.e**3 + math.e**2), -INF]),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_reductions_see_only_what_counts(function, rows):
    assert_close(function(X, 1, mask=MASK), torch.tensor(rows), equal_nan=True)
    assert function(X, 1, keepdim=True, mask=MASK).shape == (2, 1)


@pytest.mark.parametrize("ord, rows", [(2, [13**0.5, 0.0]), (INF, [3.0, 0.0]), (-INF, [2.0, INF])])
def test_norms(ord, rows):
    assert_close(masked.norm(X, ord, 1, mask=MASK), torch.tensor(rows))


def test_scans_and_normalizations_keep_the_shape():
    assert masked.cumsum(X, 1, mask=MASK).tolist() == [[3, 3, 5], [0, 0, 0]]
    assert masked.cumprod(X, 1, mask=MASK).tolist() == [[3, 3, 6], [1, 1, 1]]
    two = torch.softmax(torch.tensor([3.0, 2.0]), 0)
    soft = torch.tensor([two[0], 0.0, two[1]])
    assert_close(masked.softmax(X, 1, mask=MASK)[0], soft)
    assert_close(masked.log_softmax(X, 1, mask=MASK)[0], soft.log())
    assert_close(masked.softmin(X, 1, mask=MASK)[0], soft.flip(0))
    assert_close(masked.normalize(X, 1, 1, mask=MASK)[0], torch.tensor([0.6, 0.0, 0.4]))


def test_without_a_mask_all_elements_count():
    assert masked.sum(X).item() == X.sum().item()
    assert_close(masked.var(X, 0, unbiased=False), X.var(0, unbiased=False))
    assert_close(masked.softmax(X, 1), X.softmax(1))
    assert_close(masked.prod(X, (0, 1)), X.prod())


def test_a_mask_broadcasts_and_each_operand_may_have_one():
    row = torch.tensor([True, False, False])
    assert masked.sum(X, mask=row).item() == 7
    result = masked.logaddexp(X[0], X[1], input_mask=row, other_mask=~row)
    assert_close(result, torch.tensor([3.0, 5.0, -6.0]))


def test_integers():
    x = torch.tensor([[3, 1, 2]], dtype=torch.int8)
    mask = torch.tensor([False, True, True])
    assert masked.sum(x, 1, mask=mask).dtype is torch.int64
    assert masked.amax(x, 1, mask=mask).item() == 2
    assert masked.median(x, 1, mask=mask).item() == 1
    assert masked.mean(x, 1, dtype=torch.float32, mask=mask).item() == 1.5
    with pytest.raises(ValueError, match="Could not infer output dtype"):
        masked.mean(x)
    with pytest.raises(ValueError, match="fully masked out"):
        masked.median(x, 1, mask=mask & ~mask)
    with pytest.raises(NotImplementedError, match="identity of amax"):
        masked.amax(x > 1, mask=mask)


def test_what_does_not_count_has_no_gradient():
    x = X.clone().requires_grad_()
    masked.mean(x, mask=MASK).backward()
    assert x.grad.tolist() == [[0.5, 0, 0.5], [0, 0, 0]]


def test_wrong_arguments():
    with pytest.raises(IndexError, match="dimensionality higher"):
        masked.sum(X[0], mask=MASK)
    with pytest.raises(AssertionError, match="unbiased and correction"):
        masked.var(X, unbiased=True, correction=1)
