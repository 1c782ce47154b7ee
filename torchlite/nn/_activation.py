"""Activations that need more than one operation: a choice of dimension, random slopes."""

from __future__ import annotations

import warnings
from typing import Any

from torchlite import dtypes
from torchlite.autograd import no_grad
from torchlite.core.tensor import Tensor
from torchlite.ops.core.inplace import in_place
from torchlite.ops.creation.factories import empty, empty_like, ones_like, zeros_like
from torchlite.ops.math.comparison import where
from torchlite.ops.reduce import norms


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """``e**x``, divided by its sum along `dim`; computed in `dtype` if one is given."""
    if dim is None:
        dim = _implicit_dim("softmax", input, _stacklevel)
    return norms.softmax(input, dim, dtype=dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """`softmax` of ``-x``."""
    if dim is None:
        dim = _implicit_dim("softmin", input, _stacklevel)
    return norms.softmax(-input, dim, dtype=dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """The logarithm of `softmax`, without its loss of precision."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input, _stacklevel)
    return norms.log_softmax(input, dim, dtype=dtype)


def _implicit_dim(name: str, input: Tensor, stacklevel: int) -> int:
    """The dimension used when none is given, with PyTorch's warning."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.dim() in (0, 1, 3) else 1


def rrelu(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
          inplace: bool = False) -> Tensor:  # fmt: skip
    """``x if x > 0 else slope * x``; in training, one slope from ``U(lower, upper)`` per element.

    Source: Xu et al. 2015, https://arxiv.org/abs/1505.00853
    Raises: RuntimeError if `lower` is greater than `upper`.
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if inplace:
        return rrelu_(input, lower, upper, training)
    if training:
        return input * _random_slopes(input, lower, upper)
    return where(input > 0, input, input * ((lower + upper) / 2))


rrelu_ = in_place(rrelu)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A differentiable random choice along `dim`: the softmax of noisy logits divided by `tau`.

    With `hard`, the result is one-hot, with the gradient of the soft one. `eps` has no effect.
    Source: Jang et al. 2016, https://arxiv.org/abs/1611.01144
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -empty_like(logits).exponential_().log()
    soft = norms.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = soft.detach().argmax(dim, keepdim=True)
    return zeros_like(logits).scatter_(dim, chosen, 1.0) - soft.detach() + soft


@no_grad()
def _random_slopes(input: Tensor, lower: float, upper: float) -> Tensor:
    """Random slopes where `input` is not positive, drawn as in PyTorch; 1 elsewhere."""
    negative = input <= 0
    slopes = ones_like(input)
    drawn = empty(int(negative.sum()), dtype=dtypes.float64).uniform_(lower, upper)
    slopes[negative] = drawn.to(input.dtype)
    return slopes
