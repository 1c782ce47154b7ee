"""Pictures side by side, and as files."""

import pytest

import torchlite as torch
from torchlite.vision.utils import make_grid, save_image


def test_make_grid():
    pictures = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 1, 2, 4)
    grid = make_grid(pictures, nrow=2, padding=1, pad_value=9)
    assert grid.shape == (3, 7, 11)
    assert torch.equal(grid[0], grid[2])
    assert grid[0, 1].tolist() == [9, 0, 0, 0, 0, 9, 1, 1, 1, 1, 9]
    assert grid[0, 4].tolist() == [9, 2, 2, 2, 2, 9, 9, 9, 9, 9, 9]


def test_make_grid_normalizes():
    pictures = torch.tensor([1.0, 3, 10, 20]).reshape(2, 1, 1, 2)
    together = make_grid(pictures, padding=0, normalize=True)[0, 0]
    assert together.tolist() == pytest.approx([0, 2 / 19, 9 / 19, 1])
    apart = make_grid(pictures, padding=0, normalize=True, scale_each=True)[0, 0]
    assert apart.tolist() == pytest.approx([0, 1, 0, 1])
    within = make_grid(pictures, padding=0, normalize=True, value_range=(2, 4))[0, 0]
    assert within.tolist() == [0, 0.5, 1, 1]
    assert pictures.flatten().tolist() == [1, 3, 10, 20]


def test_make_grid_of_other_shapes():
    assert make_grid(torch.ones(4, 5)).shape == (3, 4, 5)
    assert make_grid(torch.ones(3, 4, 5)).shape == (3, 4, 5)
    assert make_grid([torch.ones(3, 4, 5)] * 2).shape == (3, 8, 16)
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        make_grid([1, 2])


def test_save_image(tmp_path):
    image = pytest.importorskip("PIL.Image")
    save_image(torch.tensor([[[0.0, 0.5], [1.0, 2.0]]]), tmp_path / "x.png")
    with image.open(tmp_path / "x.png") as picture:
        assert picture.mode == "RGB" and picture.size == (2, 2)
        assert [picture.getpixel((x, y))[0] for y in (0, 1) for x in (0, 1)] == [0, 128, 255, 255]
