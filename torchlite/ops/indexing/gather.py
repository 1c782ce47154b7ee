"""Reading and writing at indices along one dimension."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.shapes import broadcast_shapes, normalize_dim
from torchlite.core.tensor import Tensor, wrap
from torchlite.ops.core.family import not_a_tensor, operation, write_out
from torchlite.ops.core.inplace import OVERLAP, check_no_overlap
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import checked_number
from torchlite.ops.indexing.brackets import wrapped_index
from torchlite.ops.shape.reshaping import expand, reshape

_ALL = slice(None)


def _fitted(xp: Any, x: Any, shape: tuple) -> Any:
    """`x` truncated, or padded with zeros, at the end of each dimension to `shape`."""
    if x.shape == shape:
        return x
    x = xp.getitem(x, tuple(map(slice, shape)))
    widths = tuple((0, size - own) for size, own in zip(shape, x.shape))
    return xp.pad(x, widths, 0) if any(after for _, after in widths) else x


def _gather_x(xp: Any, g: Any, x_shape: tuple, x_dtype: Any, index: Any, axis: int) -> Any:
    return xp.scatter_add(xp.full(x_shape, 0, x_dtype), index, g, axis)


def _source_grad(xp: Any, g: Any, index: Any, source_shape: tuple, axis: int) -> Any:
    return _fitted(xp, xp.gather(g, index, axis), source_shape)


def _take_x(xp: Any, g: Any, x_shape: tuple, x_dtype: Any, index: Any, axis: int) -> Any:
    return xp.index_put(xp.full(x_shape, 0, x_dtype), (_ALL,) * axis + (index,), g, True)


take_slices = declare("take", title="IndexSelect", x=_take_x)
_gather = declare("gather", x=_gather_x)
_scatter = declare(
    "scatter", x=lambda xp, g, index, axis: xp.scatter(g, index, 0, axis), source=_source_grad
)
_scatter_add = declare("scatter_add", x=lambda xp, g: g, source=_source_grad)


def _reduce_grads(xp: Any, g: Any, needs: Any, x: Any, index: Any, source: Any, axis: int,
                  reduce: str, include_self: bool, out: Any) -> tuple:  # fmt: skip
    kind, part = dtypes.of(x), _fitted(xp, source, tuple(index.shape))
    if reduce == "sum":
        gx, gs = g, xp.gather(g, index, axis)
    elif reduce == "mean":
        counts = xp.full(tuple(x.shape), int(include_self), kind)
        counts = xp.scatter_add(counts, index, xp.full(tuple(index.shape), 1, kind), axis)
        gx = xp.div(g, xp.maximum(counts, 1))
        gs = xp.gather(gx, index, axis)
    elif reduce == "prod":
        gx, gs = _prod_grads(xp, g, x, index, part, axis, include_self, out)
    else:
        from_x = xp.astype(xp.eq(x, out), kind)
        if not include_self:
            from_x = xp.scatter(from_x, index, 0, axis)
        from_source = xp.astype(xp.eq(part, xp.gather(out, index, axis)), kind)
        share = xp.div(g, xp.scatter_add(from_x, index, from_source, axis))
        gx, gs = xp.mul(share, from_x), xp.mul(xp.gather(share, index, axis), from_source)
    if not include_self:
        gx = xp.scatter(gx, index, 0, axis)
    return gx, None, _fitted(xp, gs, tuple(source.shape)), None, None, None


def _prod_grads(xp: Any, g: Any, x: Any, index: Any, part: Any, axis: int, include_self: bool,
                out: Any) -> tuple:  # fmt: skip
    """The product of all other factors; exact also where factors are zero."""
    nonzero_x = xp.where(xp.eq(x, 0), 1, x)
    others = xp.scatter_reduce(nonzero_x, index, part, axis, "prod", include_self)
    gx = xp.div(xp.mul(g, others), nonzero_x)
    zero = xp.eq(part, 0)
    zeros = xp.scatter_add(
        xp.full(tuple(x.shape), 0, dtypes.of(x)), index, xp.astype(zero, dtypes.of(x)), axis
    )
    lone = xp.logical_and(zero, xp.eq(xp.gather(zeros, index, axis), 1))
    rest = xp.scatter_reduce(x, index, xp.where(lone, 1, part), axis, "prod", include_self)
    top = xp.where(
        lone, xp.gather(xp.mul(g, rest), index, axis), xp.gather(xp.mul(g, out), index, axis)
    )
    return gx, xp.div(top, xp.where(zero, 1, part))


_scatter_reduce = declare("scatter_reduce", joint=_reduce_grads)


def int64_index(name: str, index: Any) -> Any:
    """The array of an index tensor, as int64."""
    if not isinstance(index, Tensor):
        raise not_a_tensor(name, 2, "index", index)
    if index.dtype is dtypes.int64:
        return index._data
    if index.dtype is not dtypes.int32 and index._data.size:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    return local.mode.xp.astype(index._data, dtypes.int64)


def check_range(index: Any, dim: int, size: int, error: type = RuntimeError) -> None:
    xp = local.mode.xp
    if not xp.in_range(index, size):
        low, high = xp.extremes(index)
        wrong = low if low < 0 else high
        raise error(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def _check_places(name: str, input: Tensor, dim: int, index: Any, source: Any = None) -> None:
    """Check the shape and range of the index (an array) of `gather` or a `scatter`."""
    own, shape = index.shape, input._data.shape
    if not index.size:
        return
    if (len(own) or 1) != (len(shape) or 1):
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as "
            f"{'input' if name == 'gather' else 'self'} tensor"
        )
    if source is not None:
        if (source._data.ndim or 1) != (len(own) or 1):
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
        if any(n > m for n, m in zip(own, source._data.shape)):
            raise RuntimeError(
                f"Expected index {list(own)} to be no larger than self {list(shape)} apart from "
                f"dimension {dim} and to be no larger size than src {list(source.shape)}"
            )
    for d, (n, m) in enumerate(zip(own, shape)):
        if n > m and d != dim:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(own)} to be no larger "
                f"than self {list(shape)} apart from dimension {dim}"
            )
    check_range(index, dim, shape[dim] if shape else 1)


def check_apart(out: Tensor, *inputs: Tensor) -> None:
    """Raise RuntimeError (as PyTorch) if `out` overlaps itself or an input in memory."""
    check_no_overlap(out._data)
    low, high = _extent(out)
    for tensor in inputs:
        start, end = _extent(tensor)
        if start < high and low < end:
            raise RuntimeError(OVERLAP)


def _extent(tensor: Tensor) -> tuple[int, int]:
    """The address range of a tensor; one byte if it is empty."""
    xp, data = local.mode.xp, tensor._data
    start = xp.data_ptr(data)
    if not data.size:
        return start, start + 1
    reach = 1 + sum((n - 1) * step for n, step in zip(data.shape, xp.strides(data)))
    return start, start + reach * tensor.dtype.itemsize


def exact_out(name: str, out: Tensor, result: Tensor, *inputs: Tensor) -> Tensor:
    """`write_out` for operations that do not convert, and read `inputs` while writing."""
    if out.dtype is not result.dtype:
        raise RuntimeError(
            f"{name}(): Expected out tensor to have dtype {result.dtype}, but got {out.dtype}"
        )
    check_apart(out, *inputs)
    return write_out(name, out, result)


@operation
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``out[i][j] = input[index[i][j]][j]`` for dim 0; the shape is that of `index`.

    Raises: RuntimeError (as PyTorch) for an index out of range or of the wrong shape.
    """
    dim, places = normalize_dim(dim, input._data.ndim), int64_index("gather", index)
    _check_places("gather", input, dim, places)
    if not input._data.shape or not places.shape or not places.size:
        flat = wrap(local.mode.xp.reshape(places, (-1,)))
        result = reshape(take_slices(reshape(input, -1), flat, 0), places.shape)
    else:
        result = run(_gather, (input, places, dim), (input._data, places, dim))
    return result if out is None else exact_out("gather", out, result, input, index)


@operation
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None, *,
                   out: Tensor | None = None) -> Tensor:  # fmt: skip
    """`gather` with other dimensions of `input` and `indices` broadcast; flattens without `dim`."""
    if indices.dtype is not dtypes.int64:
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{indices.dtype.legacy}"
        )
    if dim is None:
        places = wrapped_index(reshape(indices, -1), 0, input._data.size)
        return gather(reshape(input, -1), 0, wrap(places), out=out)
    shape, own = list(input._data.shape), list(indices._data.shape)
    if len(shape) != len(own):
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {len(shape)} dimensions for input, and {len(own)} dimensions for indices"
        )
    dim = normalize_dim(dim, len(shape))
    size, count = shape[dim], own[dim]
    shape[dim] = own[dim] = 1
    shape = list(broadcast_shapes(shape, own))
    wide = (*shape[:dim], size, *shape[dim + 1 :])
    picks = (*shape[:dim], count, *shape[dim + 1 :])
    places = wrapped_index(expand(indices, *picks), dim, size)
    return gather(expand(input, *wide), dim, wrap(places), out=out)


def _scattered(name: str, input: Tensor, dim: int, index: Tensor, source: Any, primitive: Any,
               *rest: Any) -> Tensor:  # fmt: skip
    dim, places = normalize_dim(dim, input._data.ndim), int64_index(name, index)
    tensor = isinstance(source, Tensor)
    _check_places(name, input, dim, places, source if tensor else None)
    if tensor and source.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if not places.size:
        return input.clone()
    if not input._data.shape or not places.shape:
        source = reshape(source, -1) if tensor else source
        index = wrap(local.mode.xp.reshape(places, (-1,)))
        flat = _scattered(name, reshape(input, -1), 0, index, source, primitive, *rest)
        return reshape(flat, input._data.shape)
    return primitive(input, places, source, dim, *rest)


@operation(in_place=True)
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
            reduce: str | None = None, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """A copy of `input` with ``out[index[i][j]][j] = src[i][j]`` for dim 0; `src` may be a scalar.

    reduce: "add" or "multiply" combines `src` with the old values.
    """
    src = value if src is None else src
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    if not isinstance(src, Tensor):
        src = checked_number(src, input.dtype)
    if reduce is None:
        result = _scattered("scatter", input, dim, index, src, _scatter)
    else:
        if not isinstance(src, Tensor):
            src = wrap(local.mode.xp.full(index._data.shape, src, input.dtype))
        mode = "sum" if reduce == "add" else "prod"
        result = _scattered("scatter", input, dim, index, src, _scatter_reduce, mode, True)
    return result if out is None else write_out("scatter", out, result)


@operation(in_place=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor, *,
                out: Tensor | None = None) -> Tensor:  # fmt: skip
    """A copy of `input` with ``out[index[i][j]][j] += src[i][j]`` for dim 0."""
    if not isinstance(src, Tensor):
        raise not_a_tensor("scatter_add", 3, "src", src)
    result = _scattered("scatter_add", input, dim, index, src, _scatter_add)
    return result if out is None else write_out("scatter_add", out, result)


@operation(in_place=True)
def scatter_reduce(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *,
                   include_self: bool = True, out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Like `scatter_add`, for reduce "sum", "prod", "mean", "amax" or "amin".

    include_self: whether the old values take part where something is scattered.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    result = _scattered(
        "scatter_reduce", input, dim, index, src, _scatter_reduce, reduce, include_self
    )
    return result if out is None else write_out("scatter_reduce", out, result)


__all__ = [
    "gather", "scatter", "scatter_add", "scatter_reduce", "take_along_dim",
]  # fmt: skip
