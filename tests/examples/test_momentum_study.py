"""The optimizer study, on a few images that are learned in a moment."""

import gzip
import struct

import numpy as np
import pytest

from examples import momentum_study
from examples.momentum_study import OPTIMIZERS


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    """A folder like the one of MNIST: digit d is a bright band in column d."""
    root = tmp_path_factory.mktemp("squares")
    for name, count in (("train", 960), ("t10k", 50)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.zeros((count, 28, 28), dtype=np.uint8)
        images[np.arange(count), :, 2 * labels] = 255
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            path = root / f"{name}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(header + array.tobytes()))
    return root


@pytest.fixture(scope="module")
def results(squares):
    return momentum_study.main(["--data", str(squares), "--seeds", "0", "1", "--epochs", "2"])


def test_each_optimizer_is_tried_with_and_without_the_softmax_layer(results):
    assert set(results) == {(name, softmax) for name in OPTIMIZERS for softmax in (False, True)}
    assert all(len(runs) == 2 for runs in results.values())
    assert {len(losses) for runs in results.values() for _, losses in runs} == {2 * 960 // 32}


def test_a_seed_gives_all_optimizers_the_same_start(results):
    for softmax in (False, True):
        for seed in (0, 1):
            assert len({results[name, softmax][seed][1][0] for name in OPTIMIZERS}) == 1


def test_a_second_softmax_slows_learning(results):
    assert results["momentum 0.9", False][0][0] == 1
    for name in OPTIMIZERS:
        for once, twice in zip(results[name, False], results[name, True]):
            assert twice[1][-1] > once[1][-1]
            assert twice[1][-1] > 1.46  # no answer between 0 and 1 scores less


def test_the_table_tells_mean_and_spread(results):
    results = {key: [(0.9, []), (0.95, [])] for key in results}
    head, *rows = momentum_study.table(results).splitlines()
    assert head.split() == ["test", "accuracy", "one", "softmax", "two"]
    assert [row[:16].strip() for row in rows] == list(OPTIMIZERS)
    assert rows[0].split()[1:] == ["92.50", "%", "±", "2.50"] * 2


def test_curves_are_means_of_runs_and_steps():
    assert momentum_study.smooth([[1, 2], [3, 4]], 1) == [2, 3]
    assert momentum_study.smooth([list(range(9))], 4) == [1.5, 5.5]


def test_pictures(squares, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    momentum_study.main(["--data", str(squares), "--seeds", "0", "--epochs", "1",
                         "--pictures", str(tmp_path)])  # fmt: skip
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["momentum_study_one_softmax.png", "momentum_study_two_softmax.png"]


@pytest.mark.slow
def test_momentum_makes_up_for_the_doubled_softmax_on_the_real_digits():
    results = momentum_study.main(["--epochs", "1", "--seeds", "0"])
    accuracy = {key: runs[0][0] for key, runs in results.items()}
    assert accuracy["SGD", True] < 0.7 < 0.8 < accuracy["momentum 0.9", True]
    assert accuracy["SGD", False] > 0.85
    assert accuracy["momentum 0.9", False] > 0.93
