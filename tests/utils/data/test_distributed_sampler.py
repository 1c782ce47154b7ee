"""DistributedSampler: the shares of the processes of a training."""

import pytest

from torchlite.utils.data import DataLoader, DistributedSampler


@pytest.mark.parametrize("count, replicas, drop_last, length", [
    (10, 2, False, 5), (10, 3, False, 4), (10, 3, True, 3), (2, 5, False, 1), (9, 4, True, 2),
])  # fmt: skip
def test_shares(count, replicas, drop_last, length):
    samplers = [DistributedSampler(range(count), replicas, rank, drop_last=drop_last)
                for rank in range(replicas)]  # fmt: skip
    shares = [list(sampler) for sampler in samplers]
    assert all(len(share) == len(sampler) == length for share, sampler in zip(shares, samplers))
    chosen = {number for share in shares for number in share}
    assert len(chosen) == min(count, length * replicas)


def test_epochs_and_order():
    sampler = DistributedSampler(range(100), 2, 0, seed=3)
    first = list(sampler)
    assert first == list(sampler)
    sampler.set_epoch(1)
    assert first != list(sampler) == list(DistributedSampler(range(100), 2, 0, seed=4))
    in_order = DistributedSampler(range(5), 2, 1, shuffle=False)
    (batch,) = DataLoader(range(5), 3, sampler=in_order)
    assert batch.tolist() == [1, 3, 0]


def test_wrong_ranks():
    for rank in (2, -1):
        with pytest.raises(ValueError, match=rf"Invalid rank {rank}, .* interval \[0, 1\]"):
            DistributedSampler(range(5), 2, rank)


def test_without_a_process_group():
    with pytest.raises((RuntimeError, ValueError)):
        DistributedSampler(range(5))
