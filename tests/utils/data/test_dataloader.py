"""DataLoader and how samples become batches."""

from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import torchlite as torch
from torchlite.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
    default_convert,
)

TEN = list(range(10))
X, Y = torch.arange(20.0).reshape(10, 2), torch.arange(10)
Point = namedtuple("Point", "x y")


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(5))


class Squares(Dataset):
    def __getitem__(self, i):
        return {"n": i, "square": torch.tensor(float(i * i))}

    def __len__(self):
        return 5


def lists(loader):
    return [batch.tolist() for batch in loader]


# --- order ---------------------------------------------------------------------------------------


def test_batches_in_order():
    loader = DataLoader(TEN, batch_size=4)
    assert lists(loader) == lists(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == len(iter(loader)) == 3
    assert lists(DataLoader(TEN, batch_size=4, drop_last=True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(DataLoader(TEN, batch_size=4, drop_last=True)) == 2


def test_shuffle():
    torch.manual_seed(0)
    loader = DataLoader(TEN, batch_size=10, shuffle=True)
    (first,), (second,) = lists(loader), lists(loader)
    assert sorted(first) == sorted(second) == TEN and first != second
    torch.manual_seed(0)
    assert lists(loader) == [first]


def test_a_generator_of_its_own_leaves_the_global_one_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state().tolist()
    orders = [
        lists(DataLoader(TEN, 10, shuffle=True, generator=torch.Generator().manual_seed(3)))
        for _ in range(2)
    ]
    assert orders[0] == orders[1]
    assert torch.get_rng_state().tolist() == before


def test_samplers():
    assert lists(DataLoader(TEN, sampler=[3, 1], batch_size=2)) == [[3, 1]]
    loader = DataLoader(TEN, batch_sampler=[[1, 2], [3]])
    assert lists(loader) == [[1, 2], [3]] and loader.batch_size is None and len(loader) == 2
    assert isinstance(DataLoader(TEN).sampler, SequentialSampler)


def test_without_batches():
    assert list(DataLoader(TEN, batch_size=None)) == TEN
    assert len(DataLoader(TEN, batch_size=None)) == 10
    (row,) = next(iter(DataLoader(TensorDataset(X), batch_size=None, sampler=[[3, 1]])))
    assert row.tolist() == [[6, 7], [2, 3]]


def test_streams():
    assert lists(DataLoader(Stream(), batch_size=2)) == [[0, 1], [2, 3], [4]]
    assert lists(DataLoader(Stream(), batch_size=2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(), batch_size=None)) == [0, 1, 2, 3, 4]
    with pytest.raises(TypeError, match="no len"):
        len(DataLoader(Stream()))


def test_two_passes_at_once_are_independent():
    loader = DataLoader(TEN, batch_size=5)
    assert [(a.tolist(), b.tolist()) for a, b in zip(loader, loader)] == [
        ([0, 1, 2, 3, 4],) * 2,
        ([5, 6, 7, 8, 9],) * 2,
    ]


# --- what a batch is -----------------------------------------------------------------------------


def test_a_tensor_dataset_gives_batches_of_its_dtypes():
    for data in (TensorDataset(X, Y), Subset(TensorDataset(X, Y), TEN)):
        batch = list(DataLoader(data, batch_size=4))[1]
        assert isinstance(batch, list)
        assert batch[0].tolist() == X[4:8].tolist() and batch[1].tolist() == [4, 5, 6, 7]
        assert batch[0].dtype is torch.float32 and batch[1].dtype is torch.int64


def test_a_users_collate_function_gets_samples():
    seen = next(iter(DataLoader(TensorDataset(X, Y), batch_size=3, collate_fn=list)))
    assert [type(sample) for sample in seen] == [tuple] * 3
    assert [label.item() for _, label in seen] == [0, 1, 2]
    assert next(iter(DataLoader(TEN, batch_size=3, collate_fn=sum))) == 3


def test_a_users_data_set():
    batch = next(iter(DataLoader(Squares(), batch_size=3)))
    assert batch["n"].tolist() == [0, 1, 2] and batch["square"].tolist() == [0, 1, 4]


def test_getitems_fetches_a_batch_at_once():
    class Batched(Squares):
        def __getitems__(self, indices):
            return [-i for i in indices]

    assert lists(DataLoader(Batched(), batch_size=3)) == [[0, -1, -2], [-3, -4]]


def test_collate_by_type():
    ints, floats = default_collate([1, 2]), default_collate([1.0, 2.0])
    assert ints.dtype is torch.int64 and floats.dtype is torch.float64
    assert default_collate([True, False]).dtype is torch.bool
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([X[0], X[1]]).tolist() == [[0, 1], [2, 3]]
    assert default_collate([np.ones(2), np.zeros(2)]).dtype is torch.float64
    assert default_collate([np.int32(1), np.int32(2)]).dtype is torch.int32
    numbers, words = default_collate([[1, "x"], [2, "y"]])
    assert numbers.tolist() == [1, 2] and words == ("x", "y")
    point = default_collate([Point(1, 2.0), Point(3, 4.0)])
    assert type(point) is Point and point.x.tolist() == [1, 3]
    nested = default_collate([OrderedDict(a=(1, X[0]))])
    assert type(nested) is OrderedDict and nested["a"][1].shape == (1, 2)
    counts = default_collate([defaultdict(int, a=1), defaultdict(int, a=2)])
    assert counts.default_factory is int and counts["a"].tolist() == [1, 2]


def test_collate_refuses():
    with pytest.raises(TypeError, match=r"default_collate: batch must contain .*NoneType"):
        default_collate([None])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        default_collate([(1, 2), (3,)])
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        default_collate([X[0], Y])


def test_convert():
    assert default_convert(1) == 1 and default_convert("abc") == "abc"
    array = np.ones(2)
    converted = default_convert({"a": (array, 3), "p": Point(array, "q")})
    assert converted["a"][0].tolist() == [1, 1] and converted["a"][1] == 3
    assert type(converted["p"]) is Point and isinstance(converted["p"].x, torch.Tensor)


# --- errors --------------------------------------------------------------------------------------

EXCLUSIVE = "batch_sampler option is mutually exclusive with"
BAD = [
    (TEN, {"num_workers": -1}, "num_workers option should be non-negative"),
    (TEN, {"timeout": -1}, "timeout option should be non-negative"),
    (TEN, {"prefetch_factor": 2}, "prefetch_factor option could only be specified"),
    (TEN, {"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
    (TEN, {"multiprocessing_context": "spawn"}, "multiprocessing_context can only be used"),
    (TEN, {"batch_size": 0}, "batch_size should be a positive integer value"),
    (TEN, {"batch_size": None, "drop_last": True}, "batch_size=None option disables"),
    (TEN, {"shuffle": True, "sampler": [1]}, "sampler option is mutually exclusive with shuffle"),
    (TEN, {"batch_sampler": [[1]], "shuffle": True}, EXCLUSIVE),
    (TEN, {"batch_sampler": [[1]], "batch_size": 2}, EXCLUSIVE),
    (TEN, {"batch_sampler": [[1]], "drop_last": True}, EXCLUSIVE),
    (Stream(), {"shuffle": True}, "expected unspecified shuffle option, but got shuffle=True"),
    (Stream(), {"sampler": [1]}, "expected unspecified sampler option"),
    (Stream(), {"batch_sampler": [[1]]}, "expected unspecified batch_sampler option"),
    (
        [],
        {"shuffle": True},
        "num_samples should be a positive integer value, but got num_samples=0",
    ),
]


@pytest.mark.parametrize("data, options, text", BAD)
def test_wrong_arguments(data, options, text):
    with pytest.raises(ValueError, match=text):
        DataLoader(data, **options)


def test_a_timeout_is_of_workers():
    with pytest.raises(AssertionError, match="requires timeout == 0"):
        iter(DataLoader(TEN, timeout=1))


def test_pinning_warns_that_there_is_no_accelerator():
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no") as record:
        assert next(iter(DataLoader(TEN, pin_memory=True))).tolist() == [0]
    assert record[0].filename == __file__


def test_what_defines_the_order_cannot_be_changed():
    loader = DataLoader(TEN)
    for name in ("batch_size", "sampler", "dataset", "drop_last", "batch_sampler"):
        with pytest.raises(
            ValueError, match=f"{name} attribute should not be set after DataLoader"
        ):
            setattr(loader, name, 3)
    loader.collate_fn = sum
    assert list(loader) == TEN


def test_an_index_out_of_range_is_an_index_error():
    for data in (TEN, TensorDataset(X)):
        with pytest.raises(IndexError):
            list(DataLoader(data, sampler=[0, 30], batch_size=2))
