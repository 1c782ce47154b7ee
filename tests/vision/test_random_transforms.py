"""Transforms of geometry and colour, against numbers that torchvision 0.28 computes."""

import random

import pytest

import torchlite as torch
from torchlite.vision import transforms
from torchlite.vision.transforms import functional as F

FLOATS = torch.arange(96).reshape(2, 6, 8) / 96
BYTES = (torch.arange(144).reshape(3, 6, 8) * 7 % 256).to(torch.uint8)
#: Transform -> picture; with seed 0: shape, a row, and the sum of all pixels.
TORCHVISION = {
    "RandomCrop(3, padding=1)": (BYTES, (3, 3, 3), [154, 161, 0], 2227),
    "RandomResizedCrop(2)": (FLOATS, (2, 2, 2), [0.34375, 0.36458], 4.1667),
    "RandomRotation(40)": (BYTES, (3, 6, 8), [56, 63, 70, 77, 84, 91, 98, 105], 18056),
    "RandomAffine(20, (0.1, 0.2), (0.8, 1.2), 10)": (
        BYTES, (3, 6, 8), [0, 119, 126, 133, 140, 147, 154, 0], 12862,
    ),
    "ColorJitter(0.4, 0.4, 0.4, 0.1)": (
        BYTES / 255, (3, 6, 8),
        [0.1667, 0.18309, 0.19948, 0.21586, 0.23225, 0.24863, 0.27789, 0.29428], 50.1128,
    ),
    "RandomErasing(1)": (BYTES, (3, 6, 8), [56, 0, 0, 0, 0, 0, 0, 105], 13542),
    "GaussianBlur(3)": (
        FLOATS, (2, 6, 8),
        [0.08915, 0.09375, 0.10417, 0.11458, 0.125, 0.13542, 0.14583, 0.15044], 47.5,
    ),
    "Resize(3)": (FLOATS, (2, 3, 4), [0.21577, 0.23438, 0.25521, 0.27381], 11.875),
}  # fmt: skip


@pytest.mark.parametrize("name", TORCHVISION)
def test_a_seed_gives_torchvision_s_picture(name):
    picture, shape, row, total = TORCHVISION[name]
    result = eval(f"transforms.{name}")(picture)
    assert result.dtype is picture.dtype and result.shape == shape
    assert result[0, 1].tolist() == pytest.approx(row, abs=1e-4)
    assert result.double().sum().item() == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: transforms.Resize(4), "size=4, interpolation=bilinear, max_size=None, antialias="),
        (lambda: transforms.RandomCrop(3, padding=1), "RandomCrop(size=(3, 3), padding=1)"),
        (lambda: transforms.RandomResizedCrop(2), "ratio=(0.75, 1.3333), interpolation=bilinear"),
        (lambda: transforms.RandomRotation(4, center=(1, 2)), "expand=False, center=(1, 2), fill"),
        (lambda: transforms.RandomAffine(5, shear=3), "(degrees=[-5.0, 5.0], shear=[-3.0, 3.0])"),
        (lambda: transforms.ColorJitter(0.5, hue=0.1), "brightness=(0.5, 1.5), contrast=None"),
        (lambda: transforms.RandomApply([transforms.Pad(1)], 0.3), "RandomApply(\n    p=0.3\n"),
        (lambda: transforms.ToPILImage("L"), "ToPILImage(mode=L)"),
    ],
)
def test_repr(make, text):
    assert text in repr(make())


def test_flips_and_crops():
    assert torch.equal(transforms.RandomHorizontalFlip(1)(BYTES), BYTES.flip(-1))
    assert torch.equal(transforms.RandomVerticalFlip(1)(BYTES), BYTES.flip(-2))
    assert transforms.RandomHorizontalFlip(0)(BYTES) is BYTES
    assert torch.equal(transforms.CenterCrop(4)(BYTES), BYTES[:, 1:5, 2:6])
    large = transforms.CenterCrop((8, 8))(BYTES)
    assert not large[:, [0, 7]].any() and torch.equal(large[:, 1:7], BYTES)
    corners = transforms.FiveCrop(2)(BYTES)
    assert torch.equal(corners[3], BYTES[:, 4:, 6:]) and len(corners) == 5
    outside = F.crop(BYTES, -1, 7, 3, 2)
    assert not outside[:, 0].any() and not outside[..., 1].any()
    assert torch.equal(outside[:, 1:, 0], BYTES[:, :2, 7])


def test_padding():
    row = torch.tensor([[[1, 2, 3]]], dtype=torch.uint8)
    assert F.pad(row, [2, 0, 1, 0], fill=9).flatten().tolist() == [9, 9, 1, 2, 3, 9]
    assert F.pad(row, [2, 0], padding_mode="edge").flatten().tolist() == [1, 1, 1, 2, 3, 3, 3]
    assert F.pad(row, [2, 0], padding_mode="reflect").flatten().tolist() == [3, 2, 1, 2, 3, 2, 1]
    assert F.pad(row, [2, 0], padding_mode="symmetric").flatten().tolist() == [2, 1, 1, 2, 3, 3, 2]


def test_rotation_by_right_angles():
    assert torch.equal(F.rotate(BYTES, 90, expand=True), BYTES.rot90(1, (1, 2)))
    assert torch.equal(F.rotate(FLOATS, 180), FLOATS.rot90(2, (1, 2)))
    turned = F.rotate(torch.ones(1, 6, 8), 90, fill=[0.5])
    assert turned[0, :, 0].tolist() == [0.5] * 6 and turned[0, 3, 4].item() == 1


def test_colours():
    assert torch.equal(F.adjust_hue(F.adjust_hue(BYTES, 0.5), -0.5), BYTES)
    red = torch.tensor([1.0, 0, 0]).reshape(3, 1, 1)
    assert F.adjust_hue(red, 1 / 3).flatten().tolist() == pytest.approx([0, 1, 0], abs=1e-5)
    assert F.rgb_to_grayscale(red).item() == pytest.approx(0.2989)
    assert torch.equal(F.invert(F.invert(BYTES)), BYTES)
    assert F.adjust_brightness(BYTES, 0).sum() == 0
    with pytest.raises(ValueError, match="is not in"):
        F.adjust_hue(red, 0.6)
    with pytest.raises(ValueError, match="brightness values should be between"):
        transforms.ColorJitter(brightness=(2, 1))


def test_dtypes():
    assert F.convert_image_dtype(BYTES).max() == BYTES.max() / 255
    assert torch.equal(F.convert_image_dtype(F.convert_image_dtype(BYTES), torch.uint8), BYTES)
    wide = F.convert_image_dtype(BYTES, torch.int16)
    assert torch.equal(F.convert_image_dtype(wide, torch.uint8), BYTES)


def test_choices_follow_python_s_generator():
    picks = transforms.RandomChoice([lambda x: 1, lambda x: 2], p=[1, 3])
    random.seed(0)
    drawn = [picks(None) for _ in range(400)]
    assert 60 < drawn.count(1) < 140
    order = transforms.RandomOrder([lambda x: x + "a", lambda x: x + "b"])
    assert {order("") for _ in range(50)} == {"ab", "ba"}


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: transforms.RandomCrop(9)(BYTES), ValueError, "Required crop size (9, 9) is"),
        (lambda: F.resize(3, 3), TypeError, "img should be PIL Image or Tensor. Got <class 'int'>"),
        (lambda: F.resize(BYTES, 9, max_size=8), ValueError, "must be strictly greater"),
        (lambda: F.to_tensor("x"), TypeError, "pic should be PIL Image or ndarray. Got"),
        (lambda: F.gaussian_blur(BYTES, 4), ValueError, "odd and positive"),
        (lambda: F.pad(BYTES, 1, padding_mode="no"), ValueError, "Padding mode should be either"),
        (lambda: transforms.RandomRotation(-1), ValueError, "it must be positive"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize("mode, channels", [("RGB", 3), ("L", 1), ("RGBA", 4), ("F", 1)])
def test_pillow_images(mode, channels):
    image = pytest.importorskip("PIL.Image")
    picture = image.new(mode, (5, 4), 7)
    tensor = transforms.PILToTensor()(picture)
    assert tensor.shape == (channels, 4, 5) and tensor[0, 0, 0] == 7
    resized = transforms.Resize((2, 3))(picture)
    assert resized.mode == mode and resized.size == (3, 2)
    assert F.get_image_size(picture) == [5, 4]
    if mode != "F":
        assert transforms.ToPILImage()(tensor).tobytes() == picture.tobytes()
        assert torch.equal(transforms.ToTensor()(picture), tensor / 255)
