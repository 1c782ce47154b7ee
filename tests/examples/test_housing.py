"""House prices: the five steps, on the real table, which is small."""

import pytest

import torchlite as torch
from examples import housing


def test_the_network_does_better_than_the_line_and_both_than_the_mean(capsys):
    error = housing.main(["--epochs", "30"])
    line, network = capsys.readouterr().out.splitlines()
    errors = [float(text.rpartition(": ")[2].split()[0]) for text in (line, network)]
    assert errors[1] == round(error, 2)
    assert errors[1] < errors[0] < 6  # a price lies 9 thousand dollars from the mean


def test_both_parts_are_scaled_by_the_training_part_alone():
    rows = torch.randn(50, 14) * 3 + 7
    training, test, scale = housing.split(rows)
    assert (len(training), len(test)) == (40, 10)
    assert training.mean(dim=0).abs().max().item() < 1e-5
    assert (training.std(dim=0) - 1).abs().max().item() < 1e-5
    assert test.mean(dim=0).abs().max().item() > 1e-2
    back = torch.cat([training, test]) * scale.std + scale.mean
    assert sorted(back[:, 0].tolist()) == pytest.approx(sorted(rows[:, 0].tolist()), abs=1e-4)


def test_batches_hold_each_row_once():
    rows = torch.arange(23.0).unsqueeze(1).repeat(1, 14)
    inputs, prices = zip(*housing.batches(rows, 10))
    assert [tuple(batch.shape) for batch in inputs] == [(10, 13), (10, 13), (3, 13)]
    assert sorted(torch.cat(prices).flatten().tolist()) == list(range(23))
    assert [batch[:, 0].tolist() for batch in inputs] == [p.flatten().tolist() for p in prices]


def test_a_saved_network_predicts_without_training(tmp_path, capsys):
    path = tmp_path / "prices.pt"
    housing.main(["--epochs", "30", "--without-b", "--save", str(path)])
    capsys.readouterr()
    assert housing.main(["--load", str(path)]) < 5  # and knows by itself that B is left out
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("true price 24.0")
    assert len(lines) == 5
    for line in lines:
        assert float(line.split()[0]) == pytest.approx(float(line.split()[-1]), abs=9)


def test_a_run_is_as_its_seed():
    first, again, other = (housing.main(["--epochs", "2", "--seed", s]) for s in "335")
    assert first == again != other


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    housing.main(["--epochs", "2", "--pictures", str(tmp_path / "new")])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["housing_descent.png", "housing_loss.png"]


def test_both_backends_give_the_same_error():
    pytest.importorskip("numba")
    errors = [housing.main(["--epochs", "5", "--backend", b]) for b in ("numpy", "numba")]
    assert errors[0] == pytest.approx(errors[1], rel=1e-4)
