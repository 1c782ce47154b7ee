"""Hashing tensors."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.core.shapes import normalize_dims, reduced_count, reduced_shape
from torchlite.core.tensor import Tensor
from torchlite.dtypes import COMPLEX, FLOAT
from torchlite.ops.core.family import operation, refuse, write_out
from torchlite.ops.core.promotion import cast
from torchlite.ops.math.comparison import bitwise_xor
from torchlite.ops.reduce.reductions import check_nonempty, data_of
from torchlite.ops.shape.joining import cat
from torchlite.ops.shape.reshaping import permute, reshape, view_dtype


@operation
def hash_tensor(input: Tensor, dim: Any = (), *, keepdim: bool = False, mode: int = 0,
                out: Tensor | None = None) -> Tensor:  # fmt: skip
    """The exclusive or of the bits of the elements over `dim` (all by default), as uint64.

    Floats are hashed by their bits in float64, other dtypes by theirs in int64. `mode` must be 0.
    Raises: RuntimeError for another mode, or if there is nothing to reduce.
    """
    data = data_of("hash_tensor", input)
    if mode:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    if input.dtype.category == COMPLEX or input.dtype in dtypes._WIDE_UNSIGNED:
        raise refuse("xor_sum_cpu", input.dtype)
    axes, whole = normalize_dims(dim, data.ndim), tuple(data.shape)
    check_nonempty("hash_tensor", data, axes if dim not in (None, ()) else None, RuntimeError)
    kept = tuple(i for i in range(data.ndim) if i not in axes)
    shape = tuple(whole[i] for i in kept)
    bits = permute(_bits(input.detach()), kept + axes)
    bits = reshape(bits, (*shape, reduced_count(whole, axes)))
    result = view_dtype(_folded(bits), dtypes.uint64)
    result = reshape(result, reduced_shape(whole, axes) if keepdim else shape)
    return result if out is None else write_out("hash_tensor", out, result)


def _bits(x: Tensor) -> Tensor:
    if x.dtype.category == FLOAT:
        return view_dtype(cast(x, dtypes.float64), dtypes.int64)
    return cast(x, dtypes.int64)


def _folded(bits: Tensor) -> Tensor:
    """The exclusive or along the last dimension, which gets size 1, by repeated halving."""
    while (size := bits.shape[-1]) > 1:
        half = size // 2
        folded = bitwise_xor(bits[..., :half], bits[..., half : 2 * half])
        bits = cat((folded, bits[..., 2 * half :]), -1) if size % 2 else folded
    return bits


__all__ = ["hash_tensor"]
