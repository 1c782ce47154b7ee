"""Shared by distributions: broadcasting, conversion of probabilities, triangular matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Number
from typing import Any

import torchlite as torch
from torchlite import Tensor
from torchlite.nn import functional as F

euler_constant = 0.57721566490153286060


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """`values` (tensors or numbers) as tensors broadcast to one shape.

    Numbers take the dtype of the first tensor; if there is none, the default dtype.
    Raises: ValueError for other values; RuntimeError if the shapes do not broadcast.
    """
    if not all(isinstance(v, (Tensor, Number)) for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            "__torch_function__."
        )
    kind = next((v.dtype for v in values if isinstance(v, Tensor)), torch.get_default_dtype())
    tensors = [v if isinstance(v, Tensor) else torch.tensor(v, dtype=kind) for v in values]
    return tuple(torch.broadcast_tensors(*tensors))


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities from log-odds, or from unnormalised log-probabilities along the last dim."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """`probs` clamped to [eps, 1 - eps], with the dtype's eps."""
    eps = torch.finfo(probs.dtype).eps
    return probs.clamp(eps, 1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The logarithms of `probs`, clamped; their log-odds if `is_binary`."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


class lazy_property:
    """A property computed on first access, with gradients enabled, and cached."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped, self.__doc__ = wrapped, wrapped.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with torch.enable_grad():
            value = self.wrapped(instance)
        vars(instance)[self._name] = value  # shadows this property from now on
        return value


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The elements of (*, n, n) on and below diagonal `diag`, row by row: (*, m).

    Raises: ValueError if there is no such diagonal.
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = torch.tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The inverse of `tril_matrix_to_vec`: zeros above diagonal `diag`.

    Raises: ValueError if no matrix matches the length of `vec`.
    """
    size = vec.shape[-1]
    n = (math.sqrt((1 + 2 * diag) ** 2 + 8 * size + 4 * abs(diag) * (diag + 1)) - 1 - 2 * diag) / 2
    if abs(round(n) - n) > torch.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {size} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    n = round(n)
    rows, columns = torch.tril_indices(n, n, diag)
    flat = vec.new_zeros(vec.shape[:-1] + (n * n,))
    places = (rows * n + columns).expand(vec.shape)
    return flat.scatter(-1, places, vec).reshape(vec.shape[:-1] + (n, n))


def sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """`value` summed over its last `dim` dimensions."""
    return value if dim == 0 else value.reshape(value.shape[: value.dim() - dim] + (-1,)).sum(-1)


class Odds:
    """The parameters `probs` and `logits` of a distribution defined by either of them."""

    _is_binary = True  # two outcomes; else the outcomes are along the last dimension
    __dict__: dict[str, Any]

    def _set_odds(self, probs: Any, logits: Any) -> None:
        """Store the one that is given. Raises: ValueError if both or neither are."""
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        name, value = ("logits", logits) if probs is None else ("probs", probs)
        if self._is_binary:
            (value,) = broadcast_all(value)
        elif value.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        elif probs is None:
            value = value - value.logsumexp(-1, keepdim=True)
        else:
            value = value / value.sum(-1, keepdim=True)
        self.__dict__[name] = value

    @lazy_property
    def logits(self) -> Tensor:
        """Log-odds; for more than two outcomes, normalised log-probabilities."""
        return probs_to_logits(self.probs, self._is_binary)

    @lazy_property
    def probs(self) -> Tensor:
        """Probabilities."""
        return logits_to_probs(self.logits, self._is_binary)

    @property
    def _param(self) -> Tensor:
        return self.probs if "probs" in self.__dict__ else self.logits

    @property
    def param_shape(self) -> torch.Size:
        """The shape of `probs` and `logits`."""
        return self._param.shape

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._param.new_empty(*args, **kwargs)

    def _cross_entropy(self, value: Tensor) -> Tensor:
        """``-log p`` of outcomes in [0, 1], elementwise."""
        logits, value = broadcast_all(self.logits, value)
        return F.binary_cross_entropy_with_logits(logits, value, reduction="none")


__all__ = [
    "broadcast_all", "logits_to_probs", "clamp_probs", "probs_to_logits", "lazy_property",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip
