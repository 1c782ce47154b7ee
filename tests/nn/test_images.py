"""Layers over images: convolutions, pooling, padding, resampling."""

import math

import numpy as np
import pytest

import torchlite as torch
from torchlite import nn
from torchlite.backends import registry
from torchlite.backends.composites import Composites

F = nn.functional


def image(*shape):
    return torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)


# --- convolutions ---------------------------------------------------------------------------------


def test_a_convolution_sums_products_over_windows():
    x, weight = image(1, 1, 3, 3), torch.tensor([[[[1.0, 0.0], [0.0, -1.0]]]])
    assert F.conv2d(x, weight).tolist() == [[[[-4.0, -4.0], [-4.0, -4.0]]]]
    assert F.conv2d(x, weight, torch.tensor([5.0]), stride=2).tolist() == [[[[1.0]]]]


def test_the_transposed_convolution_is_the_adjoint():
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=False)
    x = torch.randn(2, 4, 7, 7)
    y = layer(x)
    g = torch.randn(*y.shape)
    back = F.conv_transpose2d(g, layer.weight, stride=2, padding=1, groups=2)
    assert back.shape == x.shape
    torch.testing.assert_close((back * x).sum(), (g * y).sum(), rtol=1e-4, atol=1e-4)


def test_same_padding_keeps_the_size_with_even_kernels():
    for mode in ("zeros", "reflect", "replicate", "circular"):
        layer = nn.Conv1d(2, 3, 4, padding="same", dilation=2, padding_mode=mode)
        assert layer(torch.randn(5, 2, 9)).shape == (5, 3, 9)


def test_an_image_without_a_batch_gives_one_without():
    layer = nn.Conv3d(2, 3, 2)
    x = torch.randn(2, 4, 4, 4)
    torch.testing.assert_close(layer(x), layer(x.unsqueeze(0))[0])


def test_output_size_chooses_among_the_possible_ones():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2)
    x = torch.randn(1, 1, 4, 4)
    assert layer(x).shape == (1, 1, 9, 9)
    assert layer(x, output_size=(10, 9)).shape == (1, 1, 10, 9)
    with pytest.raises(ValueError, match="requested an output size"):
        layer(x, output_size=(11, 9))


def test_many_images_at_once_equal_one_at_a_time():
    layer = nn.Conv2d(8, 4, 3, padding=1)
    x = torch.randn(40, 8, 20, 20)  # more columns than one block of the reference holds
    torch.testing.assert_close(layer(x), torch.cat([layer(one[None]) for one in x]))


def test_an_empty_batch_trains():
    layer = nn.Conv2d(2, 3, 3)
    layer(torch.zeros(0, 2, 5, 5)).sum().backward()
    assert layer.weight.grad.abs().sum() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": 2}, "expected input"),
        ({"stride": 0}, "non-positive stride"),
        ({"padding": -1}, "negative padding"),
        ({"dilation": 3}, "Kernel size can't be greater than actual input size"),
        ({"stride": (1, 1, 1)}, "expected stride to be a single integer value or a list of 2"),
        ({"padding": "half"}, "Invalid padding string"),
    ],
)
def test_a_convolution_that_does_not_fit_is_refused(options, message):
    with pytest.raises(RuntimeError, match=message):
        F.conv2d(torch.zeros(1, 3, 5, 5), torch.zeros(4, 3, 3, 3), **options)


# --- pooling --------------------------------------------------------------------------------------


def test_max_pool_tells_where_the_maxima_are():
    x = torch.tensor([[[1.0, 5.0, 2.0, 7.0]]])
    values, places = F.max_pool1d(x, 2, return_indices=True)
    assert values.tolist() == [[[5.0, 7.0]]]
    assert places.tolist() == [[[1, 3]]]
    assert F.max_unpool1d(values, places, 2).tolist() == [[[0.0, 5.0, 0.0, 7.0]]]


def test_max_pool_keeps_nan_and_never_chooses_the_padding():
    x = torch.full((1, 1, 4), -math.inf)
    values, places = F.max_pool1d(x, 3, stride=2, padding=1, return_indices=True)
    assert values.tolist() == [[[-math.inf, -math.inf]]]
    assert places.tolist() == [[[0, 1]]]
    x[0, 0, 2] = math.nan
    assert F.max_pool1d(x, 2).isnan().tolist() == [[[False, True]]]


def test_the_maximum_of_overlapping_windows_gets_all_their_gradients():
    x = torch.tensor([[[0.0, 3.0, 1.0]]], requires_grad=True)
    F.max_pool1d(x, 2, 1).sum().backward()
    assert x.grad.tolist() == [[[0.0, 2.0, 0.0]]]


def test_the_average_counts_the_padding_unless_told_otherwise():
    x = torch.ones(1, 1, 4)
    assert F.avg_pool1d(x, 2, 2, 1).tolist() == [[[0.5, 1.0, 0.5]]]
    assert F.avg_pool1d(x, 2, 2, 1, count_include_pad=False).tolist() == [[[1.0, 1.0, 1.0]]]
    assert F.avg_pool1d(torch.ones(1, 1, 5), 2, ceil_mode=True).tolist() == [[[1.0, 1.0, 1.0]]]


def test_adaptive_windows_cover_the_input():
    x = image(1, 1, 5)
    assert F.adaptive_avg_pool1d(x, 2).tolist() == [[[1.0, 3.0]]]
    assert F.adaptive_max_pool1d(x, 3).tolist() == [[[1.0, 3.0, 4.0]]]
    assert F.adaptive_avg_pool2d(image(1, 4, 6), (None, 1)).shape == (1, 4, 1)


def test_infinity_stays_in_its_own_windows():
    x = image(1, 1, 7)
    x[0, 0, 6] = math.inf
    assert F.adaptive_avg_pool1d(x, 3).isfinite().tolist() == [[[True, True, False]]]
    resized = F.interpolate(x, 14, mode="linear", align_corners=False)
    assert resized[0, 0, :11].isfinite().all()


def test_unpooling_refuses_places_outside_of_the_result():
    x, places = torch.ones(1, 1, 2), torch.tensor([[[0, 9]]])
    with pytest.raises(RuntimeError, match="Found an invalid max index: 9"):
        F.max_unpool1d(x, places, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding": 2}, "pad should be at most half of effective kernel size"),
        ({"stride": 0}, "stride should not be zero"),
        ({"dilation": 9}, "Output size is too small"),
    ],
)
def test_windows_that_do_not_fit_are_refused(options, message):
    with pytest.raises(RuntimeError, match=message):
        F.max_pool2d(torch.zeros(1, 1, 4, 4), 2, **options)


# --- padding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("constant", [0, 0, 1, 2, 3, 0]),
        ("reflect", [3, 2, 1, 2, 3, 2]),
        ("replicate", [1, 1, 1, 2, 3, 3]),
        ("circular", [2, 3, 1, 2, 3, 1]),
    ],
)
def test_the_modes_of_padding(mode, expected):
    x = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert F.pad(x, (2, 1), mode).tolist() == [[expected]]


def test_padding_by_nothing_is_a_copy():
    x = torch.ones(1, 2, 3)
    for mode in ("constant", "reflect", "circular"):
        F.pad(x, (0, 0), mode).zero_()
    assert x.sum() == 6


def test_negative_padding_cuts():
    assert F.pad(image(2, 4), (-1, -1)).tolist() == [[1.0, 2.0], [5.0, 6.0]]
    with pytest.raises(RuntimeError):
        F.pad(image(2, 4), (-3, -3))


# --- resampling -----------------------------------------------------------------------------------


def test_nearest_repeats_and_linear_interpolates():
    x = torch.tensor([[[0.0, 4.0]]])
    assert F.interpolate(x, scale_factor=2).tolist() == [[[0.0, 0.0, 4.0, 4.0]]]
    assert F.interpolate(x, 3, mode="linear", align_corners=True).tolist() == [[[0.0, 2.0, 4.0]]]
    assert nn.Upsample(scale_factor=2, mode="linear")(x).tolist() == [[[0.0, 1.0, 3.0, 4.0]]]


def test_the_identity_grid_gives_the_image_back():
    x = torch.randn(2, 3, 4, 5)
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]).expand(2, 2, 3)
    for align in (False, True):
        grid = F.affine_grid(theta, x.shape, align)
        torch.testing.assert_close(F.grid_sample(x, grid, align_corners=align), x)


def test_a_grid_of_nan_reads_nothing_out_of_bounds():
    grid = torch.full((1, 2, 2, 2), math.nan)
    for padding in ("zeros", "border", "reflection"):
        result = F.grid_sample(torch.ones(1, 1, 3, 3), grid, padding_mode=padding)
        assert result.shape == (1, 1, 2, 2)


def test_shuffles_are_undone():
    x = torch.randn(2, 8, 3, 4)
    torch.testing.assert_close(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x)
    torch.testing.assert_close(F.channel_shuffle(F.channel_shuffle(x, 2), 4), x)
    columns = F.unfold(x, 2, stride=2, padding=(1, 0))
    torch.testing.assert_close(F.fold(columns, (3, 4), 2, stride=2, padding=(1, 0)), x)


# --- the reference against the default bodies -----------------------------------------------------


def arrays(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


ONES = (1, 1)
CALLS = {
    "im2col": lambda x, w: (x, (3, 3), (3, 2), (2, 2), (1, 0), (1, 2)),
    "convolution": lambda x, w: (x, w, None, (3, 2), (2, 2), (1, 0), (1, 1), 2),
    "convolution_transposed": lambda x, w: (x, w, None, (13, 10), (2, 2), (1, 1), ONES, 1),
    "max_pool": lambda x, w: (x, (4, 4), (3, 3), (2, 2), (1, 1), ONES),
    "avg_pool": lambda x, w: (x, (4, 4), (3, 2), (2, 2), (1, 1), False, None),
    "avg_pool_backward": lambda x, w: (x, (2, 4, 14, 12), (3, 2), (2, 2), (1, 0), True, None),
}


@pytest.mark.parametrize("method", CALLS)
def test_numpy_computes_what_the_default_body_means(method):
    xp = registry.get("numpy")
    args = CALLS[method](*arrays(0, (2, 4, 7, 6), (4, 2, 3, 3)))
    mine, default = getattr(xp, method)(*args), getattr(Composites, method)(xp, *args)
    for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (mine, default))):
        np.testing.assert_allclose(a, b, atol=1e-12)
