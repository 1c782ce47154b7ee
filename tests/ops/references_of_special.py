"""Values of Fourier transforms, functions of mathematics, histograms."""

import math

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre

# --- Fourier transforms ---------------------------------------------------------------------------


def all_dims(transform, last=None):
    """Transform the last of `dim` by `last` and the others by `transform`, one by one."""

    def reference(x, s=None, dim=None, norm=None):
        if dim is None:
            dim = range(-x.ndim if s is None else -len(s), 0)
        sizes = s or [None] * len(dim)
        steps = [*zip([transform] * (len(dim) - 1) + [last or transform], sizes, dim)]
        for one, n, axis in steps[::-1] if last in FORWARD else steps:
            x = one(x, n, axis, norm)
        return x

    return reference


FORWARD = (np.fft.rfft, np.fft.ihfft)  # take real numbers, hence come first
_TRANSFORMS = {
    "fft": (np.fft.fft, np.fft.fft),
    "ifft": (np.fft.ifft, np.fft.ifft),
    "rfft": (np.fft.fft, np.fft.rfft),
    "irfft": (np.fft.ifft, np.fft.irfft),
    "hfft": (np.fft.fft, np.fft.hfft),
    "ihfft": (np.fft.ifft, np.fft.ihfft),
}


def two_dims(transform):
    return lambda x, s: transform(x, s, (-2, -1))


def stft(x, n_fft, hop, length, window, *, center, normalized, onesided, return_complex):
    if center:
        x = np.pad(x, [(0, 0), (n_fft // 2,) * 2], "reflect")
    frames = [x[:, i : i + n_fft] * window for i in range(0, x.shape[1] - n_fft + 1, hop)]
    transform = np.fft.rfft if onesided else np.fft.fft
    return transform(np.stack(frames, -1), axis=1, norm="ortho" if normalized else None)


def istft(spectrum, n_fft, hop, length, window):
    """The frames, weighted by the window again, added up and divided by the sum of its squares."""
    frames = np.fft.irfft(spectrum, n_fft, 1)
    count = frames.shape[-1]
    total, weight = np.zeros((2, len(spectrum), n_fft + hop * (count - 1)))
    for i in range(count):
        place = slice(i * hop, i * hop + n_fft)
        total[:, place] += frames[..., i] * window
        weight[:, place] += window**2
    return (total / weight)[:, n_fft // 2 : -(n_fft // 2)]


FOURIER = {
    **{name: one for name, (_, one) in _TRANSFORMS.items()},
    **{f"{name}n": all_dims(*pair) for name, pair in _TRANSFORMS.items()},
    **{f"{name}2": two_dims(all_dims(*pair)) for name, pair in _TRANSFORMS.items()},
    "fftshift": np.fft.fftshift,
    "ifftshift": np.fft.ifftshift,
    "stft": stft,
    "istft": istft,
}


# --- functions of mathematics ---------------------------------------------------------------------


def integral(function, low, high, parts=8):
    """Of ``function(t)`` over [low, high], by Gauss and Legendre in each of some parts."""
    nodes, weights = legendre.leggauss(40)
    ends = np.linspace(low, high, parts + 1)
    half = (ends[1] - ends[0]) / 2
    t = np.add.outer((ends[:-1] + ends[1:]) / 2, half * nodes).ravel()
    return np.sum(function(t) * np.tile(half * weights, parts), -1)


def bessel_j(n):
    return lambda x: integral(
        lambda t: np.cos(n * t - x[..., None] * np.sin(t)) / math.pi, 0, math.pi
    )


def bessel_y(n):
    def decaying(x, t):
        return (np.exp(n * t) + (-1) ** n * np.exp(-n * t)) * np.exp(-x * np.sinh(t))

    def reference(x):
        x = x[..., None]
        waves = integral(lambda t: np.sin(x * np.sin(t) - n * t), 0, math.pi)
        return (waves - integral(lambda t: decaying(x, t), 0, 8)) / math.pi

    return reference


def bessel_i(n, scaled=False):
    """Times ``exp(-abs(x))`` if scaled."""

    def reference(x):
        x = x[..., None]
        shift = np.abs(x) if scaled else 0
        return integral(
            lambda t: np.exp(x * np.cos(t) - shift) * np.cos(n * t) / math.pi, 0, math.pi
        )

    return reference


def bessel_k(n, scaled=False):
    """Times ``exp(x)`` if scaled."""
    shift = 1 if scaled else 0
    return lambda x: integral(
        lambda t: np.exp(-x[..., None] * (np.cosh(t) - shift)) * np.cosh(n * t), 0, 8
    )


def airy_ai(x):
    """The power series at 0 of the two solutions of ``y'' = x y``."""
    first, second = np.ones(x.shape), x
    total = math.gamma(2 / 3) ** -1 * 3 ** (-2 / 3) * first
    total = total - math.gamma(1 / 3) ** -1 * 3 ** (-1 / 3) * second
    for k in range(3, 60, 3):
        first, second = first * x**3 / (k * (k - 1)), second * x**3 / (k * (k + 1))
        total = total + 3 ** (-2 / 3) / math.gamma(2 / 3) * first
        total = total - 3 ** (-1 / 3) / math.gamma(1 / 3) * second
    return total


BESSEL = {
    **{f"bessel_j{n}": bessel_j(n) for n in (0, 1)},
    **{f"bessel_y{n}": bessel_y(n) for n in (0, 1)},
    **{f"i{n}": bessel_i(n) for n in (0, 1)},
    **{f"i{n}e": bessel_i(n, scaled=True) for n in (0, 1)},
    **{f"modified_bessel_i{n}": bessel_i(n) for n in (0, 1)},
    **{f"modified_bessel_k{n}": bessel_k(n) for n in (0, 1)},
    **{f"scaled_modified_bessel_k{n}": bessel_k(n, scaled=True) for n in (0, 1)},
    "spherical_bessel_j0": lambda x: np.sinc(x / math.pi),
    "airy_ai": airy_ai,
}


# --- polynomials ----------------------------------------------------------------------------------


def of_degree(polynomial):
    """``polynomial(n, x)`` at arrays of degrees and of places; 0 for a negative degree."""
    return np.vectorize(lambda x, n: polynomial(int(n), x) if n >= 0 else 0.0, otypes=[float])


def series(value):
    return lambda n, x: value(x, [0] * n + [1])


def second_kind(n, x):
    """U: the derivative of T of the next degree, by that degree."""
    return chebyshev.chebval(x, chebyshev.chebder([0] * (n + 1) + [1])) / (n + 1)


def third_kind(n, x):
    return second_kind(n, x) - (second_kind(n - 1, x) if n else 0)


def fourth_kind(n, x):
    return second_kind(n, x) + (second_kind(n - 1, x) if n else 0)


def shifted(polynomial):
    """From [0, 1] to [-1, 1]."""
    return lambda n, x: polynomial(n, 2 * x - 1)


_CHEBYSHEV = {
    "t": series(chebyshev.chebval), "u": second_kind, "v": third_kind, "w": fourth_kind,
}  # fmt: skip
POLYNOMIALS = {
    **{f"chebyshev_polynomial_{kind}": of_degree(f) for kind, f in _CHEBYSHEV.items()},
    **{f"shifted_chebyshev_polynomial_{kind}": of_degree(shifted(f))
       for kind, f in _CHEBYSHEV.items()},
    "hermite_polynomial_h": of_degree(series(hermite.hermval)),
    "hermite_polynomial_he": of_degree(series(hermite_e.hermeval)),
    "laguerre_polynomial_l": of_degree(series(laguerre.lagval)),
    "legendre_polynomial_p": of_degree(series(legendre.legval)),
}  # fmt: skip


def gradient(x, spacing, edge_order):
    return np.gradient(x, *np.atleast_1d(spacing), edge_order=edge_order)


FUNCTIONS = {
    **BESSEL,
    **POLYNOMIALS,
    "gradient": gradient,
    "histogram": lambda x, bins, density: [
        y.astype(float) for y in np.histogram(x, bins, density=density)
    ],
    "histogramdd": lambda x, bins, density: np.histogramdd(x, bins, density=density),
}

VALUES = {**FOURIER, **FUNCTIONS}
