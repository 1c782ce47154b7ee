"""The main example, on a data set of a few bright bands that is learned in a moment."""

from pathlib import Path

import numpy as np
import pytest

import torchlite as torch
from examples import mnist
from torchlite.errors import BackendError


def weights(path: Path) -> dict:
    return {name: w.numpy() for name, w in torch.load(path)["model"].items()}


def test_the_network_has_the_size_of_the_original():
    assert sum(p.numel() for p in mnist.Net().parameters()) == 118_282


def test_softmax_output_ends_in_probabilities():
    rows = mnist.Net(softmax_output=True)(torch.randn(3, 784)).sum(dim=1)
    assert rows.tolist() == pytest.approx([1, 1, 1], abs=1e-6)


@pytest.mark.parametrize("options", [["--momentum", "0.9"], ["--optimizer", "adam"]])
def test_it_learns_and_reports(bands, capsys, options):
    assert mnist.main(["--data", str(bands), "--epochs", "4", *options]) > 0.9
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines()[:4]] == ["1/4", "2/4", "3/4", "4/4"]
    assert "of 100 images" in printed
    assert printed.splitlines()[-1].count("%") == 10  # by class


@pytest.mark.slow
def test_one_epoch_on_the_real_digits():
    assert mnist.main(["--epochs", "1", "--momentum", "0.9"]) > 0.94


@pytest.mark.parametrize("options", [["--momentum", "0.9"], ["--optimizer", "adam"]])
def test_a_resumed_run_ends_bit_equal(bands, tmp_path, options):
    common = ["--data", str(bands), *options]
    straight, half, resumed = (tmp_path / name for name in ("straight", "half", "resumed"))
    mnist.main([*common, "--epochs", "3", "--checkpoint", str(straight)])
    mnist.main([*common, "--epochs", "1", "--checkpoint", str(half)])
    mnist.main([*common, "--epochs", "3", "--resume", str(half), "--checkpoint", str(resumed)])
    expected = weights(straight)
    assert len(expected) == 6
    for name, weight in weights(resumed).items():
        np.testing.assert_array_equal(weight, expected[name], err_msg=name)
    rng = [torch.load(path)["rng"].tolist() for path in (straight, resumed)]
    assert rng[0] == rng[1]


def test_resuming_with_other_settings_is_refused(bands, tmp_path):
    path = tmp_path / "checkpoint"
    mnist.main(["--data", str(bands), "--epochs", "1", "--checkpoint", str(path)])
    with pytest.raises(ValueError, match=r"saved with momentum=0\.0, not 0\.9"):
        mnist.main(["--data", str(bands), "--resume", str(path), "--momentum", "0.9"])


def test_the_study_has_a_row_for_each_seed_and_output(bands, capsys):
    mnist.main(["--data", str(bands), "--epochs", "1", "--study"])
    table = capsys.readouterr().out.partition("test accuracy     seed")[2].splitlines()[1:]
    assert [row.split()[-4] for row in table] == ["0", "1", "2"] * 2
    assert sum(row.startswith("no softmax layer") for row in table) == 3


def test_backend_option_holds_for_the_run_only(bands):
    before = torch.backends.current().name
    mnist.main(["--data", str(bands), "--epochs", "1", "--backend", "numpy"])
    assert torch.backends.current().name == before
    with pytest.raises(BackendError, match=r"unknown backend 'abacus'.*numba, numpy"):
        mnist.main(["--data", str(bands), "--backend", "abacus"])


def test_both_backends_end_with_the_same_weights(bands, tmp_path):
    pytest.importorskip("numba")
    for backend in ("numpy", "numba"):
        mnist.main(["--data", str(bands), "--backend", backend, "--momentum", "0.9",
                    "--checkpoint", str(tmp_path / backend)])  # fmt: skip
    expected = weights(tmp_path / "numpy")
    for name, weight in weights(tmp_path / "numba").items():
        np.testing.assert_allclose(weight, expected[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_truncated_data_file_is_named(bands, tmp_path):
    for path in bands.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    broken = tmp_path / "train-images-idx3-ubyte.gz"
    broken.write_bytes(broken.read_bytes()[:-100])
    with pytest.raises((RuntimeError, ValueError), match=broken.name):
        mnist.main(["--data", str(tmp_path)])
