"""Elementwise primitives of the NumPy reference: mostly NumPy's ufuncs, with warnings silenced."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlite.backends.numpy.quiet import quiet

Array = Any


def _plain(ufunc: Any) -> Any:
    """A ufunc that never warns, as a method."""
    return staticmethod(ufunc)


def _quiet(ufunc: np.ufunc) -> Any:
    """A ufunc as a method that does not warn of overflow, NaN or division by zero."""
    return staticmethod(quiet(ufunc, ufunc.nin))


_divide = quiet(np.true_divide)
_sqrt = quiet(np.sqrt)
_power = quiet(np.power)
_multiply = quiet(np.multiply)


class Elementwise:
    """Mixin of `NumpyBackend`."""

    positive, neg = _plain(np.positive), _quiet(np.negative)
    abs, square, conj = _quiet(np.absolute), _quiet(np.square), _plain(np.conjugate)
    floor, ceil, trunc, round = map(_quiet, (np.floor, np.ceil, np.trunc, np.rint))
    isnan, isinf, isfinite = map(_plain, (np.isnan, np.isinf, np.isfinite))
    logical_not, bitwise_not = _plain(np.logical_not), _plain(np.bitwise_not)
    sqrt, reciprocal = _quiet(np.sqrt), _quiet(np.reciprocal)
    exp, exp2, expm1 = map(_quiet, (np.exp, np.exp2, np.expm1))
    log, log2, log10, log1p = map(_quiet, (np.log, np.log2, np.log10, np.log1p))
    sin, cos, tan = map(_quiet, (np.sin, np.cos, np.tan))
    asin, acos, atan = map(_quiet, (np.arcsin, np.arccos, np.arctan))
    sinh, cosh, tanh = map(_quiet, (np.sinh, np.cosh, np.tanh))
    asinh, acosh, atanh = map(_quiet, (np.arcsinh, np.arccosh, np.arctanh))

    add, sub, mul, div = map(_quiet, (np.add, np.subtract, np.multiply, np.true_divide))
    floor_divide, remainder, fmod = map(_quiet, (np.floor_divide, np.remainder, np.fmod))
    maximum, minimum, fmax, fmin = map(_quiet, (np.maximum, np.minimum, np.fmax, np.fmin))
    atan2, hypot, copysign = map(_quiet, (np.arctan2, np.hypot, np.copysign))
    nextafter, heaviside = _quiet(np.nextafter), _quiet(np.heaviside)
    logaddexp, logaddexp2 = _quiet(np.logaddexp), _quiet(np.logaddexp2)
    gcd, lcm = _plain(np.gcd), _quiet(np.lcm)
    eq, ne, lt = map(_quiet, (np.equal, np.not_equal, np.less))
    le, gt, ge = map(_quiet, (np.less_equal, np.greater, np.greater_equal))
    logical_and, logical_or, logical_xor = map(
        _plain, (np.logical_and, np.logical_or, np.logical_xor)
    )
    bitwise_and, bitwise_or, bitwise_xor = map(
        _plain, (np.bitwise_and, np.bitwise_or, np.bitwise_xor)
    )
    bitwise_left_shift, bitwise_right_shift = _plain(np.left_shift), _plain(np.right_shift)
    where = _plain(np.where)

    def sign(self, x: Array) -> Array:
        """NumPy's ``sign``, but 0 at NaN."""
        if x.dtype.kind in "iub":
            return x.copy() if x.dtype.kind == "b" else np.sign(x)
        return np.nan_to_num(np.sign(x), nan=0.0) if x.dtype.kind == "f" else self.sgn(x)

    def sgn(self, x: Array) -> Array:
        """``x / |x|``, 0 at 0."""
        if x.dtype.kind != "c":
            return self.sign(x)
        size = np.absolute(x)
        return np.where(size == 0, 0, _divide(x, size)).astype(x.dtype)

    def rsqrt(self, x: Array) -> Array:
        """``1 / sqrt(x)``."""
        return _divide(x.dtype.type(1), _sqrt(x))

    def pow(self, a: Array, b: Array) -> Array:
        """``a ** b``; common constant exponents avoid the slow power function."""
        if isinstance(b, (int, float)):
            if b == 2:
                return _multiply(a, a)
            if b == 3:
                return _multiply(_multiply(a, a), a)
            if b == 0.5:
                return _sqrt(a)
        if np.result_type(a, b).kind in "iu":
            return _integer_power(a, b)
        return _power(a, b)

    def real(self, x: Array) -> Array:
        """A view of the real parts."""
        return x.real

    def imag(self, x: Array) -> Array:
        """A view of the imaginary parts."""
        return x.imag

    def angle(self, x: Array) -> Array:
        """0 or pi for real numbers; NaN propagates."""
        if x.dtype.kind == "c":
            return np.angle(x)
        return np.where(np.isnan(x), x, np.where(x < 0, x.dtype.type(np.pi), x.dtype.type(0)))


def _integer_power(a: Array, b: Array) -> Array:
    """``a ** b``; for a negative exponent, the fraction truncated to an integer."""
    negative = np.less(b, 0)
    result = _power(a, np.where(negative, 0, b))
    if not negative.any():
        return result
    fraction = np.where(np.equal(a, 1), 1, np.where(np.equal(a, -1), 1 - 2 * (b & 1), 0))
    return np.where(negative, fraction.astype(result.dtype), result)
