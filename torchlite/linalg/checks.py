"""Shared by the linear algebra functions: input checks and building blocks of gradient rules."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import FLOAT
from torchlite.errors import LinAlgError
from torchlite.ops.core.family import not_a_tensor, write_out

# --- checks ---------------------------------------------------------------------------------------


def matrix_of(name: str, A: Any, label: str = "A", half: bool = False) -> tuple[int, int]:
    """The size (rows, columns) of each matrix in a floating-point or complex tensor.

    `half`: whether half precision is allowed.

    Raises: TypeError or RuntimeError (as PyTorch) for anything else.
    """
    if not isinstance(A, Tensor):
        raise not_a_tensor(name.replace(".", "_"), 1, label, A)
    if A._data.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {label} must have at least 2 dimensions.")
    check_float(name, A, half)
    return A._data.shape[-2:]


def check_float(name: str, A: Tensor, half: bool = False) -> None:
    """Raise RuntimeError (as PyTorch) for integers and, unless `half`, for half precision."""
    kind = A.dtype
    if kind.category < FLOAT:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {kind.legacy}"
        )
    if kind.to_real().itemsize < 4 and not half:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {kind.legacy}")


def square_of(name: str, A: Any, label: str = "A", half: bool = False) -> int:
    """The number of rows of each square matrix in a tensor.

    Raises: as `matrix_of`; RuntimeError (as PyTorch) if the matrices are not square.
    """
    rows, columns = matrix_of(name, A, label, half)
    if rows != columns:
        raise RuntimeError(
            f"{name}: {label} must be batches of square matrices, but they are {rows} by "
            f"{columns} matrices"
        )
    return rows


def check_same_dtype(name: str, A: Tensor, B: Tensor) -> None:
    """Raise RuntimeError (as PyTorch) if the operands differ in dtype."""
    if A.dtype is not B.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type "
            f"{A.dtype.legacy} and B of type {B.dtype.legacy} instead"
        )


def check_info(name: str, info: Tensor, text: str) -> None:
    """Raise LinAlgError if an entry of `info` is not 0; `text` has a placeholder for that entry."""
    if not local.mode.xp.any_true((info != 0)._data):
        return
    flat = info.reshape(-1).tolist()
    place = next(i for i, value in enumerate(flat) if value)
    element = f"(Batch element {place}): " if info._data.ndim else ""
    raise LinAlgError(f"{name}: {element}{text.format(flat[place])}")


def written(name: str, result: Any, out: Any) -> Any:
    """`result` (a tensor or a tuple of tensors), or `out` with the result written into it."""
    if out is None:
        return result
    if isinstance(result, Tensor):
        return write_out(name, out, result)
    return type(result)(*(write_out(name, o, r) for o, r in zip(out, result)))


def identity_like(A: Tensor) -> Tensor:
    """The identity in the shape of A, with A in its autograd history, as in PyTorch."""
    eye = wrap(local.mode.xp.eye(*A._data.shape[-2:], A.dtype))
    return eye.where(eye == eye, A)


# --- building blocks of gradient rules ------------------------------------------------------------


def transposed(xp: Any, x: Any) -> Any:
    """`x` with its last two axes swapped."""
    ndim = len(x.shape)
    return xp.permute(x, (*range(ndim - 2), ndim - 1, ndim - 2))


def adjoint(xp: Any, x: Any) -> Any:
    """The conjugate transpose."""
    x = transposed(xp, x)
    return xp.conj(x) if dtypes.of(x).is_complex else x


def product(xp: Any, *matrices: Any) -> Any:
    """The product of matrices, evaluated left to right."""
    result = matrices[0]
    for matrix in matrices[1:]:
        result = xp.matmul(result, matrix)
    return result


def row(xp: Any, x: Any) -> Any:
    """Vectors (*, n) as single-row matrices."""
    return xp.reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


def column(xp: Any, x: Any) -> Any:
    """Vectors (*, n) as single-column matrices."""
    return xp.reshape(x, (*x.shape, 1))


def identity(xp: Any, x: Any) -> Any:
    """The identity whose size is the number of columns of `x`, in its dtype."""
    return xp.eye(x.shape[-1], x.shape[-1], dtypes.of(x))


def embedded(xp: Any, x: Any, kind: dtypes.dtype) -> Any:
    """Vectors (*, n) as diagonal matrices of dtype `kind`."""
    x = xp.astype(x, kind)
    return xp.mul(row(xp, x), identity(xp, x))


def diagonal_of(xp: Any, x: Any) -> Any:
    """The diagonal of each matrix."""
    ndim = len(x.shape)
    return xp.diagonal(x, 0, ndim - 2, ndim - 1)


def part(xp: Any, x: Any, rows: slice, columns: slice) -> Any:
    """A block of each matrix."""
    return xp.getitem(x, (..., rows, columns))


def quotient(xp: Any, a: Any, b: Any) -> Any:
    """``a / b``, but 0 where a is 0: a zero gap between equal eigenvalues does no harm there."""
    return xp.div(a, xp.where(xp.eq(a, 0), 1, b))


def gaps(xp: Any, values: Any) -> Any:
    """``values[j] - values[i]`` at (i, j), and 1 on the diagonal."""
    apart = xp.sub(row(xp, values), column(xp, values))
    return xp.add(apart, identity(xp, apart))


def as_like(xp: Any, g: Any, kind: dtypes.dtype) -> Any:
    """`g` in the dtype `kind` of an operand: its real part if `kind` is real."""
    if dtypes.of(g).is_complex and not kind.is_complex:
        g = xp.real(g)
    return g if dtypes.of(g) is kind else xp.astype(g, kind)


def from_right(xp: Any, b: Any, a: Any, upper: bool, unit: bool = False) -> Any:
    """``b @ a^-1`` for triangular a."""
    solved = xp.solve_triangular(adjoint(xp, a), adjoint(xp, b), not upper, unit)
    return adjoint(xp, solved)
