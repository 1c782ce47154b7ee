"""The order of samples against PyTorch's, for the same seeds."""

import importlib
import random

import numpy as np
import pytest

import torchlite as tl
import torchlite.utils.data

torch = pytest.importorskip("torch")
SEEDS = [0, 1, 1234, 2**40 + 5]


def both(function, seed):
    """What `function(library)` returns with each library, and the state of the generator after."""
    results = []
    for lib in (tl, torch):
        lib.manual_seed(seed)
        results.append((function(lib), lib.get_rng_state().tolist()[: 8 + 4 + 4 + 8 + 624 * 8]))
    return results


def passes(loader, count=3):
    return [[batch.tolist() for batch in loader] for _ in range(count)]


LOADERS = {
    "shuffle": lambda lib, n: {"batch_size": 3, "shuffle": True},
    "in order": lambda lib, n: {"batch_size": 3},
    "generator": lambda lib, n: {
        "batch_size": 3, "shuffle": True, "generator": lib.Generator().manual_seed(7),
    },
    "replacement": lambda lib, n: {
        "sampler": lib.utils.data.RandomSampler(range(n), replacement=True, num_samples=70),
        "batch_size": 8, "drop_last": True,
    },
    "more than there are": lambda lib, n: {
        "sampler": lib.utils.data.RandomSampler(
            range(n), num_samples=2 * n + 3, generator=lib.Generator().manual_seed(1)
        ),
    },
    "subset": lambda lib, n: {"sampler": lib.utils.data.SubsetRandomSampler(list(range(n // 2)))},
    "weights": lambda lib, n: {
        "sampler": lib.utils.data.WeightedRandomSampler([i % 4 + 0.5 for i in range(n)], 40)
    },
    "weights, no replacement": lambda lib, n: {
        "sampler": lib.utils.data.WeightedRandomSampler([i % 4 + 0.5 for i in range(n)], n, False)
    },
    "single": lambda lib, n: {
        "sampler": lib.utils.data.RandomSampler(range(n)), "batch_size": None,
    },
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("n", [10, 101])
def test_order_and_state_of_the_generator(name, seed, n):
    def run(lib):
        data = lib.arange(n)
        return passes(lib.utils.data.DataLoader(data, **LOADERS[name](lib, n)))

    ours, theirs = both(run, seed)
    assert ours == theirs


@pytest.mark.parametrize("seed", SEEDS)
def test_tensor_datasets_come_in_the_same_order(seed):
    def run(lib):
        data = lib.utils.data.TensorDataset(lib.arange(20.0).reshape(10, 2), lib.arange(10))
        loader = lib.utils.data.DataLoader(data, batch_size=4, shuffle=True)
        return [[part.tolist() for part in batch] for batch in loader]

    ours, theirs = both(run, seed)
    assert ours == theirs


@pytest.mark.parametrize("lengths", [[5, 3, 2], [0.5, 0.5], [0.3, 0.3, 0.4]])
def test_random_split(lengths):
    def run(lib):
        parts = lib.utils.data.random_split(list(range(10)), lengths)
        mine = lib.utils.data.random_split(
            list(range(10)), lengths, generator=lib.Generator().manual_seed(3)
        )
        return [list(p.indices) for p in (*parts, *mine)]

    ours, theirs = both(run, 0)
    assert ours == theirs


# --- worker processes ----------------------------------------------------------------------------


class Draws:
    """Sample i holds i and what the worker's generators give: of Python, NumPy and the library."""

    def __init__(self, lib):
        self.lib = lib

    def __getitem__(self, i):
        info = self.lib.utils.data.get_worker_info()
        numbers = random.random(), np.random.rand(), self.lib.rand(1).item()
        return i, info.id, info.seed, *numbers

    def __len__(self):
        return 10


def draws(lib, **options):
    options = {"num_workers": 2, "collate_fn": list, **options}
    loader = lib.utils.data.DataLoader(Draws(lib), **options)
    return [list(loader) for _ in range(2)]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("options", [
    {"batch_size": 3, "shuffle": True}, {"batch_size": 2, "persistent_workers": True},
    {"batch_size": None, "prefetch_factor": 1},
])  # fmt: skip
def test_workers_draw_the_same_numbers(options):
    ours, theirs = both(lambda lib: draws(lib, **options), 1234)
    assert ours == theirs


class EagerSampler:
    """Draws its order when it is asked for an iterator, not when that is asked for a number."""

    def __init__(self, lib):
        self.lib = lib

    def __iter__(self):
        return iter(self.lib.randperm(10).tolist())

    def __len__(self):
        return 10


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("persistent", [False, True])
def test_samplers_that_draw_at_once(persistent):
    def run(lib):
        loader = lib.utils.data.DataLoader(
            range(10), None, sampler=EagerSampler(lib), num_workers=1, persistent_workers=persistent
        )
        return [list(loader) for _ in range(2)]

    ours, theirs = both(run, 3)
    assert ours == theirs


class Part:
    """A stream of which worker i gives the numbers below ``lengths[i]``."""

    def __init__(self, lib, lengths):
        self.lib, self.lengths = lib, lengths

    def __iter__(self):
        worker = self.lib.utils.data.get_worker_info().id
        return iter([(worker, i) for i in range(self.lengths[worker])])


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("lengths", [(4, 4), (1, 9), (9, 0)])
def test_streams_come_in_the_same_order(lengths):
    def run(lib):
        kind = type("Stream", (Part, lib.utils.data.IterableDataset), {})
        loader = lib.utils.data.DataLoader(kind(lib, lengths), 2, num_workers=2, collate_fn=list)
        return list(loader)

    ours, theirs = both(run, 0)
    assert ours == theirs


# --- data pipes and shares -----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:This DataLoader will create", "ignore:Some child DataPipes")
@pytest.mark.parametrize("workers, persistent", [(0, False), (2, False), (2, True)])
def test_pipes_shuffle_alike(workers, persistent):
    def run(lib):
        pipes = importlib.import_module(f"{lib.__name__}.utils.data.datapipes.iter")
        source = pipes.IterableWrapper(range(20)).shuffle(buffer_size=5)
        pipe = source.sharding_filter().batch(2).shuffle()
        loader = lib.utils.data.DataLoader(
            pipe, None, num_workers=workers, persistent_workers=persistent, collate_fn=list
        )
        return [list(loader) for _ in range(3)]

    ours, theirs = both(run, 11)
    assert ours == theirs


def test_a_map_is_shuffled_alike():
    def run(lib):
        pipes = importlib.import_module(f"{lib.__name__}.utils.data.datapipes.map")
        pipe = pipes.SequenceWrapper(range(20)).map(str).shuffle()
        return [list(pipe) for _ in range(2)]

    ours, theirs = both(run, 2)
    assert ours == theirs


@pytest.mark.parametrize("count", [10, 11, 3, 1])
@pytest.mark.parametrize("drop_last", [False, True])
def test_distributed_sampler(count, drop_last):
    def run(lib):
        shares = []
        for rank in range(4):
            sampler = lib.utils.data.DistributedSampler(
                range(count), 4, rank, seed=5, drop_last=drop_last
            )
            sampler.set_epoch(3)
            shares.append((list(sampler), len(sampler)))
        return shares

    ours, theirs = both(run, 0)
    assert ours == theirs
