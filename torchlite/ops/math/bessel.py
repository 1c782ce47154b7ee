"""Bessel and Airy functions. As in PyTorch, the functions in this file have no gradient."""

from __future__ import annotations

import math

from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX
from torchlite.ops.core.family import functional, unary, write_out
from torchlite.ops.math.arithmetic import div, mul, neg
from torchlite.ops.math.comparison import where
from torchlite.ops.math.exponentials import exp
from torchlite.ops.math.special import floats, i0, i1
from torchlite.ops.math.trigonometry import sin


@unary(method=False, floats=True, refuses=(COMPLEX,))
def bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the first kind of order 0."""


@unary(method=False, floats=True, refuses=(COMPLEX,))
def bessel_j1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the first kind of order 1."""


@unary(method=False, floats=True, refuses=(COMPLEX,))
def bessel_y0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the second kind of order 0; -infinity at 0, NaN below."""


@unary(method=False, floats=True, refuses=(COMPLEX,))
def bessel_y1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the second kind of order 1; -infinity at 0, NaN below."""


@unary(method=False, floats=True, refuses=(COMPLEX,))
def scaled_modified_bessel_k0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**input * modified_bessel_k0(input)``."""


@unary(method=False, floats=True, refuses=(COMPLEX,))
def scaled_modified_bessel_k1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``e**input * modified_bessel_k1(input)``."""


@unary(method=False, floats=True, refuses=(COMPLEX,))
def airy_ai(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Airy function, the solution of ``y'' = x y`` that vanishes at infinity."""


@functional
def modified_bessel_i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 0: `i0` without a gradient."""
    return i0(input.detach(), out=out)


@functional
def modified_bessel_i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 1: `i1` without a gradient."""
    return i1(input.detach(), out=out)


@functional
def modified_bessel_k0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind of order 0; infinite at 0, NaN below."""
    x = floats(input).detach()
    result = mul(exp(neg(x)), scaled_modified_bessel_k0(x))
    return result if out is None else write_out("modified_bessel_k0", out, result)


@functional
def modified_bessel_k1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind of order 1; infinite at 0, NaN below."""
    x = floats(input).detach()
    result = mul(exp(neg(x)), scaled_modified_bessel_k1(x))
    return result if out is None else write_out("modified_bessel_k1", out, result)


@functional
def spherical_bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """``sin(input) / input``: 1 at 0, 0 at infinity."""
    x = floats(input).detach()
    wave = div(sin(x), where(x == 0, 1.0, x))
    result = where(x == 0, 1.0, where(x.abs() == math.inf, 0.0, wave))
    return result if out is None else write_out("spherical_bessel_j0", out, result)
