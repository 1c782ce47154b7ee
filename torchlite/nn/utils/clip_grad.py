"""Gradient clipping."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable

from torchlite.autograd.grad_mode import no_grad
from torchlite.backends.registry import local
from torchlite.core.tensor import Tensor, wrap
from torchlite.dtypes import FLOAT
from torchlite.ops.creation.factories import tensor
from torchlite.ops.math.exponentials import sqrt
from torchlite.ops.reduce.norms import vector_norm
from torchlite.ops.shape.joining import stack


@no_grad()
def get_total_norm(tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0,
                   error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:  # fmt: skip
    """The norm of the tensors, taken together as one vector. Shape: ().

    Args:
        tensors: One or several.
        norm_type: The order p, or infinity for the greatest magnitude. Default: 2.
        error_if_nonfinite: Raise RuntimeError if the norm is infinite or NaN. Default: False.
        foreach: Accepted; there is one implementation.
    """
    tensors, norm_type = _listed(tensors), float(norm_type)
    if not tensors:
        return tensor(0.0)
    if norm_type == 2.0 and _all_floats(tensors):
        total = sqrt(stack([_sum_of_squares(t) for t in tensors]).sum())
    else:
        total = vector_norm(stack([vector_norm(t, norm_type) for t in tensors]), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float,
                          total_norm: Tensor, foreach: bool | None = None) -> None:  # fmt: skip
    """Multiply all gradients by ``max_norm / (total_norm + 1e-6)``, if that is below 1.

    Args:
        parameters: Tensors whose gradients are changed in place.
        max_norm: The greatest norm allowed.
        total_norm: The current norm, from `get_total_norm`.
        foreach: Accepted; there is one implementation.
    """
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    xp = local.mode.xp
    for g in _gradients(parameters):  # without the overhead of mul_: a model has many
        xp.copyto(g._data, xp.mul(g._data, factor._data))
        g._bump()


@no_grad()
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False,
                    foreach: bool | None = None) -> Tensor:  # fmt: skip
    """Scale all gradients so that their total norm is at most `max_norm`.

    Args: see `get_total_norm` and `clip_grads_with_norm_`.
    Returns: the original norm. Raises: with `error_if_nonfinite`, RuntimeError before any change.
    """
    is_generator = isinstance(parameters, types.GeneratorType)
    parameters = _listed(parameters)
    if is_generator and not parameters:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
        )
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                   error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:  # fmt: skip
    """The deprecated name of `clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Clamp the elements of all gradients to ``[-clip_value, clip_value]``, in place."""
    bound = float(clip_value)
    for g in _gradients(parameters):
        g.clamp_(-bound, bound)


def _all_floats(tensors: list[Tensor]) -> bool:
    kind = tensors[0].dtype
    return kind.category == FLOAT and all(t.dtype is kind for t in tensors)


def _sum_of_squares(tensor: Tensor) -> Tensor:
    xp = local.mode.xp
    return wrap(xp.asarray(xp.sum(xp.square(tensor._data), None, False)))


def _listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_",
    "get_total_norm",
]  # fmt: skip
