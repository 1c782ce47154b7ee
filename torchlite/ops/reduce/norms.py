"""Softmax, log-sum-exp and norms, with their gradients."""

from __future__ import annotations

import math
from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dim
from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX, FLOAT, dtype
from torchlite.ops.core.family import functional, operation, refuse, write_out
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import at_least_float, cast, result_type
from torchlite.ops.math.arithmetic import abs, add, div, mul, sub
from torchlite.ops.math.comparison import gt, where
from torchlite.ops.math.complex_numbers import real
from torchlite.ops.math.exponentials import exp, log
from torchlite.ops.reduce.extremes import amax, amin
from torchlite.ops.reduce.reductions import Dims, axes_of, data_of, in_single, restore
from torchlite.ops.reduce.reductions import sum as sum_

# --- softmax ------------------------------------------------------------------------------------

_softmax = declare("softmax", x=lambda xp, g, out, axis: xp.softmax_backward(g, out, axis))
_log_softmax = declare(
    "log_softmax", x=lambda xp, g, out, axis: xp.log_softmax_backward(g, out, axis)
)


def _along(name: str, primitive: Any, input: Any, dim: int, dtype: dtype | None) -> Tensor:
    if dtype is not None:
        input = cast(input, dtype)
    data = data_of(name, input)
    axis = normalize_dim(dim, data.ndim)
    if dtypes.of(data).category < FLOAT:
        raise refuse(f"{name}_kernel_impl", input.dtype)
    if not data.ndim:
        return _along(name, primitive, input.reshape(1), 0, None).reshape(())
    if not data.size:
        return input.clone()
    return in_single(primitive, input, axis)


@operation
def softmax(input: Tensor, dim: int, dtype: dtype | None = None, *,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``exp(input) / exp(input).sum(dim)``, computed in `dtype`. Shape: ``(*) -> (*)``.

    Raises: RuntimeError for integers and bool, unless `dtype` is given.
    """
    result = _along("softmax", _softmax, input, dim, dtype)
    return result if out is None else write_out("softmax", out, result)


@operation
def log_softmax(input: Tensor, dim: int, dtype: dtype | None = None, *,
                out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``log(softmax(input, dim))`` without loss of precision. Raises: as `softmax`."""
    result = _along("log_softmax", _log_softmax, input, dim, dtype)
    return result if out is None else write_out("log_softmax", out, result)


def _logsumexp_x(xp: Any, g: Any, x: Any, out: Any, axis: Any, keepdims: bool) -> Any:
    shape = tuple(x.shape)
    out, g = restore(xp, out, shape, axis, keepdims), restore(xp, g, shape, axis, keepdims)
    return xp.mul(g, xp.exp(xp.sub(x, out)))


_logsumexp = declare("logsumexp", x=_logsumexp_x)


@operation
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False, *,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``log(exp(input).sum(dim))`` without overflow; -inf for no elements."""
    data = data_of("logsumexp", input)
    input = cast(input, at_least_float(dtypes.of(data)))
    axes = axes_of(dim, data.ndim)
    if not data.size:
        result = log(sum_(exp(input), axes, keepdim))
    elif dtypes.of(data).category == COMPLEX:
        top = amax(real(input).detach(), axes, True)
        total = log(sum_(exp(sub(input, top)), axes, keepdim))
        result = add(total, top.reshape(total.shape))
    else:
        result = in_single(_logsumexp, input, axes, keepdim)
    return result if out is None else write_out("logsumexp", out, result)


# --- norms --------------------------------------------------------------------------------------


def _norm_x(xp: Any, g: Any, x: Any, out: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """The gradient is 0 where the norm is 0, and at elements that are 0."""
    shape = tuple(x.shape)
    if p == 0:
        return xp.full(shape, 0, dtypes.of(x))
    out, g = restore(xp, out, shape, axis, keepdims), restore(xp, g, shape, axis, keepdims)
    nowhere = xp.eq(out, 0)
    safe = xp.where(nowhere, 1, out)
    if p == 2:
        return xp.mul(x, xp.where(nowhere, 0, xp.div(g, safe)))
    size = xp.abs(x)
    slope = xp.pow(xp.div(xp.where(xp.eq(size, 0), 1, size), safe), p - 1)
    return xp.mul(xp.sgn(x), xp.mul(xp.where(nowhere, 0, g), slope))


_norm = declare("norm", x=_norm_x)


def _check_extreme(p: float, data: Any, axes: Any) -> None:
    """Raise PyTorch's error for an infinite or negative norm of no elements."""
    if data.size or (math.isfinite(p) and p >= 0):
        return
    order = "inf" if p > 0 else "-inf" if math.isinf(p) else f"{p:g}"
    if axes is None or len(axes) == data.ndim:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    for axis in axes:
        if not data.shape[axis]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {order} norm on the dimension {axis}"
                "because this dimension is empty and the operation does not have an identity"
            )


def vector_norm(x: Tensor, ord: float = 2, dim: Dims = None, keepdim: bool = False, *,
                dtype: dtype | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``sum(|x|**ord)**(1/ord)`` over `dim`; ord inf, -inf: extremes; 0: number of non-zeros.

    Raises: RuntimeError (as PyTorch) for integers, and for an infinite norm of no elements.
    """
    data = data_of("linalg_vector_norm", x)
    if dtypes.of(data).category < FLOAT:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {x.dtype.legacy}"
        )
    if dtype is not None:
        x = cast(x, dtype)
    axes = axes_of(dim, data.ndim)
    _check_extreme(ord, data, axes)
    if ord == 1:
        result = sum_(abs(x), axes, keepdim)
    elif math.isinf(ord):
        result = (amax if ord > 0 else amin)(abs(x), axes, keepdim)
    else:
        result = in_single(_norm, x, float(ord), axes, keepdim)
    return result if out is None else write_out("linalg_vector_norm", out, result)


@operation
def norm(input: Tensor, p: float | str | None = "fro", dim: Dims = None, keepdim: bool = False,
         out: Tensor | None = None, dtype: dtype | None = None) -> Tensor:  # fmt: skip
    """The `p`-norm of the elements over `dim` (all by default); "fro" and None: the 2-norm.

    "nuc" is the sum of the singular values of matrices in two dimensions (the last by default).

    The gradient at a norm of 0 is 0. Raises: RuntimeError for integers.
    """
    if p == "nuc":
        from torchlite.linalg.norms import matrix_norm

        dims = (-2, -1) if dim is None else dim
        return matrix_norm(input, "nuc", dims, keepdim, dtype=dtype, out=out)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(
            f"linalg.matrix_norm: Order {p} not supported.\nUse a number, 'fro', 'nuc' or None."
        )
    order = 2.0 if p is None or p == "fro" else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype, out=out)  # type: ignore[arg-type]


@operation
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The `p`-norm of all elements of ``input - other``."""
    if result_type(input, other).category < FLOAT:
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. "
            f"Got {result_type(input, other).legacy} instead."
        )
    return vector_norm(sub(input, other), p)


@operation(in_place=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float, *,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`input` with each slice along `dim` scaled down to a `p`-norm of at most `maxnorm`."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    ndim = data_of("renorm", input).ndim
    if ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {ndim} dimensions")
    axis = normalize_dim(dim, ndim)
    norms = vector_norm(input, p, tuple(i for i in range(ndim) if i != axis), True)
    scale = where(gt(norms, maxnorm), div(maxnorm, add(norms, 1e-7)), 1)
    result = mul(input, scale)
    return result if out is None else write_out("renorm", out, result)


@functional
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norms of order `pow` of the slices along `dim`, which is kept; of all for dim -1."""
    if dim == -1:
        return norm(v, pow)
    return norm(v, pow, [d for d in range(v.ndim) if d != dim % v.ndim], keepdim=True)


__all__ = ["dist", "log_softmax", "logsumexp", "norm", "norm_except_dim", "renorm", "softmax"]
