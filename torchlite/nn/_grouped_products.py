"""Grouped matrix products, and placeholders for products of scaled 8-bit floats."""

from __future__ import annotations

from enum import Enum
from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.ops.linalg.products import matmul
from torchlite.ops.shape.joining import cat, stack

_KINDS = (dtypes.float32, dtypes.bfloat16, dtypes.float16)


class ScalingType(Enum):
    """Which elements of a matrix share a scale."""

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class SwizzleType(Enum):
    """The memory layout of the scales."""

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


def grouped_mm(mat_a: Tensor, mat_b: Tensor, *, offs: Tensor | None = None,
               bias: Tensor | None = None,
               out_dtype: dtypes.dtype | None = None) -> Tensor:  # fmt: skip
    """A matrix product for each of G groups, which end at the int32 offsets `offs` (G,).

    ======== ======== ============ ==========================
    mat_a    mat_b    result       what is split into groups
    ======== ======== ============ ==========================
    (M, K)   (G, K, N) (M, N)      the rows of `mat_a`
    (G, M, K) (K, N)  (M, N)       the columns of `mat_b`
    (M, K)   (K, N)   (G, M, N)    the dimension K of both
    (G, M, K) (G, K, N) (G, M, N)  nothing: without `offs`
    ======== ======== ============ ==========================

    Raises: RuntimeError (as PyTorch) for other shapes and dtypes, and for a `bias`.
    """
    _check_grouped(mat_a, mat_b, offs, bias, out_dtype)
    if offs is None:
        return matmul(mat_a, mat_b)
    ends = offs.tolist()
    groups = [slice(start, end) for start, end in zip([0, *ends], ends)]
    if mat_a.ndim == mat_b.ndim:
        return stack([matmul(mat_a[:, s], mat_b[s]) for s in groups])
    if mat_a.ndim == 2:
        return cat([matmul(mat_a[s], b) for s, b in zip(groups, mat_b)])
    return cat([matmul(a, mat_b[:, s]) for s, a in zip(groups, mat_a)], 1)


def _check_grouped(a: Tensor, b: Tensor, offs: Any, bias: Any, out_dtype: Any) -> None:
    for label, x in (("mat_a", a), ("mat_b", b)):
        if x.dtype not in _KINDS:
            raise RuntimeError(
                f"Expected {label} to be Float32, BFloat16 or Float16 matrix, got {x.dtype.legacy}"
            )
    for label, x in (("mat_a", a), ("mat_b", b)):
        if x.ndim not in (2, 3):
            raise RuntimeError(f"{label} has to be 2 or 3d")
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if (offs is None) != (a.ndim == b.ndim == 3):
        raise RuntimeError(
            "Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d"
        )
    batches = {len(x) for x in (a, b) if x.ndim == 3} | ({len(offs)} if offs is not None else set())
    if len(batches) > 1:
        raise RuntimeError("matrix batch sizes have to match")
    if offs is not None and offs.dtype is not dtypes.int32:
        raise RuntimeError("Offsets have to be int32")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if out_dtype not in (None, a.dtype):
        raise RuntimeError("Grouped gemm output dtype must match `mat_a` dtype")


def scaled_mm(mat_a: Tensor, mat_b: Tensor, scale_a: Any, scale_recipe_a: Any, scale_b: Any,
              scale_recipe_b: Any, swizzle_a: Any = None, swizzle_b: Any = None,
              bias: Tensor | None = None, output_dtype: dtypes.dtype | None = dtypes.bfloat16,
              contraction_dim: Any = (), use_fast_accum: bool = False) -> Tensor:  # fmt: skip
    """A product of float8 matrices. Raises: ValueError, as torchlite has no such dtype."""
    raise ValueError(
        "Invalid scaling configuration.\nmat_a and mat_b should be float8, a dtype that torchlite "
        f"does not have, got {mat_a.dtype} and {mat_b.dtype}."
    )


def scaled_grouped_mm(mat_a: Tensor, mat_b: Tensor, scale_a: Any, scale_recipe_a: Any,
                      scale_b: Any, scale_recipe_b: Any, swizzle_a: Any = None,
                      swizzle_b: Any = None, bias: Tensor | None = None,
                      offs: Tensor | None = None,
                      output_dtype: dtypes.dtype | None = dtypes.bfloat16,
                      contraction_dim: Any = (),
                      use_fast_accum: bool = False) -> Tensor:  # fmt: skip
    """Grouped `scaled_mm`. Raises: NotImplementedError, as PyTorch on the CPU."""
    raise NotImplementedError(
        "Could not run 'aten::_scaled_grouped_mm_v2' with arguments from the 'CPU' backend."
    )
