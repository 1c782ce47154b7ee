"""Layers over images against PyTorch: text, parameters, results, gradients, refusals."""

import pytest

real = pytest.importorskip("torch")

import torchlite as ours  # noqa: E402

LIBRARIES = (ours, real)

LAYERS = """
    Conv1d(2,4,3) Conv1d(2,4,3,padding='same') Conv1d(4,4,2,2,1,2,2,False,'circular')
    Conv2d(2,4,3) Conv2d(2,4,(3,2),2,(1,0)) Conv2d(2,4,4,padding='same',padding_mode='reflect')
    Conv2d(2,4,3,padding='valid',dtype=torch.float64) Conv3d(2,4,2,groups=2)
    ConvTranspose1d(2,4,3) ConvTranspose2d(2,4,3,2,1,1) ConvTranspose2d(4,4,3,groups=2,bias=False)
    ConvTranspose3d(2,4,2,dilation=2) MaxPool1d(2) MaxPool2d(3,2,1,ceil_mode=True)
    MaxPool2d((2,1),return_indices=True) MaxPool3d(2) MaxUnpool1d(2) MaxUnpool2d(2,3) MaxUnpool3d(2)
    AvgPool1d(2) AvgPool1d(3,2,1) AvgPool2d(2,count_include_pad=False) AvgPool3d(2,1)
    LPPool1d(2,3) LPPool2d(1.5,2,2) LPPool3d(2,2) AdaptiveAvgPool1d(3) AdaptiveAvgPool2d((None,2))
    AdaptiveAvgPool3d(1) AdaptiveMaxPool1d(2) AdaptiveMaxPool2d((2,3)) AdaptiveMaxPool3d(2)
    FractionalMaxPool2d(2,3) FractionalMaxPool2d(2,output_ratio=0.5) FractionalMaxPool3d(2,2)
    ZeroPad1d(1) ZeroPad2d((1,0,2,1)) ZeroPad3d(1) ConstantPad1d(1,2.5) ConstantPad2d(1,3)
    ConstantPad3d(1,0) ReflectionPad1d(1) ReflectionPad2d(2) ReflectionPad3d(1) ReplicationPad1d(2)
    ReplicationPad2d((1,2,0,1)) ReplicationPad3d(1) CircularPad1d((1,2)) CircularPad2d(1)
    CircularPad3d(1) Upsample(3) Upsample(scale_factor=2,mode='bilinear')
    Upsample(scale_factor=(1,2)) UpsamplingNearest2d(scale_factor=2) UpsamplingBilinear2d((4,5))
    PixelShuffle(2) PixelUnshuffle(2) ChannelShuffle(2) Fold((4,5),2) Unfold((2,3),1,0,2)
""".split()


@pytest.mark.parametrize("text", LAYERS)
def test_layers_look_and_begin_the_same(text):
    built = []
    for library in LIBRARIES:
        library.manual_seed(3)
        layer = eval(f"nn.{text}", {"nn": library.nn, "torch": library})
        state = {name: value.numpy().tobytes() for name, value in layer.state_dict().items()}
        built.append((repr(layer), list(state.items()), repr(library.rand(2))))
    assert built[0] == built[1]


def both(function, *arrays):
    """What `function(library, *tensors)` gives, and the gradients of its sum of squares."""
    results = []
    for library in LIBRARIES:
        leaves = [library.tensor(a.tolist(), requires_grad=True) for a in arrays]
        y = function(library, *leaves)
        (y * y).sum().backward()
        results.append([y, *(leaf.grad for leaf in leaves)])
    return zip(*results)


@pytest.mark.parametrize("dims", [2, 3])
def test_fractional_windows_are_the_same_for_the_same_seed(dims):
    def pool(library, x):
        library.manual_seed(5)
        return getattr(library.nn.functional, f"fractional_max_pool{dims}d")(
            x, 2, output_ratio=(0.5,) * dims
        )

    x = real.randn(2, 3, *(9, 8, 7)[:dims], generator=real.Generator().manual_seed(0))
    for mine, theirs in both(pool, x):
        assert mine.tolist() == theirs.tolist()


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(5, 4), (17, 23)])
def test_smoothed_resampling(mode, size):
    def resize(library, x):
        return library.nn.functional.interpolate(x, size, mode=mode, antialias=True)

    x = real.randn(2, 1, 11, 13, generator=real.Generator().manual_seed(0))
    for mine, theirs in both(resize, x):
        assert mine.detach().numpy() == pytest.approx(theirs.detach().numpy(), 1e-5, 1e-5)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_the_nearest_elements_of_a_grid(padding):
    generator = real.Generator().manual_seed(0)
    x, grid = (real.randn(*shape, generator=generator) for shape in ((1, 2, 4, 5), (1, 3, 4, 2)))
    mine, theirs = (
        library.nn.functional.grid_sample(
            library.tensor(x.tolist()), library.tensor(grid.tolist()), "nearest", padding, False
        )
        for library in LIBRARIES
    )
    assert mine.tolist() == theirs.tolist()


REFUSED = [
    "conv2d(z(1,2,8,8), z(4,3,3,3))",
    "conv2d(z(3,4), z(4,3,3,3))",
    "conv2d(z(1,3,2,2), z(4,3,3,3))",
    "conv2d(z(1,3,4,4), z(4,3,3,3), z(3))",
    "conv2d(z(1,3,4,4), z(4,3,3,3), padding='same', stride=2)",
    "conv2d(z(1,3,4,4), z(4,3,3,3).double())",
    "conv_transpose2d(z(1,3,4,4), z(4,3,3,3))",
    "conv_transpose2d(z(1,3,1,1), z(3,3,1,1), padding=1)",
    "max_pool2d(z(1,1,4,4), 2, padding=2)",
    "max_pool2d(z(1,1,1,1), 2)",
    "avg_pool2d(z(1,4,4), 2, divisor_override=0)",
    "adaptive_avg_pool2d(z(1,4,4), (2,2,2))",
    "max_unpool2d(z(1,1,2,2), torch.full((1,1,2,2), 99), 2)",
    "fractional_max_pool2d(z(1,4,4), 2)",
    "pad(z(2,3), (1,))",
    "pad(z(2,3), (3,1), mode='reflect')",
    "pad(z(2,3), (1,1), mode='reflect', value=1.0)",
    "pad(z(2,3), (4,1), mode='circular')",
    "interpolate(z(1,1,4,4))",
    "interpolate(z(1,1,4), 2, mode='bilinear')",
    "interpolate(z(1,1,4), 2, mode='nearest', align_corners=True)",
    "interpolate(z(1,1,4,4), (2,2,2))",
    "grid_sample(z(1,1,4,4), z(1,2,2,3), align_corners=False)",
    "grid_sample(z(1,1,4,4), z(1,2,2,2), mode='other')",
    "affine_grid(z(1,2,2), (1,1,2,2), False)",
    "unfold(z(1,3,4,4), 5)",
    "fold(z(1,12,8), (4,4), 2)",
    "pixel_shuffle(z(3,4,4), 2)",
    "channel_shuffle(z(1,4,3), 3)",
]


@pytest.mark.parametrize("call", REFUSED)
def test_what_does_not_fit_is_refused_in_the_same_words(call):
    errors = []
    for library in LIBRARIES:
        names = {**vars(library.nn.functional), "z": library.zeros, "torch": library}
        with pytest.raises(Exception) as raised:
            eval(call, names)
        errors.append((type(raised.value), str(raised.value).splitlines()[0]))
    assert errors[0] == errors[1]
