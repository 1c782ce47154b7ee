"""Special functions of the NumPy reference: erf, the normal distribution, lgamma, digamma.

They compute in float64, to a few units in the last place, and round to the dtype of the input;
erf, which GELU needs, has a separate float32 version.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray

# Rational approximations of erf and erfc, highest power first. Source: FreeBSD's msun library,
# s_erf.c (Sun Microsystems 1993). Each is accurate on one interval of |x|.
_ERX = 8.45062911510467529297e-01  # erf(1), rounded
_SMALL = (  # (erf(x) - x) / x, in x**2, for |x| < 0.84375
    (-2.37630166566501626084e-05, -5.77027029648944159157e-03, -2.84817495755985104766e-02,
     -3.25042107247001499370e-01, 1.28379167095512558561e-01),
    (-3.96022827877536812320e-06, 1.32494738004321644526e-04, 5.08130628187576562776e-03,
     6.50222499887672944485e-02, 3.97917223959155352819e-01, 1.0),
)  # fmt: skip
_MIDDLE = (  # erf(x) - _ERX, in |x| - 1, for 0.84375 <= |x| < 1.25
    (-2.16637559486879084300e-03, 3.54783043256182359371e-02, -1.10894694282396677476e-01,
     3.18346619901161753674e-01, -3.72207876035701323847e-01, 4.14856118683748331666e-01,
     -2.36211856075265944077e-03),
    (1.19844998467991074170e-02, 1.36370839120290507362e-02, 1.26171219808761642112e-01,
     7.18286544141962662868e-02, 5.40397917702171048937e-01, 1.06420880400844228286e-01, 1.0),
)  # fmt: skip
_LARGE = (  # log(x * e**(x**2) * erfc(x)) + 0.5625, in x**-2, for 1.25 <= x < 1 / 0.35
    (-9.81432934416914548592e00, -8.12874355063065934246e01, -1.84605092906711035994e02,
     -1.62396669462573470355e02, -6.23753324503260060396e01, -1.05586262253232909814e01,
     -6.93858572707181764372e-01, -9.86494403484714822705e-03),
    (-6.04244152148580987438e-02, 6.57024977031928170135e00, 1.08635005541779435134e02,
     4.29008140027567833386e02, 6.45387271733267880336e02, 4.34565877475229228821e02,
     1.37657754143519042600e02, 1.96512716674392571292e01, 1.0),
)  # fmt: skip
_HUGE = (  # the same for x >= 1 / 0.35
    (-4.83519191608651397019e02, -1.02509513161107724954e03, -6.37566443368389627722e02,
     -1.60636384855821916062e02, -1.77579549177547519889e01, -7.99283237680523006574e-01,
     -9.86494292470009928597e-03),
    (-2.24409524465858183362e01, 4.74528541206955367215e02, 2.55305040643316442583e03,
     3.19985821950859553908e03, 1.53672958608443695994e03, 3.25792512996573918826e02,
     3.03380607434824582924e01, 1.0),
)  # fmt: skip

# The same for float32, within 1e-7: weighted least squares.
ERF_SMALL = (  # erf(x) / x, in x**2, for |x| < 0.92
    8.382387750316411e-05, -8.145596948452294e-04, 5.201286170631647e-03, -2.6859499514102936e-02,
    1.1283697187900543e-01, -3.7612634897232056e-01, 1.128379225730896,
)  # fmt: skip
ERF_TAIL = (  # log(erfc(x)), for 0.92 <= x <= 4; erf is 1 beyond
    -1.7114773072535172e-05, 3.8118992233648896e-04, -3.877099836245179e-03, 2.425246872007847e-02,
    -1.06802798807621e-01, -6.348037719726562e-01, -1.1287435293197632, 5.086065812065499e-06,
)  # fmt: skip

# Quantiles of the normal distribution. Source: Wichura 1988, algorithm AS 241, PPND16.
_CENTRE = (  # quantile / q, in 0.180625 - q**2, q = p - 1/2, for |q| <= 0.425
    (2.5090809287301226727e03, 3.3430575583588128105e04, 6.7265770927008700853e04,
     4.5921953931549871457e04, 1.3731693765509461125e04, 1.9715909503065514427e03,
     1.3314166789178437745e02, 3.3871328727963666080e00),
    (5.2264952788528545610e03, 2.8729085735721942674e04, 3.9307895800092710610e04,
     2.1213794301586595867e04, 5.3941960214247511077e03, 6.8718700749205790830e02,
     4.2313330701600911252e01, 1.0),
)  # fmt: skip
_TAIL = (  # in r - 1.6, r = sqrt(-log(min(p, 1 - p))), for r <= 5
    (7.74545014278341407640e-04, 2.27238449892691845833e-02, 2.41780725177450611770e-01,
     1.27045825245236838258e00, 3.64784832476320460504e00, 5.76949722146069140550e00,
     4.63033784615654529590e00, 1.42343711074968357734e00),
    (1.05075007164441684324e-09, 5.47593808499534494600e-04, 1.51986665636164571966e-02,
     1.48103976427480074590e-01, 6.89767334985100004550e-01, 1.67638483018380384940e00,
     2.05319162663775882187e00, 1.0),
)  # fmt: skip
_FAR_TAIL = (  # in r - 5, for larger r
    (2.01033439929228813265e-07, 2.71155556874348757815e-05, 1.24266094738807843860e-03,
     2.65321895265761230930e-02, 2.96560571828504891230e-01, 1.78482653991729133580e00,
     5.46378491116411436990e00, 6.65790464350110377720e00),
    (2.04426310338993978564e-15, 1.42151175831644588870e-07, 1.84631831751005468180e-05,
     7.86869131145613259100e-04, 1.48753612908506148525e-02, 1.36929880922735805310e-01,
     5.99832206555887937690e-01, 1.0),
)  # fmt: skip

# B_2k / (2k (2k - 1)) and B_2k / 2k, for the asymptotic series of lgamma and digamma (Abramowitz
# and Stegun 6.1.40, 6.3.18).
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)]
_DIGAMMA = [b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)]
_EULER = 0.57721566490153286061


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """By Horner's rule, highest power first."""
    result = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        result *= x
        result += c
    return result


def _ratio(pair: tuple[Sequence[float], Sequence[float]], x: Array) -> Array:
    return polynomial(pair[0], x) / polynomial(pair[1], x)


def in_float64(function: Callable[[Array], Array],
               single: Callable[[Array], Array] | None = None) -> Callable:  # fmt: skip
    """A method that computes on a 1-d float64 array, without warnings, and rounds to x's dtype.

    `single`: the function that computes float32 in its own precision.
    """

    @functools.wraps(function)
    def method(self: object, x: Array) -> Array:
        x = np.asarray(x)
        with np.errstate(all="ignore"):
            if single is not None and x.dtype == np.float32:
                return single(x.reshape(-1)).reshape(x.shape)
            result = function(x.astype(np.float64).reshape(-1))
            return result.reshape(x.shape).astype(x.dtype)

    return method


def by_cases(x: Array, cases: Sequence[tuple[Array, Callable[[Array], Array]]]) -> Array:
    """Applies to each element the function of its case; NaN where there is none."""
    out = np.full_like(x, np.nan)
    for where, function in cases:
        if where.any():
            out[where] = function(x[where])
    return out


# --- the error function -------------------------------------------------------------------------


def _tail_exponent(x: Array) -> Array:
    """``log(x e**(x**2) erfc(x)) + 0.5625`` for x >= 1.25."""
    return by_cases(1 / (x * x), [
        (x < 1 / 0.35, functools.partial(_ratio, _LARGE)),
        (x >= 1 / 0.35, functools.partial(_ratio, _HUGE)),
    ])  # fmt: skip


def _tail(x: Array) -> Array:
    """erfc(x) for x >= 1.25."""
    rest = _tail_exponent(x)
    # The upper half of the bits, whose square is exact.
    head = (x.view(np.uint64) & np.uint64(0xFFFFFFFF00000000)).view(np.float64)
    return np.where(
        x < 28, np.exp(-head * head - 0.5625) * np.exp((head - x) * (head + x) + rest) / x, 0
    )


def _erf(x: Array) -> Array:
    size = np.abs(x)
    return by_cases(x, [
        (size < 0.84375, lambda x: x + x * _ratio(_SMALL, x * x)),
        ((size >= 0.84375) & (size < 1.25),
         lambda x: np.copysign(_ERX + _ratio(_MIDDLE, np.abs(x) - 1), x)),
        (size >= 1.25, lambda x: np.copysign(1 - _tail(np.abs(x)), x)),
    ])  # fmt: skip


def _erf_float32(x: Array) -> Array:
    size = np.abs(x)
    tail = polynomial(ERF_TAIL, np.minimum(size, np.float32(4)))
    large = np.copysign(1 - np.exp(tail, tail), x)
    return np.where(size < 0.92, polynomial(ERF_SMALL, x * x) * x, large)


def erfc(x: Array) -> Array:
    size = np.abs(x)

    def small(x: Array) -> Array:
        rest = x * _ratio(_SMALL, x * x)
        return np.where(x < 0.25, 1 - (x + rest), 0.5 - (rest + (x - 0.5)))

    def middle(x: Array) -> Array:
        return 1 - np.copysign(_ERX + _ratio(_MIDDLE, np.abs(x) - 1), x)

    return by_cases(x, [
        (size < 0.84375, small),
        ((size >= 0.84375) & (size < 1.25), middle),
        (x >= 1.25, _tail),
        (x <= -1.25, lambda x: 2 - _tail(-x)),
    ])  # fmt: skip


def _quantile(q: Array, p: Array) -> Array:
    """The normal quantile at probability 1/2 + q, where p = 1/2 - |q| is given exactly."""

    def centre(q: Array) -> Array:
        return q * _ratio(_CENTRE, 0.180625 - q * q)

    def tail(p: Array) -> Array:
        r = np.sqrt(-np.log(p))
        return by_cases(r, [
            (r <= 5, lambda r: _ratio(_TAIL, r - 1.6)),
            (r > 5, lambda r: _ratio(_FAR_TAIL, r - 5)),
        ])  # fmt: skip

    size = np.abs(q)
    out = by_cases(q, [(size <= 0.425, centre), (p == 0, lambda q: np.copysign(np.inf, q))])
    far = (size > 0.425) & (p > 0)
    out[far] = np.copysign(tail(p[far]), q[far])
    return out


def _erfinv(x: Array) -> Array:
    return _quantile(x / 2, (1 - np.abs(x)) / 2) * math.sqrt(0.5)


def _ndtri(p: Array) -> Array:
    return _quantile(p - 0.5, np.minimum(p, 1 - p))


def _erfcx(x: Array) -> Array:
    def tail(x: Array) -> Array:
        return np.exp(_tail_exponent(x) - 0.5625) / x

    return by_cases(x, [
        (np.abs(x) < 1.25, lambda x: np.exp(x * x) * erfc(x)),
        (x >= 1.25, tail),
        (x <= -1.25, lambda x: 2 * np.exp(x * x) - tail(-x)),
    ])  # fmt: skip


def _log_ndtr(x: Array) -> Array:
    return by_cases(x, [
        (x < -1, lambda x: np.log(_erfcx(x * -math.sqrt(0.5)) / 2) - x * x / 2),
        (x >= -1, lambda x: np.log1p(erfc(x * math.sqrt(0.5)) / -2)),
    ])  # fmt: skip


# --- the gamma function -------------------------------------------------------------------------


@functools.cache
def _zeta_series() -> list[float]:
    """(-1)**k (zeta(k) - 1) / k for k = 30 ... 2, then 1 - _EULER."""
    return [(-1) ** k * (_zeta(k) - 1) / k for k in range(30, 1, -1)] + [1 - _EULER, 0.0]


def _zeta(k: int, n: int = 200) -> float:
    """n terms, and the Euler-Maclaurin formula for the remainder."""
    rest = n ** (1 - k) / (k - 1) + n**-k / 2 + k * n ** (-k - 1) / 12
    rest -= k * (k + 1) * (k + 2) * n ** (-k - 3) / 720
    return math.fsum([*(i**-k for i in range(1, n)), rest])


def _near_two(t: Array) -> Array:
    """lgamma(2 + t) for |t| <= 1/2 (Abramowitz and Stegun 6.1.33)."""
    return polynomial(_zeta_series(), t)


def _moderate(x: Array) -> Array:
    """lgamma(x) for 1.5 <= x < 8: reduces x to [1.5, 2.5) and accumulates the factors."""
    factor = np.ones_like(x)
    for _ in range(6):
        above = x >= 2.5
        x = np.where(above, x - 1, x)
        factor = np.where(above, factor * x, factor)
    return np.log(factor) + _near_two(x - 2)


def stirling_rest(x: Array) -> Array:
    """The remainder of Stirling's formula for lgamma(x), for x >= 8."""
    return polynomial([*reversed(_STIRLING)], 1 / (x * x)) / x


def _stirling(x: Array) -> Array:
    value = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + stirling_rest(x)
    return np.where(np.isinf(x), np.inf, value)


def _lgamma_positive(x: Array) -> Array:
    return by_cases(x, [
        (x < 0.5, lambda x: _near_two(x) - np.log1p(x) - np.log(x)),
        ((x >= 0.5) & (x < 1.5), lambda x: _near_two(x - 1) - np.log1p(x - 1)),
        ((x >= 1.5) & (x < 8), _moderate),
        (x >= 8, _stirling),
    ])  # fmt: skip


def _sin_pi(x: Array) -> Array:
    """|sin(pi x)|, exact at integers."""
    return np.sin(np.pi * np.abs(x - np.rint(x)))


def lgamma(x: Array) -> Array:
    def reflected(x: Array) -> Array:
        value = math.log(math.pi) - np.log(_sin_pi(x)) - _lgamma_positive(1 - x)
        return np.where(np.isinf(x) | (x == np.rint(x)), np.inf, value)

    return by_cases(x, [(x > 0, _lgamma_positive), (x <= 0, reflected)])


def _digamma_positive(x: Array) -> Array:
    """psi(x) = psi(x + 1) - 1 / x up to 10, then the asymptotic series."""
    shift = np.zeros_like(x)
    for _ in range(10):
        below = x < 10
        shift = np.where(below, shift + 1 / x, shift)
        x = np.where(below, x + 1, x)
    z = 1 / (x * x)
    return np.log(x) - 0.5 / x - z * polynomial([*reversed(_DIGAMMA)], z) - shift


def digamma(x: Array) -> Array:
    def reflected(x: Array) -> Array:
        fraction = x - np.rint(x)
        value = _digamma_positive(1 - x) - np.pi / np.tan(np.pi * fraction)
        return np.where(fraction == 0, np.nan, value)

    return by_cases(x, [
        (x > 0, _digamma_positive),
        (x == 0, lambda x: np.copysign(np.inf, -x)),
        (x < 0, reflected),
    ])  # fmt: skip


class Special:
    """Mixin of `NumpyBackend`."""

    erf, erfc = in_float64(_erf, _erf_float32), in_float64(erfc)
    erfinv = in_float64(_erfinv)
    erfcx, ndtri, log_ndtr = in_float64(_erfcx), in_float64(_ndtri), in_float64(_log_ndtr)
    lgamma, digamma = in_float64(lgamma), in_float64(digamma)

    def complex(self, real: Array, imag: Array) -> Array:
        """Avoids multiplication, which would turn infinite parts into NaN."""
        real, imag = np.broadcast_arrays(real, imag)
        out = np.empty(real.shape, np.result_type(real, np.complex64))
        out.real, out.imag = real, imag
        return out
