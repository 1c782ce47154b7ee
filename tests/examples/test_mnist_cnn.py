"""The network with convolutions, on the bands of `conftest.py`."""

import pytest

import torchlite as torch
from examples import mnist_cnn

SMALL = ["--epochs", "2", "--batch-size", "16"]


def test_it_learns_and_reports(bands, capsys):
    assert mnist_cnn.main(["--data", str(bands), *SMALL]) > 0.9
    printed = capsys.readouterr().out
    assert "Parameters: 108,618" in printed
    assert printed.count("val_accuracy") == 2
    assert "of 100 images" in printed


def test_the_maps_say_where_a_filter_answers():
    layer = mnist_cnn.Net().features[0]
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight[3, 0, 1, 1] = 2.0  # filter 3 doubles the pixel at its middle
    image = torch.zeros(1, 28, 28)
    image[0, 10, 20] = 1.0
    maps = mnist_cnn.feature_maps(layer, image)
    assert maps.shape == (16, 26, 26)
    assert maps[3, 9, 19] == maps.sum() == 2.0


def test_both_backends_reach_the_same(bands):
    pytest.importorskip("numba")
    shares = [
        mnist_cnn.main(["--data", str(bands), *SMALL, "--backend", backend])
        for backend in ("numpy", "numba")
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_pictures(bands, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")
    mnist_cnn.main(["--data", str(bands), *SMALL, "--pictures", str(tmp_path / "new")])
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {f"mnist_cnn_{name}.png" for name in ("loss", "filters", "maps", "gallery")}


@pytest.mark.slow
def test_the_figure_of_the_docstring():
    assert mnist_cnn.main([]) >= 0.989
