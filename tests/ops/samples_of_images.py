"""Samples of convolutions, pooling, padding, resampling and their like."""

import numpy as np

from tests.ops.calls import call

DIMS = {1: (7,), 2: (5, 6), 3: (4, 3, 5)}


def _image(d, dims, channels, draw="floats"):
    """(N, C, *S) or (C, *S)."""
    lead = d.one_of((2, channels), (channels,))
    return getattr(d, draw)((*lead, *DIMS[dims]))


def _convolution(dims):
    def sample(d):
        groups = d.one_of(1, 2)
        kernel = tuple(d.integer(1, 3) for _ in range(dims))
        weight, bias = d.floats((2 * groups, 2, *kernel)), d.floats((2 * groups,))
        options = {"padding": d.one_of(0, 1, "same", "valid")}
        if not isinstance(options["padding"], str):
            options["stride"] = d.one_of(1, 2)
        dilation = 1 if dims == 3 else d.one_of(1, 2)
        x = _image(d, dims, 2 * groups)
        return call(x, weight, bias, dilation=dilation, groups=groups, **options)

    return sample


def _transposed(dims):
    def sample(d):
        groups, stride = d.one_of(1, 2), d.one_of(1, 2)
        kernel = tuple(d.integer(2, 3) for _ in range(dims))
        weight, bias = d.floats((2 * groups, 1, *kernel)), d.floats((groups,))
        return call(
            _image(d, dims, 2 * groups), weight, bias, stride=stride, groups=groups,
            padding=d.one_of(0, 1), output_padding=stride - 1, dilation=d.one_of(1, 2),
        )  # fmt: skip

    return sample


def _max_pool(dims):
    def sample(d):
        return call(
            _image(d, dims, 2, "distinct"), d.one_of(2, 3), stride=d.one_of(None, 1, 2),
            padding=d.one_of(0, 1), ceil_mode=d.flag(), return_indices=d.flag(),
        )  # fmt: skip

    return sample


def _avg_pool(dims):
    def sample(d):
        options = {} if dims == 1 else {"divisor_override": d.one_of(None, 3)}
        return call(
            _image(d, dims, 2), d.one_of(2, 3), stride=d.one_of(None, 1, 2), ceil_mode=d.flag(),
            padding=d.one_of(0, 1), count_include_pad=d.flag(), **options,
        )  # fmt: skip

    return sample


def _lp_pool(dims):
    return lambda d: call(
        np.abs(_image(d, dims, 2)) + 0.2, d.one_of(1.5, 2, 3), 2, stride=d.one_of(None, 1)
    )


def _size(d, dims):
    return d.one_of(1, 2, 3, tuple(d.integer(1, 4) for _ in range(dims)))


def _adaptive(dims, draw, **options):
    return lambda d: call(_image(d, dims, 2, draw), _size(d, dims), **options)


def _unpool(dims):
    def sample(d):
        counts = tuple(d.integer(1, 3) for _ in range(dims))
        plane = int(np.prod(counts)) * 2**dims
        places = np.random.default_rng(d.integer(0, 99)).permutation(plane)
        shape = (1, 1, *counts)
        return call(d.floats(shape), places[: np.prod(counts)].reshape(shape), 2)

    return sample


def _fractional(dims):
    """The windows are at random places: the same for the same seed."""
    return lambda d: call(d.distinct((2, 3, *(5, 6, 4)[:dims])), 2, (3, 2, 3)[:dims])


def _pad(d):
    mode = d.one_of("constant", "reflect", "replicate", "circular")
    if mode == "constant":
        widths = d.one_of((1, 2), (-1, 2), (1, 0, 2, 1), (0, 0), (0, -1, 1, 1, 2, 0))
        return call(d.floats((2, 3, 4)), widths, mode, d.one_of(None, 1.5))
    dims = d.integer(1, 3)
    widths = tuple(d.integer(-1, 2) for _ in range(2 * dims))
    return call(_image(d, dims, 2), widths, mode)


def _interpolate(d):
    dims = d.integer(1, 3)
    names = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}[dims]
    mode = d.one_of("nearest", "nearest-exact", "area", *names)
    x = d.floats((2, 2, *DIMS[dims]))
    options = {"align_corners": d.one_of(None, True)} if mode in names else {}
    if d.flag():
        return call(x, tuple(d.integer(1, 9) for _ in range(dims)), mode=mode, **options)
    if dims == 2 and mode in names:
        options["antialias"] = d.flag()
    return call(x, scale_factor=d.one_of(2, 0.5, 1.7), mode=mode, **options)


def _grid_sample(d):
    dims = d.one_of(2, 3)
    mode = d.one_of("bilinear", "bicubic") if dims == 2 else "bilinear"
    return call(
        d.floats((2, 2, *DIMS[dims])), d.floats((2, *(3, 2, 2)[:dims], dims), -1.7, 1.7), mode,
        d.one_of("zeros", "border", "reflection"), d.flag(),
    )  # fmt: skip


def _blocks(d):
    return {"dilation": d.one_of(1, 2), "padding": d.one_of(0, 1), "stride": d.one_of(1, 2)}


def _fold(d):
    options, kernel = _blocks(d), (2, d.one_of(1, 2))
    counts = [
        (n + 2 * options["padding"] - options["dilation"] * (k - 1) - 1) // options["stride"] + 1
        for n, k in zip((5, 6), kernel)
    ]
    lead = d.one_of((2,), ())
    shape = (*lead, 2 * kernel[0] * kernel[1], counts[0] * counts[1])
    return call(d.floats(shape), (5, 6), kernel, **options)


def _affine(d):
    dims = d.one_of(2, 3)
    size = (2, 1, *(d.integer(1, 4) for _ in range(dims)))
    return call(d.floats((2, dims, dims + 1)), size, d.flag())


_BY_DIMENSION = {
    "conv{}d": _convolution,
    "conv_transpose{}d": _transposed,
    "max_pool{}d": _max_pool,
    "avg_pool{}d": _avg_pool,
    "lp_pool{}d": _lp_pool,
    "adaptive_avg_pool{}d": lambda dims: _adaptive(dims, "floats"),
    "adaptive_max_pool{}d": lambda dims: _adaptive(dims, "distinct", return_indices=True),
    "max_unpool{}d": _unpool,
}
SAMPLES = {
    **{name.format(n): make(n) for name, make in _BY_DIMENSION.items() for n in (1, 2, 3)},
    "fractional_max_pool2d": _fractional(2),
    "fractional_max_pool3d": _fractional(3),
    "conv_tbc": lambda d: call(d.floats((5, 2, 3)), d.floats((2, 3, 4)), d.floats((4,)), 1),
    "pad": _pad,
    "constant_pad_nd": lambda d: call(d.floats((2, 3)), d.one_of((1, 2), (0, -1, 2, 0)), 0.5),
    "interpolate": _interpolate,
    "grid_sample": _grid_sample,
    "affine_grid": _affine,
    "unfold": lambda d: call(_image(d, 2, 2), (2, d.one_of(1, 2)), **_blocks(d)),
    "fold": _fold,
    "pixel_shuffle": lambda d: call(d.floats((*d.one_of((2,), (), (2, 1)), 8, 2, 3)), 2),
    "pixel_unshuffle": lambda d: call(d.floats((*d.one_of((2,), ()), 2, 4, 6)), 2),
    "channel_shuffle": lambda d: call(d.floats((2, 6, *d.one_of((3,), (2, 3)))), d.one_of(2, 3)),
}
