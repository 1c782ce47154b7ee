"""Every picture renders without a screen, shows something, and says what it shows."""

import io
import struct
import zlib

import pytest

import torchlite as torch

pytest.importorskip("matplotlib", reason="matplotlib is an extra: torchlite[plot]")

from torchlite.training import History, plots

MATRIX = torch.tensor([[8, 1, 1], [0, 9, 1], [2, 0, 8]])
TWO = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.2]])
FIGURES = {
    "loss_curves": lambda: plots.loss_curves(
        History(loss=[3, 2, 1], val_loss=[4, 3, 2], mae=[1, 1, 1]), ["loss", "mae"]
    ),
    "curves": lambda: plots.curves({"sgd": [3, 2, 1], "adam": [2, 1, 0.5]}, log=True),
    "confusion_matrix": lambda: plots.confusion_matrix(MATRIX, ["a", "b", "c"]),
    "per_class_accuracy": lambda: plots.per_class_accuracy(MATRIX),
    "gallery": lambda: plots.gallery(torch.rand(4, 8, 8), [0, 1, 2, 0], torch.tensor([1, 1, 0, 0])),
    "image_grid": lambda: plots.image_grid(torch.rand(7, 8, 8), list("abcdefg"), "letters"),
    "gallery in color": lambda: plots.gallery(torch.rand(2, 3, 8, 8), [0, 1], [1, 0]),
    "loss_surface": lambda: plots.loss_surface(
        lambda a, b: a * a + 3 * b * b, [(2, 1), (1, 0.2), (0.3, 0)], ("RM", "LSTAT")
    ),
    "predicted_and_true": lambda: plots.predicted_and_true(
        torch.tensor([[1.0], [2.5]]), [1.5, 2], "price"
    ),
    "attention_maps": lambda: plots.attention_maps(torch.softmax(torch.rand(2, 4, 4), -1), "1+2="),
    "decision_boundary": lambda: plots.decision_boundary(
        lambda x: torch.sigmoid(4 * (x.sum(dim=1) - 1)), TWO, [0, 1, 1, 1]
    ),
}


def pixels(figure):
    """The bytes of the picture as a viewer would show them, unpacked from the PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50)
    data, place, packed = file.getvalue(), 8, b""
    while place < len(data):
        (length,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        packed += data[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += length + 12
    return zlib.decompress(packed)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_not_blank(name):
    assert len(set(pixels(FIGURES[name]()))) > 20


def test_what_the_pictures_say():
    axes = FIGURES["loss_curves"]().axes[0]
    assert [line.get_label() for line in axes.lines] == ["loss", "val_loss", "mae"]
    texts = {t.get_text() for t in FIGURES["confusion_matrix"]().axes[0].texts}
    assert {"8", "9", "1", "0", "2"} <= texts
    gallery = FIGURES["gallery"]()
    assert [axes.get_title() for axes in gallery.axes] == ["0 → 1", "2 → 0"]
    assert "2 of 4 wrong" in gallery.get_suptitle()
    grid = FIGURES["image_grid"]()
    assert [axes.get_title() for axes in grid.axes] == list("abcdefg")
    assert grid.get_suptitle() == "letters"
    shares = FIGURES["per_class_accuracy"]().axes[0]
    assert [text.get_text() for text in shares.texts] == ["80.0%", "90.0%", "80.0%"]
    surface = FIGURES["loss_surface"]().axes[0]
    assert (surface.get_xlabel(), surface.get_ylabel()) == ("RM", "LSTAT")
    points = FIGURES["predicted_and_true"]().axes[0]
    assert points.lines[0].get_xydata().tolist() == [[1.5, 1.0], [2.0, 2.5]]
    assert (points.get_xlabel(), points.get_ylabel()) == ("true price", "predicted price")
    assert [axes.get_title() for axes in FIGURES["attention_maps"]().axes] == ["head 0", "head 1"]


def test_nothing_wrong_is_a_picture_too():
    figure = plots.gallery(torch.rand(2, 4, 4), [0, 1], [0, 1])
    assert figure.get_suptitle() == "0 of 2 wrong"
    pixels(figure)
