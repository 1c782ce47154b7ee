"""The second network, on the bands of `conftest.py`."""

import pytest

import torchlite as torch
from examples import mnist_errors

SMALL = ["--epochs", "3", "--batch-size", "8"]


def test_it_learns_and_reports(bands, capsys):
    assert mnist_errors.main(["--data", str(bands), *SMALL]) > 0.9
    printed = capsys.readouterr().out
    assert "Parameters: 109,386" in printed
    assert printed.count("val_accuracy") == 3
    assert "of 100 images" in printed
    assert printed.splitlines()[-2].count("%") == 10  # by class


def test_the_most_frequent_errors_come_first(capsys):
    matrix = 100 * torch.eye(10, dtype=torch.int64)
    matrix[4, 9], matrix[9, 4], matrix[3, 5] = 8, 5, 3
    mnist_errors.print_confusions(matrix, limit=2)
    by_class, errors = capsys.readouterr().out.splitlines()
    assert "4: 92.6%" in by_class  # 100 of 108
    assert errors == "most frequent errors:  4 mistaken for 9: 8  9 mistaken for 4: 5"


def test_both_backends_reach_the_same(bands):
    pytest.importorskip("numba")
    shares = [
        mnist_errors.main(["--data", str(bands), *SMALL, "--backend", backend])
        for backend in ("numpy", "numba")
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_pictures(bands, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    mnist_errors.main(["--data", str(bands), *SMALL, "--pictures", str(tmp_path / "new")])
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {
        f"mnist_errors_{name}.png" for name in ("loss", "gallery", "confusion", "by_class")
    }


@pytest.mark.slow
def test_the_figure_of_the_docstring():
    assert mnist_errors.main([]) >= 0.975
