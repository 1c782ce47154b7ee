"""Samples of Fourier transforms, functions of mathematics, histograms."""

import torchlite.fft
import torchlite.special  # noqa: F401  (the imports register their operations)
from tests.ops.calls import call, each

_NORMS = (None, "ortho", "forward")


def _spectrum(d):
    """One dimension, cut, filled up or as it is."""
    x = d.floats((2, d.integer(2, 5)))
    return call(x, d.one_of(None, 3, 6), d.one_of(-1, 1), norm=d.one_of(*_NORMS))


def _spectra(d):
    x = d.floats((2, 3, d.integer(2, 4)))
    s, dim = d.one_of((None, (0, 2)), ((4, 3), (0, 2)), ((2, 5), None))
    return call(x, s, dim, norm=d.one_of(*_NORMS))


def _two_dimensions(d):
    return call(d.floats((2, 3, d.integer(2, 4))), d.one_of(None, (4, 3)))


def _shift(d):
    x = d.floats(d.shape(1, smallest=1))
    return call(x, d.one_of(None, 0))


def _stft(d):
    window = d.floats((4,), 0.5, 1)
    return call(d.floats((2, 12)), 4, d.integer(1, 3), 4, window, center=d.flag(),
                normalized=d.flag(), onesided=d.flag(), return_complex=True)  # fmt: skip


def _istft(d):
    spectrum = d.floats((2, 3, 5)) + 1j * d.floats((2, 3, 5))
    return call(spectrum, 4, 2, 4, d.floats((4,), 0.5, 1))


FOURIER = {
    **each({
        "fft ifft rfft irfft hfft ihfft": _spectrum,
        "fftn ifftn rfftn irfftn hfftn ihfftn": _spectra,
        "fft2 ifft2 rfft2 irfft2 hfft2 ihfft2": _two_dimensions,
        "fftshift ifftshift": _shift,
    }),
    "stft": _stft,
    "istft": _istft,
}  # fmt: skip


def _polynomial(d):
    return call(d.floats((2, 3), -1.2, 1.2), d.ints((3,), -1, 7))


def _gradient(d):
    x = d.floats((4, 3))
    return call(x, spacing=d.one_of(1, 0.5, (2.0, 3.0)), edge_order=d.integer(1, 2))


FUNCTIONS = {
    **each({
        # PyTorch's have errors of 1e-7 farther from 0
        "airy_ai": lambda d: call(d.floats(d.shape(), -2, 2)),
        "bessel_j0 bessel_j1": lambda d: call(d.floats(d.shape(), -5, 5)),
        "bessel_y0 bessel_y1": lambda d: call(d.floats(d.shape(), 0.1, 5)),
        "modified_bessel_i0 modified_bessel_i1 spherical_bessel_j0":
            lambda d: call(d.floats(d.shape(), -20, 20)),
        "modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 "
        "scaled_modified_bessel_k1": lambda d: call(d.floats(d.shape(), 0.1, 20)),
        "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v "
        "chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l "
        "legendre_polynomial_p shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u "
        "shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w": _polynomial,
    }),
    "gradient": _gradient,
    # cubes: of numbers in even steps some would stand on the edges of bins
    "histogram": lambda d: call(d.distinct((7,)) ** 3, d.integer(1, 4), density=d.flag()),
    "histogramdd": lambda d: call(
        d.distinct((7, 2)) ** 3, [d.integer(1, 3), 2], density=d.flag()
    ),
}  # fmt: skip

SAMPLES = {**FOURIER, **FUNCTIONS}
