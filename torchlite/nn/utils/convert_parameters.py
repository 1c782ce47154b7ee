"""Parameters as one vector."""

from __future__ import annotations

from collections.abc import Iterable

from torchlite.core.tensor import Tensor
from torchlite.ops.shape.joining import cat


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements, in order, as one vector; gradients flow back."""
    return cat([p.view(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make the parameters views of consecutive slices of `vec`; they share its memory.

    Raises: TypeError if `vec` is not a tensor; RuntimeError, before any change, if it is too short.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    parts, start = [], 0
    for p in parameters:
        parts.append((p, vec[start : start + p.numel()].view_as(p)))
        start += p.numel()
    for p, part in parts:
        p.data = part.data


__all__ = ["parameters_to_vector", "vector_to_parameters"]
