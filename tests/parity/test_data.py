"""The order of samples against PyTorch's, for the same seeds."""

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
