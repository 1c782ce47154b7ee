"""Linear and bilinear maps."""

from __future__ import annotations

from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.ops.core.family import check_tensors, functional
from torchlite.ops.core.op import declare, run
from torchlite.ops.core.promotion import c_name
from torchlite.ops.linalg.products import matmul
from torchlite.ops.math.arithmetic import add

_linear = declare(
    "linear",
    joint=lambda xp, g, needs, input, weight: xp.linear_backward(g, input, weight, needs),
    title="Addmm",
)


@functional
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``. input (*, I), weight (O, I), bias (O,) -> (*, O).

    A weight (I,) gives (*). Raises: RuntimeError (as PyTorch) if shapes or dtypes do not match.
    """
    x, w = getattr(input, "_data", None), getattr(weight, "_data", None)
    if x is None or w is None or w.ndim != 2 or x.dtype is not w.dtype:
        return _unusual_linear(input, weight, bias)
    outputs, inputs = w.shape
    if x.shape[-1:] != (inputs,):
        return _unusual_linear(input, weight, bias)
    if bias is None:
        return run(_linear, (input, weight, None), (x, w, None))
    b = getattr(bias, "_data", None)
    if b is None or b.shape != (outputs,) or b.dtype is not w.dtype:
        return _unusual_linear(input, weight, bias)
    return run(_linear, (input, weight, bias), (x, w, b))


def _unusual_linear(input: Any, weight: Any, bias: Any) -> Tensor:
    """The rare cases of `linear`: weights or biases of other shapes, and invalid arguments."""
    _check_linear(input, weight, bias)
    if weight._data.ndim == 1:
        return matmul(input, weight) if bias is None else add(matmul(input, weight), bias)
    product = run(_linear, (input, weight, None), (input._data, weight._data, None))
    return product if bias is None else add(product, bias)


def _check_linear(input: Any, weight: Any, bias: Any) -> None:
    check_tensors("linear", input=input, weight=weight)
    if bias is not None:
        check_tensors("linear", input=input, weight=weight, bias=bias)
    shape, kernel = input._data.shape, weight._data.shape
    if not shape or not kernel:
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, "
            f"but they are {len(shape)}D and {len(kernel)}D"
        )
    if len(kernel) > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {len(kernel)}D")
    if len(kernel) == 1 and bias is not None and bias._data.ndim:
        raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
    _check_dtypes(input, weight, bias)
    if shape[-1] != kernel[-1]:
        rows = input._data.size // shape[-1] if shape[-1] else 0
        outputs = kernel[0] if len(kernel) == 2 else 1
        raise RuntimeError(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({rows}x{shape[-1]} and {kernel[-1]}x{outputs})"
        )
    _check_bias(bias, (*shape[:-1], *kernel[:-1]))


def _check_dtypes(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if input.dtype is not weight.dtype:
        if bias is None:
            raise RuntimeError(
                "expected m1 and m2 to have the same dtype, but got: "
                f"{c_name(input.dtype)} != {c_name(weight.dtype)}"
            )
        raise RuntimeError(
            "mat1 and mat2 must have the same dtype, "
            f"but got {input.dtype.legacy} and {weight.dtype.legacy}"
        )
    if bias is not None and bias.dtype is not weight.dtype:
        raise RuntimeError(
            "self and mat2 must have the same dtype, "
            f"but got {bias.dtype.legacy} and {weight.dtype.legacy}"
        )


def _check_bias(bias: Tensor | None, shape: tuple[int, ...]) -> None:
    own = () if bias is None else bias._data.shape
    padded = (1,) * (len(shape) - len(own)) + own
    for i, (size, wanted) in enumerate(zip(padded, shape)):
        if len(padded) > len(shape) or size not in (1, wanted):
            raise RuntimeError(
                f"The expanded size of the tensor ({wanted}) must match the existing size ({size}) "
                f"at non-singleton dimension {i}.  Target sizes: {list(shape)}.  "
                f"Tensor sizes: {list(own)}"
            )


@functional
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2 + bias[k]`` for each k.

    input1 (*, I), input2 (*, J), weight (K, I, J), bias (K,) -> (*, K).
    Raises: RuntimeError (as PyTorch) if the shapes do not match.
    """
    a, b, w = input1._data.shape, input2._data.shape, weight._data.shape
    if len(a) != len(b):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(a)} and {len(b)}")
    for i, (m, n) in enumerate(zip(a[:-1], b[:-1])):
        if m != n:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {i}: got {m} and {n}"
            )
    for label, x, size in (("input1", a, w[1]), ("input2", b, w[2])):
        if x[-1] != size:
            raise RuntimeError(
                f"bilinear(): {label} size does not match weight size: got {x[-1]} "
                f"but expected {size}"
            )
    if bias is not None and bias._data.shape[0] != w[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias._data.shape[0]} "
            f"but expected {w[0]}"
        )
    left = matmul(input1.reshape(-1, 1, 1, w[1]), weight)  # (N, K, 1, J)
    result = matmul(left, input2.reshape(-1, 1, w[2], 1)).reshape(*a[:-1], w[0])
    return result if bias is None else add(result, bias)


__all__ = ["bilinear"]
