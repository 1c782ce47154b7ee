"""Data sets of torchlite.utils.data."""

import pytest

import torchlite as torch
from torchlite.utils.data import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)

X, Y = torch.arange(20.0).reshape(10, 2), torch.arange(10)
NUMBERS = list(range(10))


class Stream(IterableDataset):
    def __init__(self, count=5):
        self.count = count

    def __iter__(self):
        return iter(range(self.count))


class SizedStream(Stream):
    def __len__(self):
        return self.count


def test_tensor_dataset():
    data = TensorDataset(X, Y)
    assert len(data) == 10
    row, label = data[3]
    assert row.tolist() == [6, 7] and label.item() == 3
    assert data[-1][1].item() == 9
    assert data[2:4][1].tolist() == [2, 3] and data[[4, 1]][1].tolist() == [4, 1]
    with pytest.raises(IndexError, match="index 30 is out of bounds for dimension 0 with size 10"):
        data[30]


def test_tensors_must_have_the_same_length():
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(X, Y[:3])


def test_a_batch_of_a_tensor_dataset_is_a_sequence_of_samples():
    batch = TensorDataset(X, Y).__getitems__([3, -1, 3])
    assert len(batch) == 3
    assert [label.item() for _, label in batch] == [3, 9, 3]
    assert batch[-1][0].tolist() == [6, 7] and [y.item() for _, y in batch[:2]] == [3, 9]
    with pytest.raises(IndexError):
        TensorDataset(X, Y).__getitems__([3, 10])
    with pytest.raises(TypeError):
        TensorDataset(X, Y).__getitems__([0.5])


def test_a_batch_does_not_share_memory_with_the_data():
    data = torch.zeros(4, 2)
    (batch,) = next(iter(DataLoader(TensorDataset(data), batch_size=4)))
    batch += 1
    assert data.sum().item() == 0


def test_gradients_flow_through_a_batch():
    data = torch.ones(4, requires_grad=True)
    (batch,) = next(iter(DataLoader(TensorDataset(data), batch_size=2)))
    batch.sum().backward()
    assert data.grad.tolist() == [1, 1, 0, 0]


def test_subset():
    subset = Subset(TensorDataset(X, Y), [7, 2, 5])
    assert len(subset) == 3 and subset[1][1].item() == 2
    assert subset[[0, 2]][1].tolist() == [7, 5]
    assert [y.item() for _, y in subset.__getitems__([2, 0])] == [5, 7]
    assert Subset(NUMBERS, [3, 4]).__getitems__([1]) == [4]


def test_concat():
    both = Dataset.__add__(Subset(NUMBERS, NUMBERS), Subset(NUMBERS, [5, 6, 7]))
    assert isinstance(both, ConcatDataset) and len(both) == 13
    assert both.cumulative_sizes == [10, 13]
    assert [both[i] for i in (0, 9, 10, 12, -1, -13)] == [0, 9, 5, 7, 7, 0]
    with pytest.raises(ValueError, match="absolute value of index"):
        both[-14]
    with pytest.raises(IndexError):
        both[13]
    with pytest.raises(AssertionError, match="empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ConcatDataset([Stream()])


def test_stack():
    assert StackDataset(NUMBERS, Y)[3] == (3, Y[3])
    named = StackDataset(a=NUMBERS, b=TensorDataset(X))
    assert len(named) == 10 and named[2]["a"] == 2
    first, second = named.__getitems__([4, 5])
    assert second["a"] == 5 and first["b"][0].tolist() == [8, 9]
    with pytest.raises(ValueError, match="At least one dataset"):
        StackDataset()
    with pytest.raises(ValueError, match="both types are given"):
        StackDataset(X, a=X)
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        StackDataset(X, Y[:3])


def test_chain():
    chain = SizedStream(2) + SizedStream(3)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == list(chain) == [0, 1, 0, 1, 2] and len(chain) == 5
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ChainDataset([NUMBERS]))


def test_the_bases_leave_the_work_to_subclasses():
    with pytest.raises(NotImplementedError, match="should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="should implement __iter__"):
        iter(IterableDataset())
    with pytest.raises(TypeError, match="no len"):
        len(Dataset())


@pytest.mark.parametrize(
    "lengths, sizes", [([3, 7], [3, 7]), ([10, 0], [10, 0]), ([0.3, 0.3, 0.4], [3, 3, 4]),
                       ([0.25, 0.75], [3, 7]), ([1.0], [10])]
)  # fmt: skip
def test_random_split(lengths, sizes):
    parts = random_split(NUMBERS, lengths, torch.Generator().manual_seed(0))
    assert [len(p) for p in parts] == sizes
    assert sorted(n for p in parts for n in p) == NUMBERS
    again = random_split(NUMBERS, lengths, torch.Generator().manual_seed(0))
    assert [list(p) for p in parts] == [list(p) for p in again]


def test_random_split_refuses_other_sums():
    for lengths in ([3, 4], [0.5, 0.6], [0.3, 0.3]):
        with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
            random_split(NUMBERS, lengths)
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(NUMBERS, [-0.5, 1.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(NUMBERS, [0.99, 0.01])
