"""Maxima and minima, with their gradients.

Equal elements share the gradient equally where only the value is returned (`amax`, ``max(x)``);
one of them gets all of it where its index is returned too (``max(x, dim)``).
"""

from __future__ import annotations

from typing import Any, overload

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core import return_types
from torchlite.core.shapes import normalize_dim, reduced_shape
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import COMPLEX
from torchlite.ops.core.family import operation, refuse, write_out
from torchlite.ops.core.op import declare, run
from torchlite.ops.math.comparison import maximum, minimum
from torchlite.ops.reduce.reductions import Dims, axes_of, check_nonempty, data_of, restore
from torchlite.ops.reduce.scan import named


def _extreme_x(xp: Any, g: Any, x: Any, out: Any, axis: Any, keepdims: bool) -> Any:
    shape = tuple(x.shape)
    found = xp.eq(x, restore(xp, out, shape, axis, keepdims))
    shares = xp.sum(xp.astype(found, dtypes.of(x)), axis, True)
    kept = xp.where(found, restore(xp, g, shape, axis, keepdims), 0)
    return xp.div(kept, shares)  # NaN equals nothing, so its gradient is 0 / 0


def _pick_x(xp: Any, g: Any, x_shape: tuple, index: Any, axis: int) -> Any:
    kept = reduced_shape(x_shape, axis) if x_shape else ()
    zeros = xp.full(x_shape, 0, dtypes.of(g))
    return xp.scatter(zeros, xp.reshape(index, kept), xp.reshape(g, kept), axis)


_amax = declare("amax", x=_extreme_x)
_amin = declare("amin", x=_extreme_x)
_pick = declare("pick", x=_pick_x)


def picked(name: str, input: Tensor, places: Any, axis: int, keepdim: bool, out: Any = None) -> Any:
    """The named tuple of the elements at the indices `places` along `axis`, and `places`.

    `places`: an int64 array in the shape of `input` without `axis`.
    """
    xp = local.mode.xp
    shape = tuple(input._data.shape)
    if keepdim and shape:
        places = xp.reshape(places, reduced_shape(shape, axis))
    indices = wrap(xp.asarray(places))
    return named(name, _pick(input, indices, axis), indices, out)


def _of_all(name: str, primitive: Any, input: Tensor) -> Tensor:
    data = input._data
    if dtypes.of(data).category == COMPLEX:
        raise refuse(f"{name}_all", input.dtype)
    check_nonempty(name, data, None, RuntimeError)
    return run(primitive, (input, None, False), (data, None, False))


def _extreme(name: str, primitive: Any, pairwise: Any, input: Any, dim: Any, keepdim: Any,
             other: Any, out: Any) -> Any:  # fmt: skip
    data = data_of(name, input)
    if isinstance(dim, Tensor) or other is not None:
        if keepdim is not False:
            raise TypeError(f"{name}() received an invalid combination of arguments")
        return pairwise(input, dim if other is None else other, out=out)
    if dim is None:
        result = _of_all(name, primitive, input)
        return result if out is None else write_out(name, out, result)
    if dtypes.of(data).category == COMPLEX:
        raise RuntimeError(f"{name}(): does not support complex input")
    axis = normalize_dim(dim, data.ndim)
    check_nonempty(name, data, axis)
    places = getattr(local.mode.xp, f"arg{name}")(data, axis if data.ndim else None, False)
    return picked(name, input, places, axis, keepdim, out)


@overload
def max(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False, *, out: Any = None) -> return_types.max: ...
@overload
def max(input: Tensor, dim: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@operation
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None,
        out: Any = None) -> Any:  # fmt: skip
    """The maximum; ``max(input, dim)``: ``(values, indices)``; of two tensors: `maximum`.

    NaN counts as greatest. Raises: RuntimeError for no elements, IndexError for an empty `dim`.
    """
    return _extreme("max", _amax, maximum, input, dim, keepdim, other, out)


@overload
def min(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False, *, out: Any = None) -> return_types.min: ...
@overload
def min(input: Tensor, dim: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@operation
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None,
        out: Any = None) -> Any:  # fmt: skip
    """The minimum; ``min(input, dim)``: ``(values, indices)``; of two tensors: `minimum`.

    NaN counts as smallest. Raises: as `max`.
    """
    return _extreme("min", _amin, minimum, input, dim, keepdim, other, out)


def _over_dims(name: str, primitive: Any, input: Any, dim: Dims, keepdim: bool) -> Tensor:
    data = data_of(name, input)
    if dtypes.of(data).category == COMPLEX:
        raise refuse("max_values_cpu" if name == "amax" else "min_values_cpu", input.dtype)
    axes = axes_of(dim, data.ndim)
    check_nonempty(name, data, None if dim is None or dim == () else axes, RuntimeError)
    return run(primitive, (input, axes, keepdim), (data, axes, keepdim))


@operation
def amax(input: Tensor, dim: Dims = (), keepdim: bool = False, *,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The maximum over `dim` (all by default). Raises: as `max`."""
    result = _over_dims("amax", _amax, input, dim, keepdim)
    return result if out is None else write_out("amax", out, result)


@operation
def amin(input: Tensor, dim: Dims = (), keepdim: bool = False, *,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The minimum over `dim` (all by default). Raises: as `max`."""
    result = _over_dims("amin", _amin, input, dim, keepdim)
    return result if out is None else write_out("amin", out, result)


@operation
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False,
            out: Any = None) -> return_types.aminmax:  # fmt: skip
    """The minimum and maximum, of all elements or over one dimension: ``(min, max)``."""
    data = data_of("aminmax", input)
    if dim is None and not data.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    if dim is not None:
        check_nonempty("aminmax", data, normalize_dim(dim, data.ndim))
    results = amin(input, dim, keepdim), amax(input, dim, keepdim)
    for o, result in zip(out or (), results):
        if o.dtype is not input.dtype:
            raise RuntimeError(
                f"Expected out tensor to have dtype {input.dtype.legacy.lower()}, but got "
                f"{o.dtype.legacy.lower()} instead"
            )
        write_out("aminmax", o, result)
    results = results if out is None else tuple(out)
    return return_types.aminmax(*results)  # type: ignore[call-arg]


__all__ = ["amax", "amin", "aminmax", "max", "min"]
