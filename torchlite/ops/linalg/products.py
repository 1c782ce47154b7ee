"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from torchlite.core.shapes import broadcast_shapes
from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import check_tensors, operation, write_out
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import c_name


def _swap(xp: Any, x: Any) -> Any:
    """`x` with its last two axes swapped."""
    ndim = len(x.shape)
    return xp.permute(x, (*range(ndim - 2), ndim - 1, ndim - 2))


_matmul = declare(
    "matmul",
    input=lambda xp, g, other: xp.matmul(g, _swap(xp, other)),
    other=lambda xp, g, input: xp.matmul(_swap(xp, input), g),
    title="Mm",
)


def _check_operands(name: str, input: Any, other: Any) -> None:
    check_tensors(name, input=input, other=other)
    if input._data.dtype != other._data.dtype:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{c_name(input.dtype)} != {c_name(other.dtype)}"
        )


@operation
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix product. ``(*, n, k), (*, k, m) -> (*, n, m)``; a 1-d operand is a vector.

    Raises: RuntimeError (as PyTorch) if the shapes do not match.
    """
    _check_operands("matmul", input, other)
    a, b = input._data, other._data
    if a.ndim == 2 and b.ndim == 2:
        if a.shape[1] != b.shape[0]:
            raise _no_product(a.shape, b.shape)
        result = run(_matmul, (input, other), (a, b))
    else:
        result = _general(input, other)
    return result if out is None else write_out("matmul", out, result)


def _no_product(a: tuple, b: tuple) -> RuntimeError:
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
    )


def _general(input: Tensor, other: Tensor) -> Tensor:
    """Vectors are treated as matrices; leading dimensions broadcast."""
    a_ndim, b_ndim = input._data.ndim, other._data.ndim
    if a_ndim == 0 or b_ndim == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a_ndim}D and {b_ndim}D"
        )
    a = input.unsqueeze(0) if a_ndim == 1 else input
    b = other.unsqueeze(1) if b_ndim == 1 else other
    if a._data.shape[-1] != b._data.shape[-2]:
        raise _vector_mismatch(input, other, a, b)
    broadcast_shapes(a._data.shape[:-2], b._data.shape[:-2])
    result = _matmul(a, b)
    if b_ndim == 1:
        result = result.squeeze(-1)
    return result.squeeze(-1 if b_ndim == 1 else -2) if a_ndim == 1 else result


def _vector_mismatch(input: Tensor, other: Tensor, a: Tensor, b: Tensor) -> RuntimeError:
    if input._data.ndim == 1 and other._data.ndim == 1:
        return RuntimeError(
            f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src "
            f"[{other.shape[0]}] to have the same number of elements, but got "
            f"{input.shape[0]} and {other.shape[0]} elements respectively"
        )
    return _no_product(a._data.shape[-2:], b._data.shape[-2:])


@operation
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices. ``(n, k), (k, m) -> (n, m)``."""
    _check_operands("mm", input, mat2)
    _check_ndim("self", input, 2)
    _check_ndim("mat2", mat2, 2)
    return matmul(input, mat2, out=out)


def _check_ndim(label: str, tensor: Tensor, ndim: int) -> None:
    if tensor._data.ndim != ndim:
        noun = {1: "vector", 2: "matrix"}[ndim]
        raise RuntimeError(f"{label} must be a {noun}")


@operation
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Batched matrix products. ``(b, n, k), (b, k, m) -> (b, n, m)``."""
    _check_operands("bmm", input, mat2)
    a, b = input._data.shape, mat2._data.shape
    if len(a) != 3 or len(b) != 3:
        raise RuntimeError("batch1 must be a 3D tensor" if len(a) != 3 else
                           "batch2 must be a 3D tensor")  # fmt: skip
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )
    return matmul(input, mat2, out=out)


@operation
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Matrix-vector product. ``(n, k), (k) -> (n)``."""
    _check_operands("mv", input, vec)
    if input._data.ndim != 2 or vec._data.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got 1, {input._data.ndim}, {vec._data.ndim}"
        )
    if input._data.shape[1] != vec._data.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({input.shape[0]}), mat "
            f"({input.shape[0]}x{input.shape[1]}), vec ({vec.shape[0]})"
        )
    return matmul(input, vec, out=out)


@operation
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The dot product of two vectors of equal length."""
    if input._data.ndim != 1 or tensor._data.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input._data.ndim}D and {tensor._data.ndim}D tensors"
        )
    if input.dtype is not tensor.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input.dtype.legacy} and {tensor.dtype.legacy}"
        )
    return matmul(input, tensor, out=out)


@operation
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The outer product. ``(n), (m) -> (n, m)``."""
    for label, x in (("self", input), ("vec2", vec2)):
        if x._data.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {label}, but got {x._data.ndim}-D")
    result = input.unsqueeze(1) * vec2
    return result if out is None else write_out("outer", out, result)


def _scaled(input: Tensor, beta: Any, product: Tensor, alpha: Any) -> Tensor:
    """``beta * input + alpha * product``; beta 0 ignores `input`, including its NaNs."""
    product = product if alpha == 1 else product * alpha
    broadcast_shapes(input._data.shape, product._data.shape)
    if beta == 0:
        return product
    return (input if beta == 1 else input * beta) + product


def _check_expands(input: Tensor, shape: tuple) -> None:
    own = input._data.shape
    ok = len(own) <= len(shape) and all(a in (1, b) for a, b in zip(reversed(own), reversed(shape)))
    if not ok:
        raise RuntimeError(
            f"The expanded size of the tensor ({shape[-1]}) must match the existing size "
            f"({own[-1] if own else 1}) at non-singleton dimension {len(shape) - 1}.  "
            f"Target sizes: {list(shape)}.  Tensor sizes: {list(own)}"
        )


def _fused(name: str, input: Tensor, beta: Any, product: Tensor, alpha: Any, out: Any) -> Tensor:
    _check_expands(input, product._data.shape)
    result = _scaled(input, beta, product, alpha)
    return result if out is None else write_out(name, out, result)


@operation(in_place=True)
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``beta * input + alpha * (mat1 @ mat2)``."""
    return _fused("addmm", input, beta, mm(mat1, mat2), alpha, out)


@operation(in_place=True)
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1,
          out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``beta * input + alpha * (mat @ vec)``."""
    return _fused("addmv", input, beta, mv(mat, vec), alpha, out)


@operation(in_place=True)
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1,
         out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``beta * input + alpha * outer(vec1, vec2)``."""
    return _fused("addr", input, beta, outer(vec1, vec2), alpha, out)


@operation(in_place=True)
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1,
            out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    return _fused("baddbmm", input, beta, bmm(batch1, batch2), alpha, out)


@operation(in_place=True)
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1,
           out: Tensor | None = None) -> Tensor:  # fmt: skip
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``."""
    return _fused("addbmm", input, beta, bmm(batch1, batch2).sum(0), alpha, out)


__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "dot", "matmul", "mm", "mv", "outer",
]  # fmt: skip
