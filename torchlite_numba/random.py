"""The random numbers of `torchlite.backends.numpy.random`, bit for bit, in one pass each.

The generator is the reference's own object, so a stream continues when the backend is switched. No
kernel uses fast-math flags: multiply and add are fused only where the reference does so. Long draws
run the engine here, on a copy of its state that is written back at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import intrinsic

from torchlite import dtypes
from torchlite.backends.numpy import random as reference
from torchlite.backends.numpy.mt19937 import MT19937
from torchlite_numba import codegen
from torchlite_numba.kernel import F32, F64, I64, U32, Bool, Kernel, Real, exact, inline, kernel

codegen.register(reference.__file__)  # its constants are compiled in
f32, f64, u32 = np.float32, np.float64, np.uint32

_SQRT_HALF, _FOUR_OVER_PI = reference.SQRT_HALF, reference.FOUR_OVER_PI
_LOG, _LOG2_HIGH, _LOG2_LOW = reference.LOG_COEFFICIENTS, *reference.LOG2_PARTS
_COS, _SIN = reference.COS_COEFFICIENTS, reference.SIN_COEFFICIENTS
_PI_QUARTER = reference.PI_QUARTER_PARTS
_FEW = 2**16  # draws of fewer words cost less than a copy of the state
_CHUNK = 2**14  # elements whose words stay in the cache; a multiple of 16
_UNIT32, _UNIT64, _TWO_PI32 = f32(2**-24), 2.0**-53, f32(2 * math.pi)
_ZERO, _HALF, _ONE, _TWO = map(f32, (0, 0.5, 1, 2))


class Random:
    """Overrides the reference's draws; mix in before `NumpyBackend`."""

    def random_uniform(
        self, rng: MT19937, shape: tuple, dtype: dtypes.dtype, low: float, high: float
    ) -> Any:
        if dtype not in _KERNELS:
            return super().random_uniform(rng, shape, dtype, low, high)  # type: ignore[misc]
        kind, draw, _ = _KERNELS[dtype]
        return _drawn(rng, draw, shape, kind, low, high)

    def random_normal(
        self, rng: MT19937, shape: tuple, dtype: dtypes.dtype, mean: float, std: float
    ) -> Any:
        n = math.prod(shape)
        if n < 16 or dtype not in _KERNELS:
            return super().random_normal(rng, shape, dtype, mean, std)  # type: ignore[misc]
        kind, _, draw = _KERNELS[dtype]
        out = _drawn(rng, draw, n, kind, mean, std)
        if n % 16:  # the last 16 numbers are drawn anew
            out[-16:] = _drawn(rng, draw, 16, kind, mean, std)
        return out.reshape(shape)

    def random_bernoulli(self, rng: MT19937, p: Any, shape: tuple) -> Any:
        if isinstance(p, np.ndarray):
            return super().random_bernoulli(rng, p, shape)  # type: ignore[misc]
        return _drawn(rng, _bernoulli, shape, np.bool_, p)

    def random_exponential(
        self, rng: MT19937, shape: tuple, dtype: dtypes.dtype, rate: float
    ) -> Any:
        if dtype not in _KERNELS:
            return super().random_exponential(rng, shape, dtype, rate)  # type: ignore[misc]
        return _drawn(rng, _exponential, shape, _KERNELS[dtype][0], -1 / rate)

    def random_permutation(self, rng: MT19937, n: int) -> Any:
        if n >= reference.WIDE_PERMUTATION:
            return super().random_permutation(rng, n)  # type: ignore[misc]
        out: Any = np.arange(n, dtype=np.int64)
        _shuffle.launch(_drawn(rng, _copy, max(n - 1, 0), u32), out, max(n - 1, 0))
        return out

    def random_integers(
        self, rng: MT19937, shape: tuple, dtype: dtypes.dtype, low: int, high: int
    ) -> Any:
        if high - low >= reference.WIDE_RANGE or dtype is not dtypes.int64:
            return super().random_integers(rng, shape, dtype, low, high)  # type: ignore[misc]
        return _drawn(rng, _integers, shape, np.int64, high - low, low)


def _drawn(rng: MT19937, draw: Kernel, shape: Any, kind: Any, *parameters: Any) -> np.ndarray:
    """An array that `draw` fills from words of the generator, in parts if it is long."""
    result = np.empty(shape, kind)
    out, width = result.reshape(-1), 1 if draw in _ONE_WORD else 2
    if width * out.size < _FEW:
        draw.launch(rng.words32(width * out.size).astype(u32), out, out.size, *parameters)
        return result
    buffer: Any = np.empty(width * _CHUNK, u32)
    with rng.lock:
        key, place = rng.get_key()
        position = np.array([place])
        for start in range(0, out.size, _CHUNK):
            part = out[start : start + _CHUNK]
            words = buffer[: width * part.size]
            _words.launch(key, position, words, words.size)
            draw.launch(words, part, part.size, *parameters)
        rng.set_key(key, int(position[0]))
    return result


@intrinsic
def _fma(context, a, b, c):
    """``a * b + c`` rounded once: LLVM's ``fma``, exact on every processor."""

    def generate(context, builder, signature, args):
        return builder.fma(*args)

    return a(a, a, a), generate


@exact
def generate(key, position, words):
    """Fill `words`; return the new position in `key`, which is twisted when it is used up."""
    done = 0
    while done < words.size:
        if position == 624:
            _twist(key)
            position = 0
        count = min(words.size - done, 624 - position)
        source, target = key[position : position + count], words[done : done + count]
        for i in range(target.size):
            target[i] = _temper(source[i])
        position, done = position + count, done + count
    return position


@kernel
def _words(key: U32, position: I64, words: U32, lo: int, hi: int) -> None:
    """Fill `words` from `key` and move the position."""
    position[0] = generate(key, position[0], words)


@inline
def _temper(y):
    y = u32(y ^ (y >> u32(11)))
    y = u32(y ^ (y << u32(7) & u32(0x9D2C5680)))
    y = u32(y ^ (y << u32(15) & u32(0xEFC60000)))
    return u32(y ^ (y >> u32(18)))


@exact
def _twist(key):
    for i in range(227):
        key[i] = _mix(key[i], key[i + 1], key[i + 397])
    for i in range(227, 623):
        key[i] = _mix(key[i], key[i + 1], key[i - 227])
    key[623] = _mix(key[623], key[0], key[396])


@inline
def _mix(a, b, c):
    y = u32(a & u32(0x80000000) | b & u32(0x7FFFFFFF))
    return u32(c ^ (y >> u32(1)) ^ (u32(0x9908B0DF) if b & u32(1) else u32(0)))


@inline
def _unit32(word):
    return f32(np.int32(word & u32(2**24 - 1))) * _UNIT32


@inline
def unit64(words, i):
    high, low = np.uint64(words[2 * i]), np.uint64(words[2 * i + 1])
    word = (high << np.uint64(32) | low) & np.uint64(2**53 - 1)
    return f64(np.int64(word)) * _UNIT64


@kernel
def _uniform32(words: U32, out: F32, lo: int, hi: int, low: float, high: float) -> None:
    words, out = words[lo:hi], out[lo:hi]
    low, high = f32(low), f32(high)
    width = high - low
    for i in range(out.size):
        x = _fma(_unit32(words[i]), width, low)
        out[i] = low if x == high else x


@kernel
def _uniform64(words: U32, out: F64, lo: int, hi: int, low: float, high: float) -> None:
    words, out = words[2 * lo : 2 * hi], out[lo:hi]
    width = high - low
    for i in range(out.size):
        x = _fma(unit64(words, i), width, low)
        out[i] = low if x == high else x


@kernel
def _bernoulli(words: U32, out: Bool, lo: int, hi: int, p: float) -> None:
    words, out = words[2 * lo : 2 * hi], out[lo:hi]
    for i in range(out.size):
        out[i] = unit64(words, i) < p


@kernel
def _exponential(words: U32, out: Real, lo: int, hi: int, scale: float) -> None:
    words, out = words[2 * lo : 2 * hi], out[lo:hi]
    for i in range(out.size):
        out[i] = scale * math.log1p(-unit64(words, i))


@kernel
def _copy(words: U32, out: U32, lo: int, hi: int) -> None:
    words, out = words[lo:hi], out[lo:hi]
    for i in range(out.size):
        out[i] = words[i]


@kernel
def _integers(words: U32, out: I64, lo: int, hi: int, span: int, low: int) -> None:
    words, out = words[lo:hi], out[lo:hi]
    for i in range(out.size):
        out[i] = low + np.int64(words[i] % u32(span))


@kernel
def _shuffle(words: U32, out: I64, lo: int, hi: int) -> None:
    """Swap each element but the last, in order, with a random one of those from it on."""
    for i in range(out.size - 1):
        j = i + np.int64(words[i] % u32(out.size - i))
        out[i], out[j] = out[j], out[i]


@kernel
def _normal64(words: U32, out: F64, lo: int, hi: int, mean: float, std: float) -> None:
    for start in range(0, out.size - 15, 16):
        for i in range(start, start + 8):
            radius = math.sqrt(-2 * math.log(1 - unit64(words, i)))
            angle = 2 * math.pi * unit64(words, i + 8)
            out[i] = _fma(radius * math.cos(angle), std, mean)
            out[i + 8] = _fma(radius * math.sin(angle), std, mean)


@kernel
def _normal32(words: U32, out: F32, lo: int, hi: int, mean: float, std: float) -> None:
    mean, std, half = f32(mean), f32(std), out.size // 16 * 8
    # radii and angles each in a row of their own, so that LLVM vectorises
    u1, u2 = np.empty(half, u32), np.empty(half, u32)
    x, y = np.empty(half, f32), np.empty(half, f32)
    for start in range(0, half, 8):
        for i in range(start, start + 8):
            u1[i], u2[i] = words[start + i], words[start + i + 8]
    for i in range(half):
        radius = f32(math.sqrt(-_TWO * _log32(_ONE - _unit32(u1[i]))))
        sine, cosine = _sincos32(_TWO_PI32 * _unit32(u2[i]))
        x[i], y[i] = _fma(radius * cosine, std, mean), _fma(radius * sine, std, mean)
    for start in range(0, half, 8):
        for i in range(start, start + 8):
            out[start + i], out[start + i + 8] = x[i], y[i]


@exact
def _horner(x, coefficients):
    y = coefficients[0]
    for c in coefficients[1:]:
        y = _fma(y, x, c)
    return y


@exact
def _log32(x):
    bits = f32(x).view(np.int32)
    e = f32((bits >> np.int32(23)) - np.int32(126))
    m = np.int32(bits & np.int32(0x7FFFFF) | np.int32(0x3F000000)).view(f32)
    small = m < _SQRT_HALF
    e -= _ONE if small else _ZERO
    m += (m if small else _ZERO) - _ONE
    z = m * m
    y = _fma(_horner(m, _LOG) * m, z, e * _LOG2_LOW)
    return _fma(e, _LOG2_HIGH, m + (y - _HALF * z))


@exact
def _sincos32(x):
    octant = np.int32(x * _FOUR_OVER_PI) + np.int32(1) & np.int32(~1)
    for part in _PI_QUARTER:
        x = _fma(f32(octant), part, x)
    z = x * x
    cosine = _fma(_horner(z, _COS) * z, z, -_HALF * z) + _ONE
    sine = _fma(_horner(z, _SIN) * z, x, x)
    swap = octant & 2 != 0
    s, c = (cosine, sine) if swap else (sine, cosine)
    return -s if octant & 4 else s, -c if octant + 2 & 4 else c


#: Kernels that use one word for each element; others use two.
_ONE_WORD = (_uniform32, _normal32, _integers, _copy)
#: dtype -> NumPy's class, the uniform and the normal kernel.
_KERNELS = {
    dtypes.float32: (f32, _uniform32, _normal32),
    dtypes.float64: (f64, _uniform64, _normal64),
}
