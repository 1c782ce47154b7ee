"""Random numbers: PyTorch's CPU streams, bit for bit.

Source of the algorithms: the behavior of torch 2.13 on x86-64 with AVX2. Bernoulli draws always
follow its builds for AMD, ARM and Apple (on Intel CPUs PyTorch draws others). The single-precision
logarithm, sine and cosine are those of Cephes (S. Moshier) with fused multiply-adds; in double
precision they are the C library's, called through `math`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlite import dtypes
from torchlite.backends.numpy.creation import NUMPY_DTYPES
from torchlite.backends.numpy.mt19937 import MT19937

__all__ = ["MT19937", "Random"]

f32 = np.float32
Shape = tuple[int, ...]

WIDE_RANGE = 2**28  # from here on, integers come from 64-bit words
WIDE_PERMUTATION = (2**32 - 1) // 20
#: The exclusive upper bound of `random_bits`: below it the dtype represents all integers exactly.
_BITS = {
    dtypes.bool_: 2, dtypes.uint8: 2**8, dtypes.int8: 2**7, dtypes.int16: 2**15,
    dtypes.int32: 2**31, dtypes.int64: 2**63,
    dtypes.bfloat16: 2**8 + 1, dtypes.float16: 2**11 + 1, dtypes.float32: 2**24 + 1,
    dtypes.float64: 2**53 + 1,
}  # fmt: skip
_quiet = np.errstate(all="ignore")  # numbers too large for the dtype become infinite


class Random:
    """Primitives that draw random numbers; ``rng`` is an `MT19937`."""

    def generator(self, seed: int) -> MT19937:
        """The stream of `seed`, at its start."""
        return MT19937(seed)

    @_quiet
    def random_uniform(
        self, rng: MT19937, shape: Shape, dtype: dtypes.dtype, low: float, high: float
    ) -> np.ndarray:
        """``low + (high - low) * u``, replaced by `low` where it rounds to `high`."""
        n, kind = math.prod(shape), NUMPY_DTYPES[dtype]
        if dtype is dtypes.float64:
            out = fma64(uniform64(rng, n), high - low, low)
        else:
            out = _cast(fma32(uniform32(rng, n), f32(high) - f32(low), f32(low)), kind)
        out[out == kind.type(high)] = low  # where rounding reached `high`
        return out.reshape(shape)

    @_quiet
    def random_normal(
        self, rng: MT19937, shape: Shape, dtype: dtypes.dtype, mean: float, std: float
    ) -> np.ndarray:
        """Box-Muller; from 16 elements on in blocks, see `normal_blocks64`."""
        n, kind = math.prod(shape), NUMPY_DTYPES[dtype]
        if n < 16:
            return _cast(fma64(few_normals(rng, n), std, mean), kind).reshape(shape)
        double = dtype is dtypes.float64
        draw, blocks = (uniform64, normal_blocks64) if double else (uniform32, normal_blocks32)
        whole = n - n % 16
        half_precision = kind.itemsize == 2  # draws no unused uniforms
        out = blocks(draw(rng, whole if half_precision else n)[:whole], mean, std)
        if whole < n:  # the last 16 numbers are drawn again
            out = np.concatenate([out[: n - 16], blocks(draw(rng, 16), mean, std)])
        return _cast(out, kind).reshape(shape)

    def random_integers(
        self, rng: MT19937, shape: Shape, dtype: dtypes.dtype, low: int, high: int
    ) -> np.ndarray:
        """``low + word % (high - low)``, with 64-bit words for wide ranges, else 32-bit."""
        n, kind, span = math.prod(shape), NUMPY_DTYPES[dtype], high - low
        words = rng.words64(n) if span >= WIDE_RANGE else rng.words32(n)
        if span < 2**64:  # else the raw word covers all of int64
            words = words % np.uint64(span) + np.uint64(low % 2**64)  # wraps around like int64
        return words.view(np.int64).astype(kind).reshape(shape)

    def random_bits(self, rng: MT19937, shape: Shape, dtype: dtypes.dtype) -> np.ndarray:
        """Integers from 0 to the largest up to which `dtype` is exact; for bool, True or False."""
        n, span = math.prod(shape), _BITS[dtype]
        words = rng.words64(n) if span > 2**32 else rng.words32(n)
        return (words % np.uint64(span)).astype(NUMPY_DTYPES[dtype]).reshape(shape)

    def random_permutation(self, rng: MT19937, n: int) -> np.ndarray:
        """``0 ... n-1`` shuffled by Fisher-Yates, by its inside-out variant if very long."""
        out = list(range(n))
        if n < WIDE_PERMUTATION:
            steps = rng.words32(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint64)
            for i, step in enumerate(steps.tolist()):
                out[i], out[i + step] = out[i + step], out[i]
        else:
            places = rng.words64(n) % np.arange(1, n + 1, dtype=np.uint64)
            for i, place in enumerate(places.tolist()):
                out[i], out[place] = out[place], i
        return np.array(out, np.int64)

    def random_bernoulli(self, rng: MT19937, p: float | np.ndarray, shape: Shape) -> np.ndarray:
        """True with probability `p`; uses float64 for a scalar, the dtype of p for an array."""
        single = isinstance(p, np.ndarray) and p.dtype != np.float64
        draw = uniform32 if single else uniform64
        return np.asarray(draw(rng, math.prod(shape)).reshape(shape) < p)

    @_quiet
    def random_exponential(
        self, rng: MT19937, shape: Shape, dtype: dtypes.dtype, rate: float
    ) -> np.ndarray:
        """``-log(1 - u) / rate``, in float64."""
        kind = NUMPY_DTYPES[dtype]
        logarithm = libm(math.log1p, -uniform64(rng, math.prod(shape)))
        return _cast(-1 / rate * logarithm, kind).reshape(shape)


def _cast(x: np.ndarray, kind: np.dtype) -> np.ndarray:
    """`x` as `kind`; double precision is converted to half by way of single, as in PyTorch."""
    if kind.itemsize == 2:
        x = x.astype(f32)
    return x.astype(kind, copy=False)


def uniform32(rng: MT19937, n: int) -> np.ndarray:
    """float32 (n,) in [0, 1): multiples of 2**-24."""
    return (rng.words32(n) & np.uint64(2**24 - 1)).astype(f32) * f32(2**-24)


def uniform64(rng: MT19937, n: int) -> np.ndarray:
    """float64 (n,) in [0, 1): multiples of 2**-53."""
    return (rng.words64(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53


def libm(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    """Apply `function`, from `math`, elementwise: NumPy's kernels may differ in the last bit."""
    return np.fromiter(map(function, x.tolist()), np.float64, x.size)


# --- fused multiply-add ------------------------------------------------------------------------


def fma32(a: np.ndarray, b: np.ndarray | f32, c: np.ndarray | f32) -> np.ndarray:
    """``a * b + c`` in float32, rounded once.

    In float64 the product is exact. The sum may be rounded, and the conversion rounds again, which
    matters only halfway between two float32 numbers, so there the sum is rounded to odd.
    """
    product = np.multiply(a, b, dtype=np.float64)
    total = product + c
    halfway = total.view(np.int64) & (2**29 - 1) == 2**28
    if halfway.any():
        addend = np.broadcast_to(c, total.shape)[halfway]
        total[halfway] = _to_odd(*_two_sum(product[halfway], addend.astype(np.float64)))
    return total.astype(f32)


def fma64(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """``a * b + c`` in float64, rounded once, except for numbers above 1e299 or below 1e-290.

    Source: Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved
    algorithms using rounding to odd".
    """
    if b == 1 or c == 0:
        return a * b + c  # one of the two operations is exact
    product, product_error = _two_product(a, b)
    low, low_error = _two_sum(product_error, c)
    high, high_error = _two_sum(product, low)
    out = high + _to_odd(*_two_sum(low_error, high_error))
    return np.where(np.isfinite(out), out, a * b + c)  # the error terms overflow first


def _to_odd(x: np.ndarray, error: np.ndarray) -> np.ndarray:
    """``x + error`` rounded to `x` or its neighbour, whichever is odd, if `error` is not 0."""
    even = x.view(np.int64) & 1 == 0
    neighbour = np.nextafter(x, np.copysign(np.inf, error))
    return np.where(even & (error != 0), neighbour, x)


def _two_sum(a: np.ndarray, b: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """The rounded sum and its error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _two_product(a: np.ndarray, b: float) -> tuple[np.ndarray, np.ndarray]:
    """The rounded product and its error (Dekker)."""
    product = a * b
    (a1, a2), (b1, b2) = _split(a), _split(b)
    return product, a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2)


def _split(x: Any) -> tuple[Any, Any]:
    """``x`` as a sum of two 26-bit numbers (Veltkamp)."""
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high


# --- normal numbers ----------------------------------------------------------------------------


def few_normals(rng: MT19937, n: int) -> np.ndarray:
    """float64 (n,): Box-Muller pairs, one at a time; a spare is kept for the next call."""
    normals = [] if rng.spare_normal is None else [rng.spare_normal]
    pairs = uniform64(rng, max(n - len(normals) + 1, 0) // 2 * 2).reshape(-1, 2)
    for u1, u2 in pairs.tolist():
        radius, angle = math.sqrt(-2 * math.log1p(-u2)), 2 * math.pi * u1
        normals += [radius * math.cos(angle), radius * math.sin(angle)]
    rng.spare_normal = normals.pop() if len(normals) > n else None
    return np.array(normals, np.float64)


def normal_blocks64(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Box-Muller in blocks of 16: the first 8 uniforms give radii, the others angles."""
    u = uniforms.reshape(-1, 2, 8)
    radius = np.sqrt(-2 * libm(math.log, 1 - u[:, 0].ravel()))
    angle = 2 * math.pi * u[:, 1].ravel()
    pair = [libm(math.cos, angle) * radius, libm(math.sin, angle) * radius]
    out = np.stack([z.reshape(-1, 8) for z in pair], axis=1)
    return fma64(out.ravel(), std, mean)


def normal_blocks32(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """The same in float32."""
    u = uniforms.reshape(-1, 2, 8)
    radius = np.sqrt(f32(-2) * log32(f32(1) - u[:, 0]))
    sine, cosine = sincos32(f32(2 * math.pi) * u[:, 1])
    out = np.stack([radius * cosine, radius * sine], axis=1)
    return fma32(out.ravel(), f32(std), f32(mean))


LOG_COEFFICIENTS = tuple(map(f32, (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)))  # fmt: skip
LOG2_PARTS = f32(0.693359375), f32(-2.12194440e-4)
SQRT_HALF = f32(0.707106781186547524)
COS_COEFFICIENTS = f32(2.443315711809948e-5), f32(-1.388731625493765e-3), f32(4.166664568298827e-2)
SIN_COEFFICIENTS = f32(-1.9515295891e-4), f32(8.3321608736e-3), f32(-1.6666654611e-1)
PI_QUARTER_PARTS = f32(-0.78515625), f32(-2.4187564849853515625e-4), f32(-3.77489497744594108e-8)
FOUR_OVER_PI = f32(1.27323954473516)


def _horner(x: np.ndarray, coefficients: tuple[f32, ...]) -> np.ndarray:
    y = np.broadcast_to(coefficients[0], x.shape)
    for c in coefficients[1:]:
        y = fma32(y, x, c)
    return y


def log32(x: np.ndarray) -> np.ndarray:
    """Logarithm of positive, normal float32 numbers."""
    m, e = np.frexp(x)
    small = m < SQRT_HALF
    e = (e - small).astype(f32)
    m = np.where(small, m + m, m) - f32(1)
    z = m * m
    y = fma32(_horner(m, LOG_COEFFICIENTS) * m, z, e * LOG2_PARTS[1])
    return fma32(e, LOG2_PARTS[0], m + (y - f32(0.5) * z))


def sincos32(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of non-negative float32 numbers."""
    octant = (x * FOUR_OVER_PI).astype(np.int32) + 1 & ~1
    for part in PI_QUARTER_PARTS:
        x = fma32(octant.astype(f32), part, x)
    z = x * x
    cosine = fma32(_horner(z, COS_COEFFICIENTS) * z, z, f32(-0.5) * z) + f32(1)
    sine = fma32(_horner(z, SIN_COEFFICIENTS) * z, x, x)
    swap = octant & 2 != 0
    sine, cosine = np.where(swap, cosine, sine), np.where(swap, sine, cosine)
    return (np.where(octant & 4 != 0, -sine, sine), np.where(octant + 2 & 4 != 0, -cosine, cosine))
