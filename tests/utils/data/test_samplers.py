"""Samplers of torchlite.utils.data."""

from collections import Counter

import pytest

import torchlite as torch
from torchlite.utils.data import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

TEN = range(10)


def test_sequential():
    assert list(SequentialSampler(TEN)) == list(TEN) and len(SequentialSampler(TEN)) == 10


def test_random_is_a_permutation_that_the_seed_repeats():
    torch.manual_seed(0)
    sampler = RandomSampler(TEN)
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(TEN) and first != second
    torch.manual_seed(0)
    assert list(sampler) == first and len(sampler) == 10


def test_random_with_more_samples_than_there_are():
    drawn = list(RandomSampler(TEN, num_samples=25))
    assert len(drawn) == 25 and set(Counter(drawn).values()) == {2, 3}


def test_random_with_replacement():
    torch.manual_seed(0)
    drawn = list(RandomSampler(TEN, replacement=True, num_samples=1000))
    assert len(drawn) == 1000 and set(drawn) == set(TEN)


def test_subset_random():
    assert sorted(SubsetRandomSampler([4, 2, 9])) == [2, 4, 9]
    assert len(SubsetRandomSampler([4, 2, 9])) == 3


def test_weighted():
    torch.manual_seed(0)
    drawn = Counter(WeightedRandomSampler([1, 0, 3], 4000))
    assert drawn[1] == 0 and drawn[2] == pytest.approx(3000, abs=150)
    assert sorted(WeightedRandomSampler([1, 2, 3], 3, replacement=False)) == [0, 1, 2]


def test_batches():
    assert list(BatchSampler(TEN, 4, False)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(BatchSampler(TEN, 4, True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(BatchSampler(TEN, 5, True)) == list(BatchSampler(TEN, 5, False))
    assert [len(BatchSampler(TEN, n, drop)) for n in (4, 5) for drop in (False, True)] == [
        3,
        2,
        2,
        2,
    ]


def test_the_base_leaves_the_work_to_subclasses():
    with pytest.raises(NotImplementedError):
        iter(Sampler())


BAD = [
    (lambda: RandomSampler([]), ValueError, "num_samples should be a positive integer value"),
    (lambda: RandomSampler(TEN, num_samples=1.5), ValueError, "got num_samples=1.5"),
    (lambda: RandomSampler(TEN, replacement=1), TypeError, "replacement should be a boolean"),
    (lambda: WeightedRandomSampler([1], True), ValueError, "got num_samples=True"),
    (lambda: WeightedRandomSampler([1], 1, 2), ValueError, "replacement should be a boolean"),
    (lambda: WeightedRandomSampler([[1]], 1), ValueError, r"1d sequence .* shape \(1, 1\)"),
    (lambda: BatchSampler(TEN, 0, False), ValueError, "got batch_size=0"),
    (lambda: BatchSampler(TEN, 2.0, False), ValueError, "got batch_size=2.0"),
    (lambda: BatchSampler(TEN, 2, 1), ValueError, "drop_last should be a boolean"),
]


@pytest.mark.parametrize("make, kind, text", BAD, ids=[text for _, _, text in BAD])
def test_wrong_arguments(make, kind, text):
    with pytest.raises(kind, match=text):
        make()
