"""Discrete Fourier transforms, public in `torchlite.fft`.

``n`` (``s`` for several dimensions) is the number of points to which `input` is truncated or
zero-padded before the transform. ``norm`` is "backward" (the inverse transform divides by n; the
default), "ortho" (both divide by sqrt(n)) or "forward". Source: Cooley and Tukey 1965.

All raise RuntimeError for fewer than 1 point or an invalid `norm`, IndexError for a dimension that
`input` does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX, dtype
from torchlite.interpreters.recorded import recorded
from torchlite.ops.core.family import functional, not_a_tensor, write_out
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import at_least_float, cast
from torchlite.ops.math.complex_numbers import conj
from torchlite.ops.shape.slicing import narrow

Sizes = Any  # int | Sequence[int] | None

# --- the primitives and their gradients -----------------------------------------------------------


def _along(axis: int, ndim: int, value: Any, other: Any) -> tuple:
    return tuple(value if i == axis else other for i in range(ndim))


def _rfft_x(xp: Any, g: Any, x_shape: tuple, axis: int, factor: str) -> Any:
    """The elements that `rfft` omits have zero gradient."""
    lacking = x_shape[axis] - g.shape[axis]
    whole = xp.pad(g, _along(axis, len(x_shape), (0, lacking), (0, 0)), 0)
    return xp.real(xp.fft(whole, (axis,), True, factor))


def _irfft_x(xp: Any, g: Any, x_shape: tuple, x_dtype: dtype, size: int, axis: int,
             factor: str) -> Any:  # fmt: skip
    """Elements that stand for two of the full transform count twice."""
    places, mirrored = x_shape[axis], size - x_shape[axis]
    twice = xp.full((mirrored,), 1, x_dtype)
    counts = xp.add(xp.pad(twice, ((1, places - 1 - mirrored),), 0), 1)
    counts = xp.reshape(counts, _along(axis, len(x_shape), places, 1))
    return xp.mul(xp.rfft(g, axis, factor), counts)


_fft = declare("fft", title="FftC2C",
    x=lambda xp, g, axes, inverse, factor: xp.fft(g, axes, inverse, factor),
)  # fmt: skip
_rfft = declare("rfft", title="FftR2C", x=_rfft_x)
_irfft = declare("irfft", title="FftC2R", x=_irfft_x)


# --- arguments ------------------------------------------------------------------------------------


def _factor(norm: str | None, inverse: bool) -> str:
    """The factor by which a transform of n points is multiplied."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    if norm == "ortho":
        return "1/sqrt(n)"
    return "1/n" if inverse == (norm != "forward") else "1"


def _axes(input: Tensor, s: Sizes, dim: Sizes) -> tuple[tuple[int, ...], list[int]]:
    """The dimensions to transform and their requested sizes, -1 where not given."""
    ndim = input._data.ndim
    dim, s = ((x,) if isinstance(x, int) else x for x in (dim, s))
    if dim is not None and s is not None and len(dim) != len(s):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    if s is not None and len(s) > ndim:
        raise RuntimeError(
            f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions."
        )
    if dim is None:
        dim = tuple(range(ndim if s is None else len(s)))
        dim = tuple(i - len(dim) for i in dim)
    axes = tuple(normalize_dim(d, ndim) for d in dim)
    if len(set(axes)) != len(axes):
        raise RuntimeError("FFT dims must be unique")
    return axes, [-1] * len(axes) if s is None else list(s)


def _one_axis(input: Tensor, n: int | None, dim: int) -> tuple[tuple[int, ...], list[int]]:
    if not input._data.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if n is not None and n < 1:
        raise _too_few(n)
    return _axes(input, None if n is None else (n,), (dim,))


def _too_few(points: int) -> RuntimeError:
    return RuntimeError(f"Invalid number of data points ({points}) specified")


def _prepared(name: str, input: Any, real: bool = False) -> Tensor:
    """`input` in the dtype to transform: complex unless `real`."""
    if not isinstance(input, Tensor):
        raise not_a_tensor(f"fft_{name}", 1, "input", input)
    kind = at_least_float(input.dtype)
    if kind.itemsize == 2:
        raise RuntimeError(f"Unsupported dtype {kind.legacy}")
    if real and kind.category == COMPLEX:
        label = "a real-valued" if name.endswith("n") or name.endswith("2") else "a real"
        raise RuntimeError(f"{name} expects {label} input tensor, but got {kind.legacy}")
    return cast(input, kind if real or kind.category == COMPLEX else kind.to_complex())


def _resized(x: Tensor, axes: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """`x` truncated or zero-padded to `sizes` along `axes`."""
    for axis, size in zip(axes, sizes):
        have = x._data.shape[axis]
        size = have if size == -1 else size
        if size < 1:
            raise _too_few(size)
        if size < have:
            x = narrow(x, axis, 0, size)
        elif size > have:
            x = recorded.pad(x, _along(axis, x._data.ndim, (0, size - have), (0, 0)), 0)
    return x


# --- the three kinds of transform -----------------------------------------------------------------


def _finished(name: str, result: Tensor, out: Tensor | None) -> Tensor:
    if out is None:
        return result
    if out.dtype.category != result.dtype.category:
        wanted = "complex" if result.dtype.category == COMPLEX else "floating point"
        raise RuntimeError(f"{name} expects a {wanted} output tensor, but got {out.dtype.legacy}")
    return write_out(name, out, result)


def _whole(name: str, x: Tensor, places: tuple, norm: str | None, inverse: bool,
           out: Tensor | None) -> Tensor:  # fmt: skip
    """Complex to complex."""
    axes, sizes = places
    factor = _factor(norm, inverse)
    x = _resized(x, axes, sizes)
    return _finished(name, _fft(x, axes, inverse, factor) if axes else x, out)


def _to_half(name: str, x: Tensor, places: tuple, norm: str | None, inverse: bool,
             out: Tensor | None) -> Tensor:  # fmt: skip
    """Real to the non-redundant half of the complex result; conjugated if `inverse`."""
    axes, sizes = places
    factor = _factor(norm, inverse)
    if not axes:
        raise RuntimeError(f"{name} must transform at least one axis")
    result = _rfft(_resized(x, axes, sizes), axes[-1], factor)
    if axes[1:]:
        result = _fft(result, axes[:-1], False, factor)
    return _finished(name, conj(result) if inverse else result, out)


def _from_half(name: str, x: Tensor, places: tuple, norm: str | None, inverse: bool,
               out: Tensor | None) -> Tensor:  # fmt: skip
    """The non-redundant complex half to real; conjugated first unless `inverse`."""
    axes, sizes = places
    factor = _factor(norm, inverse)
    if not axes:
        raise RuntimeError(f"{name} must transform at least one axis")
    last = 2 * (x._data.shape[axes[-1]] - 1) if sizes[-1] == -1 else sizes[-1]
    if last < 1:
        raise _too_few(last)
    x = _resized(x, axes, [*sizes[:-1], last // 2 + 1])
    x = x if inverse else conj(x)
    if axes[1:]:
        x = _fft(x, axes[:-1], True, factor)
    return _finished(name, _irfft(x, last, axes[-1], factor), out)


# --- one dimension --------------------------------------------------------------------------------


@functional
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
        out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``sum(x[j] e**(-2 pi i j k / n))`` for k < n. (*, n, *) -> (*, n, *), complex."""
    x = _prepared("fft", input)
    return _whole("fft", x, _one_axis(x, n, dim), norm, False, out)


@functional
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The inverse of `fft`."""
    x = _prepared("ifft", input)
    return _whole("ifft", x, _one_axis(x, n, dim), norm, True, out)


@functional
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The first n // 2 + 1 elements of `fft` of real numbers; the rest are their conjugates."""
    x = _prepared("rfft", input, real=True)
    return _to_half("rfft", x, _one_axis(x, n, dim), norm, False, out)


@functional
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The inverse of `rfft`: n real numbers, n even by default. (*, m, *) -> (*, n, *)"""
    x = _prepared("irfft", input)
    return _from_half("irfft", x, _one_axis(x, n, dim), norm, True, out)


@functional
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The real transform of a Hermitian signal, of which `input` is the first half."""
    x = _prepared("hfft", input)
    return _from_half("hfft", x, _one_axis(x, n, dim), norm, False, out)


@functional
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The inverse of `hfft`."""
    x = _prepared("ihfft", input, real=True)
    return _to_half("ihfft", x, _one_axis(x, n, dim), norm, True, out)


# --- several dimensions ---------------------------------------------------------------------------


@functional
def fftn(input: Tensor, s: Sizes = None, dim: Sizes = None, norm: str | None = None, *,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`fft` along `dim`; by default along the last len(s) dimensions, or all."""
    x = _prepared("fftn", input)
    return _whole("fftn", x, _axes(x, s, dim), norm, False, out)


@functional
def ifftn(input: Tensor, s: Sizes = None, dim: Sizes = None, norm: str | None = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The inverse of `fftn`."""
    x = _prepared("ifftn", input)
    return _whole("ifftn", x, _axes(x, s, dim), norm, True, out)


@functional
def rfftn(input: Tensor, s: Sizes = None, dim: Sizes = None, norm: str | None = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`rfft` along the last of `dim`, then `fft` along the others."""
    x = _prepared("rfftn", input, real=True)
    return _to_half("rfftn", x, _axes(x, s, dim), norm, False, out)


@functional
def irfftn(input: Tensor, s: Sizes = None, dim: Sizes = None, norm: str | None = None, *,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The inverse of `rfftn`."""
    x = _prepared("irfftn", input)
    return _from_half("irfftn", x, _axes(x, s, dim), norm, True, out)


@functional
def hfftn(input: Tensor, s: Sizes = None, dim: Sizes = None, norm: str | None = None, *,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`fft` along all but the last of `dim`, then `hfft`."""
    x = _prepared("hfftn", input)
    return _from_half("hfftn", x, _axes(x, s, dim), norm, False, out)


@functional
def ihfftn(input: Tensor, s: Sizes = None, dim: Sizes = None, norm: str | None = None, *,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The inverse of `hfftn`."""
    x = _prepared("ihfftn", input, real=True)
    return _to_half("ihfftn", x, _axes(x, s, dim), norm, True, out)


def _in_two_dimensions(transform: Any) -> Any:
    def two(input: Tensor, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None, *,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
        return transform(input, s, dim, norm, out=out)

    two.__name__ = two.__qualname__ = transform.__name__.replace("n", "2")
    two.__doc__ = f"`{transform.__name__}` along two dimensions, the last two by default."
    return functional(two)


fft2, ifft2 = _in_two_dimensions(fftn), _in_two_dimensions(ifftn)
rfft2, irfft2 = _in_two_dimensions(rfftn), _in_two_dimensions(irfftn)
hfft2, ihfft2 = _in_two_dimensions(hfftn), _in_two_dimensions(ihfftn)

__all__ = [
    "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn",
    "irfftn", "hfft", "ihfft", "hfft2", "ihfft2", "hfftn", "ihfftn",
]  # fmt: skip
